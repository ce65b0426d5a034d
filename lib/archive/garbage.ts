/** Deletes files of tweets that are unlisted after a removal, with their older versions. */

import type { Changeset, Removal } from "../collection/changeset.ts";
import { harvestInfoSchema } from "../collection/harvest_info.ts";
import { collectionKeys, FILES } from "../collection/layout.ts";
import { isTweetsFileName, tweetsPrefix } from "../format/file_name.ts";
import { parseAs } from "../base/json.ts";
import type { Purged, Store } from "../store/store.ts";
import type { Lease } from "../bucket/lease.ts";
import { readListedNames } from "../bucket/manifest.ts";

/** Options of a garbage collection. */
export interface GarbageOptions {
  store: Store;
  collectionId: string;
  /** The collection's lease: it is not harvested meanwhile. */
  lease: Lease;
}

/** The garbage of one collection. */
export class Garbage {
  /** Folders with unlisted files that may not be garbage. */
  readonly doubtful: string[] = [];
  readonly #options: GarbageOptions;
  readonly #root: string;
  /** The keys of files that tweets were removed from, and by folder the number of those of which nothing was left. */
  readonly #replaced = new Set<string>();
  readonly #emptied = new Map<string, number>();
  /** The files in each folder's manifest, and whether they are complete. */
  readonly #folders = new Map<string, { listed: Set<string>; isAll: boolean }>();

  /** @param changesets Earlier removals. */
  constructor(options: GarbageOptions, changesets: Changeset[]) {
    this.#options = options;
    this.#root = collectionKeys(options.collectionId).folder;
    for (const { removed = [] } of changesets) this.#note(removed);
  }

  /**
   * Returns whether a folder's manifest lists all files that its harvest counted, so that the rest is certainly
   * garbage; a damaged one lists less.
   * @param files Number of files in the manifest.
   */
  async isAll(folder: string, files: number): Promise<boolean> {
    const most = files + (this.#emptied.get(folder) ?? 0);
    for (const name of [FILES.harvest, FILES.originalHarvest]) {
      const found = await this.#options.store.get(`${folder}${name}`);
      if (found) return parseAs(harvestInfoSchema, found.bytes, `${folder}${name}`).files <= most;
    }
    return false;
  }

  /**
   * Deletes files that a folder's manifest does not list: replaced, or never finished.
   * @param named Files in the checkpoint.
   */
  async clear(
    folder: string,
    { isAll, removed, named }: { isAll: boolean; removed: Removal[]; named: string[] },
  ): Promise<void> {
    const { store, lease } = this.#options;
    this.#note(removed);
    const listed = (await readListedNames(store, folder)).union(new Set(named));
    this.#folders.set(folder, { listed, isAll });
    for await (const { key } of store.list(tweetsPrefix(folder))) {
      if (this.#isGarbage(key)) {
        lease.check();
        await store.delete(key);
      } else if (!listed.has(key.slice(folder.length)) && this.doubtful.at(-1) !== folder) {
        this.doubtful.push(folder);
      }
    }
  }

  /**
   * Deletes older versions of garbage, including parts that were merged long ago. @returns Null if the store keeps none
   */
  async purge(): Promise<Purged | null> {
    const { store, collectionId, lease } = this.#options;
    lease.check();
    const { harvests } = collectionKeys(collectionId);
    return await store.purge?.(harvests, (key) => this.#isGarbage(key)) ?? null;
  }

  #isGarbage(key: string): boolean {
    const [, folder = "", name = ""] = /^(.*\/)([^/]*)$/.exec(key) ?? [];
    const found = this.#folders.get(folder);
    if (!found || found.listed.has(name) || !isTweetsFileName(name)) return false;
    return found.isAll || this.#replaced.has(key);
  }

  #note(removed: Removal[]): void {
    for (const { file, replaced_by } of removed) {
      const key = `${this.#root}${file}`;
      const folder = key.slice(0, key.lastIndexOf("/") + 1);
      if (replaced_by === null && !this.#replaced.has(key)) {
        this.#emptied.set(folder, (this.#emptied.get(folder) ?? 0) + 1);
      }
      this.#replaced.add(key);
    }
  }
}
