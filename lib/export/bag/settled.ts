/** Collections in a bag: with the harvests that are over. */

import { openListing } from "../../bucket/listing.ts";
import { collectionKeys } from "../../collection/layout.ts";
import { linkless } from "../../store/folder/linkless.ts";
import type { Store } from "../../store/store.ts";

/** A bucket without data that still changes. */
export interface Settled {
  store: Store;
  /** The folders of harvests that are not over, with a `/`: they and later ones are hidden. */
  goingOn: string[];
}

/**
 * Returns a store that hides the harvests of these collections that are not over: their files are still merged, so
 * that a copy of them would match no manifest. For reading only.
 * @throws the errors of the store
 */
export async function settledOnly(bucket: Store, ids: readonly string[]): Promise<Settled> {
  const store = linkless(bucket);
  const open = new Map<string, string>();
  for (const id of ids) {
    const listing = await openListing(store, id);
    if (listing) open.set(id, listing.folder);
  }
  if (open.size === 0) return { store, goingOn: [] };
  const checkpoints = new Set([...open.keys()].map((id) => collectionKeys(id).checkpoint));
  const isSeen = (key: string) => {
    const id = /^collections\/([^/]+)\/harvests\//.exec(key)?.[1];
    return id === undefined || key < (open.get(id) ?? "\uffff");
  };
  return {
    goingOn: [...open.values()],
    store: {
      name: store.name,
      isBilled: store.isBilled,
      get: async (key) => checkpoints.has(key) || !isSeen(key) ? null : await store.get(key),
      read: (key) => store.read(key),
      put: (...args) => store.put(...args),
      upload: (...args) => store.upload(...args),
      delete: (...args) => store.delete(...args),
      async *list(...args) {
        for await (const found of store.list(...args)) if (isSeen(found.key)) yield found;
      },
      passedOver: (prefix) => store.passedOver?.(prefix) ?? new Map(),
    },
  };
}
