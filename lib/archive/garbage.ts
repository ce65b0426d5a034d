/** Files of tweets that nothing names any more once tweets were removed: deleted, with what a store keeps of them. */

import type { Changeset, Removal } from "../collection/changeset.ts";
import { harvestInfoSchema } from "../collection/harvest_info.ts";
import { collectionKeys, FILES } from "../collection/layout.ts";
import { isTweetsFileName, tweetsPrefix } from "../format/file_name.ts";
import { parseAs } from "../base/json.ts";
import type { Purged, Store } from "../store/store.ts";
import type { Lease } from "../bucket/lease.ts";
import { readListedNames } from "../bucket/manifest.ts";

/** What garbage is looked for in. */
export interface GarbageOptions {
  store: Store;
  collectionId: string;
  /** Of the collection: nobody harvests it meanwhile. */
  lease: Lease;
}

/** The garbage of one collection. */
export class Garbage {
  /** Folders that have files which are not listed, and may be no garbage. */
  readonly doubtful: string[] = [];
  readonly #options: GarbageOptions;
  readonly #root: string;
  /** The keys of files that tweets were removed from; of those of which nothing stayed, how many by folder. */
  readonly #replaced = new Set<string>();
  readonly #emptied = new Map<string, number>();
  /** What the manifest of each folder lists, and whether that is all there is. */
  readonly #folders = new Map<string, { listed: Set<string>; isAll: boolean }>();

  /** @param changesets What was removed before. */
  constructor(options: GarbageOptions, changesets: Changeset[]) {
    this.#options = options;
    this.#root = collectionKeys(options.collectionId).folder;
    for (const { removed = [] } of changesets) this.#note(removed);
  }

  /**
   * Returns whether a folder's manifest lists all that its harvest tells of: then the rest is garbage for sure. One that is
   * damaged lists less.
   * @param files That the manifest lists.
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
   * Deletes what the manifest of a folder does not list: what was replaced, or never finished.
   * @param named Files that the checkpoint names there.
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

  /** Deletes what the store keeps of garbage, also of what went long ago: pieces that were merged. Null where it keeps nothing. */
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
