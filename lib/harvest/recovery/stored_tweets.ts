/** Finds which tweets a bucket has, among those that a harvester, or another one beside it, may have stored. */

import { IdList } from "../../bucket/id_list.ts";
import { listedFiles } from "../../bucket/listing.ts";
import { DamagedFileError, readLines } from "../../bucket/tweets.ts";
import { collectionKeys, harvestTime } from "../../collection/layout.ts";
import { tweetsFileTime } from "../../format/file_name.ts";
import { OutsideError } from "../../base/errors.ts";
import { readIds } from "../../twitter/bytes/ids.ts";
import type { Store } from "../../store/store.ts";

/** Milliseconds before and after a span: files stored then may have a tweet of it. */
const AROUND_MS = 3_600_000;
/** Bytes of compressed files that are read at most: a stream waits meanwhile. */
const MAX_BYTES = 256 << 20;

/** A file of tweets in the bucket. */
interface StoredFile {
  key: string;
  sha1: string;
  bytes: number;
}

/** When tweets came, in milliseconds since 1970. */
export interface Span {
  /** When the harvest began that collected them. */
  began: number;
  from: number;
  to: number;
}

/** Looks up tweets in the files of the harvest that collected them, and of those that began later. */
export class StoredTweets {
  readonly #store: Store;
  readonly #collectionId: string;
  readonly #span: Span;
  readonly #wanted = new IdList();
  #ids: BigUint64Array = new BigUint64Array();
  /** For each id whether the bucket has it, or it was taken. */
  #known = new Uint8Array();
  #files: Promise<StoredFile[]> | undefined;

  constructor(store: Store, collectionId: string, span: Span) {
    this.#store = store;
    this.#collectionId = collectionId;
    this.#span = span;
  }

  /** Returns the checksums of the files to read. @throws the errors of the store. */
  async checksums(): Promise<Set<string>> {
    return new Set((await this.#listFiles()).map(({ sha1 }) => sha1));
  }

  /** Adds a tweet to look up. */
  want(id: string): void {
    this.#wanted.add(id);
  }

  /**
   * Looks up all of them.
   * @throws OutsideError where there is too much to read; the errors of the store.
   */
  async look(): Promise<void> {
    this.#ids = this.#wanted.takeSorted();
    this.#known = new Uint8Array(this.#ids.length);
    if (this.#ids.length === 0) return;
    const files = await this.#listFiles();
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    if (bytes > MAX_BYTES) {
      throw new OutsideError(
        `There are ${
          Math.round(bytes / 2 ** 20)
        } MB of files would have to be searched for them, which is too much`,
      );
    }
    for (const { key } of files) await this.#readIndex(key);
  }

  /** Returns whether the bucket does not have a tweet, for the first call with it. */
  take(id: string): boolean {
    const at = this.#findIndex(BigInt(id));
    if (at < 0 || this.#known[at] === 1) return false;
    this.#known[at] = 1;
    return true;
  }

  async #readIndex(key: string): Promise<void> {
    try {
      for await (const ids of readLines(this.#store, key, readIds)) {
        for (const id of ids) {
          const at = this.#findIndex(BigInt(id));
          if (at >= 0) this.#known[at] = 1;
        }
      }
    } catch (error) {
      // Its unreadable part counts as missing.
      if (!(error instanceof DamagedFileError)) throw error;
    }
  }

  /** Returns the index of an id among those to look up; -1 where it is not one. */
  #findIndex(id: bigint): number {
    let [low, high] = [0, this.#ids.length - 1];
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const found = this.#ids[middle] ?? 0n;
      if (found === id) return middle;
      if (found < id) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  #listFiles(): Promise<StoredFile[]> {
    return this.#files ??= this.#list();
  }

  async #list(): Promise<StoredFile[]> {
    const { harvests, harvest } = collectionKeys(this.#collectionId);
    const oldest = harvest(this.#span.began);
    const sizes = new Map<string, number>();
    for await (const { key, size } of this.#store.list(harvests)) {
      if (key >= oldest) sizes.set(key, size);
    }
    const found: StoredFile[] = [];
    for await (const { key, sha1 } of listedFiles(this.#store, this.#collectionId, { oldest })) {
      const bytes = sizes.get(key);
      if (bytes !== undefined && this.#isNear(key)) found.push({ key, sha1, bytes });
    }
    return found;
  }

  /**
   * Returns whether a file was stored about when the tweets came, or when a later harvest began, which requests what
   * was missed.
   */
  #isNear(key: string): boolean {
    const stored = tweetsFileTime(key);
    const began = harvestTime(key);
    const { from, to } = this.#span;
    return stored >= from - AROUND_MS && stored <= to + AROUND_MS ||
      stored >= began && stored <= began + AROUND_MS;
  }
}
