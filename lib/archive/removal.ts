/** Removes tweets from a collection's files in an order that keeps the bucket correct at every instant. */

import type { Clock } from "../base/clock.ts";
import type { Removal } from "../collection/changeset.ts";
import { checkNotFrozen } from "../collection/frozen.ts";
import { harvestInfoSchema } from "../collection/harvest_info.ts";
import { collectionKeys, FILES } from "../collection/layout.ts";
import { replacementName, tweetsPrefix } from "../format/file_name.ts";
import { type Codec, findCodec } from "../format/codec.ts";
import { parseAs } from "../base/json.ts";
import { jsonBytes } from "../base/json_bytes.ts";
import type { Purged, Store } from "../store/store.ts";
import { listAllIds, redact } from "../twitter/bytes/redact.ts";
import { Checkpoint } from "../bucket/checkpoint.ts";
import type { HarvestFile } from "../bucket/checkpoint_state.ts";
import { Collections } from "../bucket/collections.ts";
import { Garbage } from "./garbage.ts";
import { inventoryRemovals } from "./inventory_removal.ts";
import { sha1Hex } from "../bucket/inventory_entry.ts";
import type { Lease } from "../bucket/lease.ts";
import { listedFiles } from "../bucket/listing.ts";
import { settle } from "../bucket/projection.ts";
import { readLines } from "../bucket/tweets.ts";
import { type FinalFolder, rewriteSide, writeFinal } from "../bucket/final_manifest.ts";
import {
  type ListedFile,
  manifests,
  readListedFiles,
  readListedNames,
  readManifest,
} from "../bucket/manifest.ts";

const encoder = new TextEncoder();
/** Documents with a harvest's counts. */
const INFOS = [FILES.harvest, FILES.originalHarvest] as const;

/** A tweet in a collection that must be deleted. */
export interface Occurrence {
  id: string;
  reason: string;
  /** The key of the file that it is in. */
  file: string;
}

/** Reasons why tweets must be deleted, by id. */
export type Gone = ReadonlyMap<string, string>;

/** Yields the tweets of a collection that must be deleted, including embedded ones. */
export async function* occurrences(
  store: Store,
  collectionId: string,
  gone: Gone,
): AsyncGenerator<Occurrence> {
  for await (const { key } of listedFiles(store, collectionId)) {
    const told = new Set<string>();
    for await (const ids of readLines(store, key, listAllIds)) {
      for (const id of ids) {
        const reason = gone.get(id);
        if (reason === undefined || told.has(id)) continue;
        told.add(id);
        yield { id, reason, file: key };
      }
    }
  }
}

/** Options of removeTweets(). */
export interface RemovalOptions {
  store: Store;
  clock: Clock;
  collectionId: string;
  /** The collection's lease: it is not harvested meanwhile. */
  lease: Lease;
  /** The id of the lease's holder. */
  holder: string;
  gone: Gone;
  /** When it was decided, in milliseconds since 1970: the same in a retry after a crash. */
  at: number;
  /** Called after each file. */
  onFile?: (file: string) => void;
}

/**
 * Removes tweets from all files of a collection. A file is rewritten under another name, the checkpoint and the
 * manifest name that, and the old one is deleted: a retry completes an interrupted run.
 * @throws LockedError if the lease is lost; OutsideError where the store fails.
 */
export async function removeTweets(options: RemovalOptions): Promise<Removed> {
  const { store, clock, collectionId, lease, holder } = options;
  const collections = new Collections(store, clock);
  const { config } = await collections.load(collectionId);
  checkNotFrozen(collectionId, config);
  const { type } = config;
  const checkpoint = await Checkpoint.open(store, { collectionId, type, holder, clock });
  await checkpoint.fence(() => lease.prove());
  const guard = () => lease.check();
  await settle({ store, collections, collectionId, guard }, checkpoint);
  await collections.finish(collectionId);
  const garbage = new Garbage(options, await collections.changesets(collectionId));
  const removals: Removal[] = [];
  for (const [folder, files] of await folders(store, collectionId)) {
    const isAll = await garbage.isAll(folder, files.length);
    const place = new Folder({ folder, files, isAll }, options);
    const removed = await place.clear(checkpoint, collections);
    for (const removal of removed) removals.push(removal);
    const { began, files: named } = checkpoint.state;
    const isLast = collectionKeys(collectionId).harvest(began) === folder;
    const names = isLast ? named.map(({ name }) => name) : [];
    await garbage.clear(folder, { isAll, removed, named: names });
  }
  await inventoryRemovals(options);
  const purged = await garbage.purge();
  const aside = await areSetAside(store, collectionId);
  return { removals, purged, doubtful: garbage.doubtful, aside };
}

/** Returns the tweets files that repairs have set aside, from which nothing is removed. */
async function areSetAside(store: Store, collectionId: string): Promise<string[]> {
  const aside: string[] = [];
  for await (const { key } of store.list(collectionKeys(collectionId).setAside)) {
    if (key.includes("-tweets-")) aside.push(key);
  }
  return aside;
}

/** The result of removeTweets(). */
export interface Removed {
  removals: Removal[];
  /** The result for older versions of those files and their parts; null if the store keeps none. */
  purged: Purged | null;
  /** Folders with unlisted files that are left, because the harvests counted more files than are listed. */
  doubtful: string[];
  /** Tweets files that repairs have set aside, which may contain such tweets too. */
  aside: string[];
}

/** Returns the listed files of each harvest's folder; an empty list for a folder whose files were all removed. */
async function folders(store: Store, collectionId: string): Promise<Map<string, ListedFile[]>> {
  const found = new Map<string, ListedFile[]>();
  for await (const key of manifests(store, collectionId)) {
    const folder = key.slice(0, -FILES.manifest.length);
    found.set(folder, await Array.fromAsync(readListedFiles(store, key)));
  }
  return found;
}

/** A file that was processed. */
interface Looked {
  old: string;
  /** The file that replaces it; undefined if it is unchanged, null if nothing is left. */
  file: HarvestFile | null | undefined;
  /** Number of tweets that are left in it. */
  count: number;
  removed: Removal["tweets"];
}

/** One harvest's folder. */
class Folder {
  readonly #folder: string;
  readonly #files: ListedFile[];
  /** Whether its manifest lists all files that its harvest counted. */
  readonly #isAll: boolean;
  readonly #options: RemovalOptions;

  constructor(
    { folder, files, isAll }: { folder: string; files: ListedFile[]; isAll: boolean },
    options: RemovalOptions,
  ) {
    this.#folder = folder;
    this.#files = files;
    this.#isAll = isAll;
    this.#options = options;
  }

  async clear(checkpoint: Checkpoint, collections: Collections): Promise<Removal[]> {
    const { collectionId, lease, at, onFile } = this.#options;
    const looked = new Map<string, Looked>();
    for (const { key } of this.#files) {
      const found = await this.#look(key);
      looked.set(found.old, found);
      onFile?.(key);
    }
    const removals = [...looked.values()].filter(({ file }) => file !== undefined)
      .map((one) => this.#removal(one));
    lease.check();
    if (removals.length > 0) {
      // Write the record first: afterwards the removed tweets are unknown.
      await collections.recordRemoval(collectionId, removals, at);
      await this.#commit(checkpoint, looked);
      lease.check();
      await writeFinal(this.#place(looked), { dropped: INFOS });
    }
    await this.#count(looked, removals.length > 0);
    if (removals.length > 0 || await this.#lacksInfo()) await writeFinal(this.#place(looked));
    return removals;
  }

  /** Processes a file; if tweets are removed, the rest is written under another name. */
  async #look(key: string): Promise<Looked> {
    const { store, gone, lease } = this.#options;
    const old = this.#nameFor(key);
    const lines: Uint8Array[] = [];
    const tweets = new Map<string, string>();
    let count = 0;
    // Lines are kept until all of them are written.
    const redacting = (line: Uint8Array) => redact(line.slice(), (id) => gone.has(id));
    for await (const redacted of readLines(store, key, redacting)) {
      if (redacted.line) lines.push(redacted.line);
      for (const id of redacted.removed) tweets.set(id, gone.get(id) ?? "");
      count += redacted.count;
    }
    const removed = [...tweets].map(([id, reason]) => ({ id, reason }));
    if (removed.length === 0) return { old, file: undefined, count, removed };
    if (lines.length === 0) return { old, file: null, count, removed };
    const name = replacementName(old, new Set(this.#files.map((file) => this.#nameFor(file.key))));
    const bytes = await packLines(lines, findCodec(name));
    lease.check();
    await store.put(`${this.#folder}${name}`, bytes);
    const sha1 = sha1Hex(bytes);
    return { old, file: { name, sha1, bytes: bytes.length, tweets: count }, count, removed };
  }

  #nameFor(key: string): string {
    return key.slice(this.#folder.length);
  }

  #removal({ old, file, removed }: Looked): Removal {
    const below = this.#folder.slice(collectionKeys(this.#options.collectionId).folder.length);
    return {
      file: `${below}${old}`,
      replaced_by: file ? `${below}${file.name}` : null,
      tweets: removed.toSorted((a, b) => a.id < b.id ? -1 : 1),
    };
  }

  /** Commits the new files, if the checkpoint names this harvest's files. */
  async #commit(checkpoint: Checkpoint, looked: Map<string, Looked>): Promise<void> {
    const { began, files } = checkpoint.state;
    const { collectionId } = this.#options;
    if (collectionKeys(collectionId).harvest(began) !== this.#folder || files.length === 0) return;
    const next = files.flatMap((file) => {
      const found = looked.get(file.name)?.file;
      // A part stays one: the harvester of its segment still replaces it by the whole.
      return found === undefined ? [file] : found === null ? [] : [{ ...file, ...found }];
    });
    await checkpoint.commit({ files: next });
  }

  /** Returns the folder with the files for its manifest. */
  #place(looked: Map<string, Looked>): FinalFolder {
    const { store, lease } = this.#options;
    const files = this.#files.flatMap(({ key, sha1 }) => {
      const name = this.#nameFor(key);
      const file = looked.get(name)?.file;
      return file === undefined ? [{ name, sha1 }] : file === null ? [] : [file];
    });
    return { store, folder: this.#folder, files, check: () => lease.check() };
  }

  /**
   * Updates the counts in harvest.json, including the number of removed tweets. With a damaged manifest the old counts
   * stay.
   */
  async #count(looked: Map<string, Looked>, isNew: boolean): Promise<void> {
    if (!this.#isAll) return;
    const { store } = this.#options;
    const place = this.#place(looked);
    const tweets = looked.values().reduce((total, { count }) => total + count, 0);
    for (const name of INFOS) {
      const key = `${this.#folder}${name}`;
      const found = await store.get(key);
      if (!found) continue;
      const info = parseAs(harvestInfoSchema, found.bytes, key);
      // Interrupted before this was written, the harvest still has its old counts.
      const isStale = name === FILES.harvest && info.tweets > tweets;
      if (!isNew && !isStale) continue;
      const sizes = await this.#sizes();
      const next = {
        ...info,
        tweets,
        files: sizes.length,
        file_bytes: sizes.reduce((total, size) => total + size, 0),
        removed: info.tweets + (info.removed ?? 0) - tweets,
      };
      await rewriteSide(place, name, jsonBytes(next));
    }
  }

  /** Returns whether an interrupted removal has left a manifest that lists side files, but not harvest.json. */
  async #lacksInfo(): Promise<boolean> {
    const manifest = await this.#options.store.get(`${this.#folder}${FILES.manifest}`);
    const sides = readManifest(manifest?.bytes, this.#folder).sides.map(({ key }) =>
      this.#nameFor(key)
    );
    return sides.length > 0 && !INFOS.some((name) => sides.includes(name));
  }

  /** Returns the sizes of the files that are listed now. */
  async #sizes(): Promise<number[]> {
    const { store } = this.#options;
    const listed = await readListedNames(store, this.#folder);
    const sizes: number[] = [];
    for await (const { key, size } of store.list(tweetsPrefix(this.#folder))) {
      if (listed.has(this.#nameFor(key))) sizes.push(size);
    }
    return sizes;
  }
}

async function packLines(lines: Uint8Array[], codec: Codec): Promise<Uint8Array> {
  const feed = encoder.encode("\n");
  return await codec.packBytes(new Blob(lines.flatMap((line) => [new Uint8Array(line), feed])));
}
