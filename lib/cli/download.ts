/** Copies a collection from its bucket to the person's disk: several files at a time, each whole or not at all. */

import { createHash, type Hash } from "node:crypto";
import { dirname, join } from "node:path";
import { readManifest, seen, verifyHint } from "../bucket/tweets.ts";
import { collectionKeys, FILES, isTweetsFile } from "../collection/layout.ts";
import { messageOf, OutsideError, UserError } from "../errors.ts";
import { isThere, type Listed, type Store } from "../store/store.ts";
import { someOf } from "./output.ts";

/** Files that are fetched at the same time. */
const WIDTH = 8;

/** How far a download is. */
export interface Downloaded {
  /** Files that were fetched, and their bytes. */
  files: number;
  bytes: number;
  /** Files that were there already, and their bytes. */
  skipped: number;
  skippedBytes: number;
  /** Files of tweets that were fetched earlier, and that the manifest does not list any more. */
  removed: number;
  /** All files of the collection, and their bytes. */
  allFiles: number;
  allBytes: number;
}

/** What a download is made of. */
export interface DownloadOptions {
  store: Store;
  collectionId: string;
  /** The folder that stands for the bucket. */
  to: string;
  /** Fetch also what is there already. */
  clean: boolean;
  /** Told of each file, fetched or skipped. */
  onFile: (done: Downloaded) => void;
}

/**
 * Fetches every file of a collection but its lock and its checkpoint. A file that is there is skipped where its
 * size and its checksum are those of the manifest, or of the bucket's own. A file gets its name when it is
 * whole, and as its manifest says; one of tweets that its manifest does not list any more (it was merged into
 * another, or rewritten) is removed.
 * @throws UserError where the disk cannot be written; OutsideError where the bucket fails, or, after all others
 *   were fetched, where files are not in it as their manifests list them.
 */
export async function download(
  { store, collectionId, to, clean, onFile }: DownloadOptions,
): Promise<Downloaded> {
  const keys = collectionKeys(collectionId);
  const all = (await Array.fromAsync(store.list(keys.folder)))
    .filter(({ key }) => key !== keys.lock && key !== keys.checkpoint);
  const paths = new Map(all.map(({ key }) => [key, join(to, ...checkedParts(key))]));
  const done: Downloaded = {
    files: 0,
    bytes: 0,
    skipped: 0,
    skippedBytes: 0,
    removed: 0,
    allFiles: all.length,
    allBytes: all.reduce((total, { size }) => total + size, 0),
  };
  const manifests = new Manifests(store);
  const refused = new Set<string>();
  const known = new Set(paths.keys());
  await eachOf(all, WIDTH, async (listed) => {
    const path = paths.get(listed.key) ?? "";
    const sha1 = await manifests.sha1Of(listed.key);
    if (!clean && await isSame(path, listed, sha1)) {
      done.skipped++;
      done.skippedBytes += listed.size;
    } else {
      const outcome = await fetched(store, listed, { path, sha1 });
      if (outcome === "damaged") refused.add(listed.key);
      if (outcome === "gone") known.delete(listed.key);
      if (outcome === "whole") {
        done.files++;
        done.bytes += listed.size;
      }
    }
    onFile(done);
  });
  done.removed = await manifests.clear(to, new Set(paths.values()));
  const bad = [...await manifests.damaged(refused), ...await manifests.missing(known)];
  if (bad.length > 0) throw badFiles(bad, collectionId);
  return done;
}

/** A file that is not in the bucket as its manifest lists it. */
interface Bad {
  key: string;
  is: "damaged" | "not there";
}

function badFiles(bad: Bad[], collectionId: string): OutsideError {
  const { folder } = collectionKeys(collectionId);
  const names = bad.map(({ key, is }) => `${key.slice(folder.length)} (${is})`);
  const which = bad.length > 1 ? `${bad.length} files are` : "One file is";
  return new OutsideError(
    `${which} not in the bucket as listed: ${someOf(names)}; all others are downloaded`,
    { hint: verifyHint(collectionId) },
  );
}

/** Does something with each item, some at a time; after the first failure no more are begun, and those that were end. */
async function eachOf<T>(
  all: T[],
  width: number,
  act: (item: T) => Promise<void>,
): Promise<void> {
  const items = (function* () {
    yield* all;
  })();
  const worker = async () => {
    for (const item of items) await act(item);
  };
  const ended = await Promise.allSettled(Array.from({ length: width }, worker));
  for (const end of ended) if (end.status === "rejected") throw end.reason;
}

/** The checksums that manifests have, each manifest asked for once. */
class Manifests {
  readonly #store: Store;
  readonly #found = new Map<string, Promise<Map<string, string> | null>>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** The checksum of a file that a manifest lists, in hex; undefined for any other. */
  async sha1Of(key: string): Promise<string | undefined> {
    const [, folder] = /^(.*\/)(?:tweets-[^/]*|manifest-sha1\.txt)$/.exec(key) ?? [];
    if (folder === undefined) return undefined;
    const found = this.#found.get(folder) ?? this.#read(`${folder}${FILES.manifest}`);
    this.#found.set(folder, found);
    return (await found)?.get(key);
  }

  /** Removes local files of tweets that no manifest lists any more. @param kept Paths that stay. */
  async clear(to: string, kept: ReadonlySet<string>): Promise<number> {
    let removed = 0;
    for (const [folder, reading] of this.#found) {
      const listed = await reading;
      if (!listed) continue;
      for await (const { name, isFile } of Deno.readDir(join(to, folder))) {
        const path = join(to, folder, name);
        if (!isFile || !isTweetsFile(name)) continue;
        if (kept.has(path) || listed.has(`${folder}${name}`)) continue;
        await Deno.remove(path);
        removed++;
      }
    }
    return removed;
  }

  /** Which of the files that were refused are damaged: a piece that was merged meanwhile is nobody's any more. */
  async damaged(refused: ReadonlySet<string>): Promise<Bad[]> {
    const fresh = new Manifests(this.#store);
    const found: Bad[] = [];
    for (const key of refused) {
      const wasListed = await this.sha1Of(key) !== undefined;
      if (wasListed && await fresh.sha1Of(key) === undefined) continue;
      found.push({ key, is: "damaged" });
    }
    return found;
  }

  /** The files that manifests list and that are not in the bucket. @param known Keys that were there. */
  async missing(known: ReadonlySet<string>): Promise<Bad[]> {
    const found: Bad[] = [];
    for (const [folder, reading] of this.#found) {
      const listed = [...(await reading)?.keys() ?? []];
      if (listed.every((key) => known.has(key))) continue;
      const present = new Set(await Array.fromAsync(this.#store.list(folder), ({ key }) => key));
      const absent = listed.filter((key) => !present.has(key));
      if (absent.length === 0) continue;
      // Read after the listing: what was merged by then, it does not list any more.
      const fresh = await this.#read(`${folder}${FILES.manifest}`);
      const left = absent.filter((key) => fresh?.has(key));
      found.push(...left.map((key): Bad => ({ key, is: "not there" })));
    }
    return found;
  }

  /** Null where there is no manifest. */
  async #read(manifest: string): Promise<Map<string, string> | null> {
    const found = await this.#store.get(manifest);
    if (!found) return null;
    const { files } = readManifest(found.bytes, manifest.slice(0, -FILES.manifest.length));
    return new Map(files.map(({ key, sha1 }) => [key, sha1]));
  }
}

/** Whether a file is there as it is in the bucket; where nothing tells, it is not. */
async function isSame(path: string, { size, version }: Listed, sha1?: string): Promise<boolean> {
  if (await sizeOf(path) !== size) return false;
  // What S3 calls an ETag is the MD5 sum of an object that was put in one piece.
  const md5 = /^"([0-9a-f]{32})"$/.exec(version)?.[1];
  if (sha1 !== undefined) return await sumOf(path, createHash("sha1")) === sha1;
  return md5 !== undefined && await sumOf(path, createHash("md5")) === md5;
}

async function sumOf(path: string, hash: Hash): Promise<string> {
  using file = await Deno.open(path);
  for await (const chunk of file.readable) hash.update(chunk);
  return hash.digest("hex");
}

/** "gone" where it was removed meanwhile, such as a piece that was merged; one that is damaged gets no name. */
async function fetched(
  store: Store,
  { key, size }: Listed,
  { path, sha1 }: { path: string; sha1: string | undefined },
): Promise<"whole" | "damaged" | "gone"> {
  const temporary = join(dirname(path), `.${crypto.randomUUID()}.part`);
  try {
    await Deno.mkdir(dirname(path), { recursive: true });
    const content = await store.read(key).catch(async (error) => {
      if (await isThere(store, key)) throw error;
      return null;
    });
    if (!content) return "gone";
    const hash = createHash("sha1");
    await Deno.writeFile(
      temporary,
      content.pipeThrough(seen((chunk) => hash.update(chunk))),
      key.endsWith(".json") ? { mode: 0o600 } : {},
    );
    const isTweets = key.includes("/tweets-");
    const isDamaged = sha1 !== undefined && hash.digest("hex") !== sha1;
    if (isDamaged || (isTweets && await sizeOf(temporary) !== size)) {
      await Deno.remove(temporary);
      return "damaged";
    }
    await Deno.rename(temporary, path);
    return "whole";
  } catch (cause) {
    await Deno.remove(temporary).catch(() => {});
    if (cause instanceof Error && "exitCode" in cause) throw cause;
    throw new UserError(`${path} cannot be written: ${messageOf(cause)}`, { cause });
  }
}

async function sizeOf(path: string): Promise<number | null> {
  return (await Deno.stat(path).catch(() => null))?.size ?? null;
}

/** A key's parts as names of files; keys from outside never leave the folder. */
function checkedParts(key: string): string[] {
  const parts = key.split("/");
  if (parts.some((part) => part === "" || part === ".." || part === "." || /[\\:\0]/.test(part))) {
    throw new UserError(`${JSON.stringify(key)} cannot be the name of a file here`);
  }
  return parts;
}
