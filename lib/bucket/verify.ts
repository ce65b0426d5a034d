/** Looks whether a collection is as its documents say: every file, every checksum, every line, every tweet once. */

import type { Clock } from "../clock.ts";
import { checkConfig } from "../collection/config.ts";
import { isObject } from "../collection/changeset.ts";
import { type HarvestInfo, harvestInfoSchema } from "../collection/harvest_info.ts";
import { collectionKeys, FILES } from "../collection/layout.ts";
import { messageOf, OutsideError, TwarcCloudError } from "../errors.ts";
import { parseAs, parseJson } from "../json.ts";
import type { Listed, Store } from "../store/store.ts";
import { Checkpoint } from "./checkpoint.ts";
import { Collections } from "./collections.ts";
import { checkJsonLines, checkTweets, type FileFacts } from "./file_check.ts";
import { gapsOf } from "./gaps.ts";
import { IdList } from "./id_list.ts";
import { type LockDocument, readLock } from "./lease.ts";
import { filesListed } from "./tweets.ts";

/** Something that is not as it should be. */
export interface Fault {
  /** The key that it is about. */
  key: string;
  /** For a person. */
  says: string;
  /** Whether `--repair` can mend it. */
  canBeMended: boolean;
}

/** What was found in a collection. */
export interface Verified {
  collectionId: string;
  faults: Fault[];
  harvests: HarvestFound[];
  tweets: number;
  files: number;
  bytes: number;
  /** Spans that streams missed: nothing is wrong with telling them. */
  gaps: number;
}

/** A harvest's folder as it was found. */
export interface HarvestFound {
  /** With a `/` at its end. */
  folder: string;
  /** The tweets files that the manifest lists, in its order, with what they are; null where one is not there. */
  listed: Map<string, FileFacts | null>;
  /** Tweets files that it does not list. */
  unlisted: string[];
  hasManifest: boolean;
  info: HarvestInfo | null;
  /** Whether it is being harvested, or was cut and is not told yet: not all has to agree. */
  isOpen: boolean;
}

/** What verifying works with. */
export interface VerifyOptions {
  store: Store;
  clock: Clock;
  collectionId: string;
  /** Whether the holder of a lock is gone for sure. */
  isGone: (lock: LockDocument) => boolean;
  /** Called before each file that is read. */
  onFile: (key: string) => void;
}

/** Files of JSON lines beside the tweets. */
const SIDES = [FILES.users, FILES.messages, FILES.gaps, FILES.missing];

/** Verifies a collection; nothing is changed. @throws OutsideError where the store fails. */
export async function verify(options: VerifyOptions): Promise<Verified> {
  const verifier = new Verifier(options);
  await verifier.lookAtConfig();
  await verifier.lookAtHarvests();
  await verifier.lookForRepeats();
  return verifier.found;
}

class Verifier {
  readonly found: Verified;
  readonly #options: VerifyOptions;
  readonly #ids = new IdList();
  readonly #collections: Collections;

  constructor(options: VerifyOptions) {
    const { collectionId, store, clock } = options;
    this.#options = options;
    this.#collections = new Collections(store, clock);
    this.found = {
      collectionId,
      faults: [],
      harvests: [],
      tweets: 0,
      files: 0,
      bytes: 0,
      gaps: 0,
    };
  }

  /** The configuration, its history, and where the last harvest is said to be. */
  async lookAtConfig(): Promise<void> {
    const { store, collectionId } = this.#options;
    const keys = collectionKeys(collectionId);
    await this.#tried(keys.config, async () => {
      const found = await store.get(keys.config);
      if (!found) this.#fault(keys.config, "it is not there");
      else checkConfig(parseJson(found.bytes, keys.config));
    });
    await this.#tried(keys.changesets, async () => {
      await this.#collections.changesets(collectionId);
    });
    await this.#tried(keys.lastHarvest, async () => {
      if (!await store.get(keys.lastHarvest)) return;
      const last = await this.#collections.lastHarvest(collectionId);
      if (!last) this.#fault(keys.lastHarvest, "the harvest that it names is not there", true);
    });
  }

  async lookAtHarvests(): Promise<void> {
    const { store, collectionId } = this.#options;
    const folders = new Map<string, Listed[]>();
    for await (const listed of store.list(collectionKeys(collectionId).harvests)) {
      const folder = listed.key.slice(0, listed.key.lastIndexOf("/") + 1);
      folders.set(folder, [...folders.get(folder) ?? [], listed]);
    }
    const open = await this.#openFolder();
    for (const [folder, objects] of folders) {
      await this.#lookAtHarvest(folder, { objects, isOpen: folder === open });
    }
  }

  /** Names tweets that are there more than once, with the files. */
  async lookForRepeats(): Promise<void> {
    const repeated = this.#ids.repeated();
    if (repeated.size === 0) return;
    const { store, onFile } = this.#options;
    for (const { listed } of this.found.harvests) {
      for (const [key, facts] of listed) {
        if (!facts || facts.fault) continue;
        const here = new Set<string>();
        onFile(key);
        await checkTweets(store, key, (id) => {
          if (repeated.has(BigInt(id))) here.add(id);
        });
        if (here.size === 0) continue;
        const some = [...here].slice(0, 3).join(", ");
        this.#fault(key, `${here.size} of its tweets are there more than once (${some} ...)`);
      }
    }
  }

  /** The folder that a harvester writes to, or that one was cut in. */
  async #openFolder(): Promise<string | null> {
    const { store, clock, collectionId, isGone } = this.#options;
    const lock = await readLock(store, collectionId, { clock, isGone });
    const opened = { collectionId, type: "", holder: "", clock };
    const keys = collectionKeys(collectionId);
    let state;
    try {
      ({ state } = await Checkpoint.open(store, opened));
    } catch (error) {
      if (!(error instanceof TwarcCloudError) || error instanceof OutsideError) throw error;
      this.#fault(keys.checkpoint, messageOf(error));
      return null;
    }
    if (state.state === "settled") return null;
    if (!lock?.live) {
      this.#fault(keys.checkpoint, "a harvest was cut, and is not told yet", true);
    }
    return keys.harvest(state.began);
  }

  async #lookAtHarvest(
    folder: string,
    { objects, isOpen }: { objects: Listed[]; isOpen: boolean },
  ): Promise<void> {
    const { store, collectionId } = this.#options;
    const has = (name: string) => objects.some(({ key }) => key === `${folder}${name}`);
    const listed = new Map<string, FileFacts | null>();
    for await (const { key, sha1 } of filesListed(store, `${folder}${FILES.manifest}`)) {
      listed.set(key, await this.#lookAtFile(key, { sha1, isOpen }));
    }
    const unlisted = objects.map(({ key }) => key)
      .filter((key) => key.startsWith(`${folder}tweets-`) && !listed.has(key));
    const harvest: HarvestFound = {
      folder,
      listed,
      unlisted,
      hasManifest: has(FILES.manifest),
      info: await this.#infoOf(folder),
      isOpen,
    };
    this.found.harvests.push(harvest);
    if (!isOpen) this.#lookWhetherAllAgrees(harvest);
    for (const name of SIDES.filter(has)) {
      const fault = await checkJsonLines(store, `${folder}${name}`);
      if (fault) this.#fault(`${folder}${name}`, fault);
    }
    await this.#lookForKeys(`${folder}${FILES.config}`);
    if (harvest.info?.gaps) {
      const gaps = await gapsOf(store, collectionId, harvest.info.harvest_timestamp);
      this.found.gaps += gaps.length;
    }
  }

  async #lookAtFile(
    key: string,
    { sha1, isOpen }: { sha1: string; isOpen: boolean },
  ): Promise<FileFacts | null> {
    const { store, onFile } = this.#options;
    onFile(key);
    let facts: FileFacts;
    try {
      facts = await checkTweets(store, key, (id) => this.#ids.add(id));
    } catch (error) {
      if (!(error instanceof OutsideError) || await isThere(store, key)) throw error;
      // A piece that was merged while the manifest was read is in another file.
      if (!isOpen) this.#fault(key, "the manifest lists it, and it is not there");
      return null;
    }
    this.found.tweets += facts.tweets;
    this.found.files++;
    this.found.bytes += facts.bytes;
    if (facts.fault) this.#fault(key, facts.fault);
    else if (facts.sha1 !== sha1) this.#fault(key, "its checksum is not that of the manifest");
    return facts;
  }

  async #infoOf(folder: string): Promise<HarvestInfo | null> {
    const { store } = this.#options;
    for (const name of [FILES.harvest, FILES.originalHarvest]) {
      const key = `${folder}${name}`;
      const found = await store.get(key);
      if (!found) continue;
      try {
        return parseAs(harvestInfoSchema, found.bytes, key);
      } catch (error) {
        this.#fault(key, messageOf(error));
      }
    }
    return null;
  }

  /** The manifest, harvest.json and the files. */
  #lookWhetherAllAgrees(harvest: HarvestFound): void {
    const { folder, listed, unlisted, hasManifest, info } = harvest;
    if (!hasManifest && unlisted.length > 0) {
      this.#fault(`${folder}${FILES.manifest}`, "it is not there", canBeListed(harvest));
      return;
    }
    for (const key of unlisted) {
      this.#fault(key, "the manifest does not list it", canBeCleared(harvest));
    }
    if (!info) {
      if (listed.size > 0) this.#fault(`${folder}${FILES.harvest}`, "it is not there");
      return;
    }
    const { tweets, files } = totals(harvest);
    if (info.tweets === tweets && info.files === files) return;
    const says = `it tells ${info.tweets} tweets in ${info.files} files, and there are ${tweets} ` +
      `in ${files}`;
    this.#fault(`${folder}${FILES.harvest}`, says, canBeCounted(harvest));
  }

  async #lookForKeys(key: string): Promise<void> {
    const found = await this.#options.store.get(key);
    if (!found) return;
    await this.#tried(key, () => {
      const config = parseJson(found.bytes, key);
      const hasKeys = isObject(config) && (isObject(config.keys) || isObject(config.credentials));
      if (hasKeys) this.#fault(key, "it has keys in it, which it should not");
      return Promise.resolve();
    });
  }

  /** What is wrong with content is a fault; a store that fails is not. */
  async #tried(key: string, act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      if (!(error instanceof TwarcCloudError) || error instanceof OutsideError) throw error;
      this.#fault(key, error.message);
    }
  }

  #fault(key: string, says: string, canBeMended = false): void {
    this.found.faults.push({ key, says, canBeMended });
  }
}

/** What the files that are listed hold. */
export function totals(
  { listed }: HarvestFound,
): { tweets: number; files: number; bytes: number } {
  const facts = [...listed.values()].filter((one) => one !== null);
  return {
    tweets: facts.reduce((total, { tweets }) => total + tweets, 0),
    files: listed.size,
    bytes: facts.reduce((total, { bytes }) => total + bytes, 0),
  };
}

/** Whether every file that is listed is there and whole. */
export function isWhole({ listed }: HarvestFound): boolean {
  return [...listed.values()].every((facts) => facts !== null && facts.fault === null);
}

/**
 * Whether what the manifest does not list is garbage for sure: what it lists is all that the harvest tells of. A
 * manifest that was damaged would list less.
 */
export function canBeCleared(harvest: HarvestFound): boolean {
  const { info, hasManifest } = harvest;
  const { tweets, files } = totals(harvest);
  return hasManifest && info !== null && isWhole(harvest) && info.tweets === tweets &&
    info.files === files;
}

/** Whether a manifest that is not there can be written: the files are as many as the harvest tells. */
export function canBeListed({ unlisted, info }: HarvestFound): boolean {
  return info !== null && info.files === unlisted.length;
}

/** Whether harvest.json can be told anew: more is there than it tells. Where less is, something may be lost. */
export function canBeCounted(harvest: HarvestFound): boolean {
  const { info, hasManifest, unlisted } = harvest;
  const { tweets, files } = totals(harvest);
  return hasManifest && unlisted.length === 0 && isWhole(harvest) && info !== null &&
    tweets >= info.tweets && files >= info.files;
}

async function isThere(store: Store, key: string): Promise<boolean> {
  for await (const found of store.list(key)) if (found.key === key) return true;
  return false;
}
