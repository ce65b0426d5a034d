/** The folders of a bucket's collections, and those whose names no command takes for an id. */

import { collectionKeys, COLLECTIONS, idOfFolder } from "../collection/layout.ts";
import type { Store } from "../store/store.ts";

/** Folders that are looked into concurrently. */
const WIDTH = 8;

/** The collections' folders of one bucket. */
export class CollectionFolders {
  readonly #store: Store;
  readonly #unnamed = new Set<string>();

  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * The names of folders that have a configuration, and that cannot be ids, such as `.hidden`: those that listings saw.
   */
  get unnamed(): string[] {
    return [...this.#unnamed].sort();
  }

  /** Yields the ids of all collections, in order. An empty folder is not a collection. */
  async *ids(): AsyncGenerator<string> {
    const ids: string[] = [];
    for await (const { key } of this.#store.list(COLLECTIONS, { folders: true })) {
      const id = idOfFolder(key);
      if (id !== null) ids.push(id);
      else await this.#lookAtUnnamed(key);
    }
    for (let start = 0; start < ids.length; start += WIDTH) {
      const some = ids.slice(start, start + WIDTH);
      const has = await Promise.all(some.map((id) => this.#hasObject(id)));
      yield* some.filter((_, i) => has[i]);
    }
  }

  async #lookAtUnnamed(folder: string): Promise<void> {
    if (!folder.endsWith("/")) return;
    // Listed, not read: a key that a folder bucket cannot have is no error.
    for await (const { key } of this.#store.list(`${folder}collection.json`)) {
      if (key !== `${folder}collection.json`) continue;
      this.#unnamed.add(folder.slice(COLLECTIONS.length, -1));
    }
  }

  async #hasObject(id: string): Promise<boolean> {
    for await (const { key } of this.#store.list(collectionKeys(id).folder)) {
      if (!key.endsWith("/")) return true;
    }
    return false;
  }
}
