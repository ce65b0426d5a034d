/** The folders of a collection, one after the other: the objects of years are never in memory at once. */

import { collectionKeys, isHarvestFolder } from "../collection/layout.ts";
import type { Listed, Store } from "../store/store.ts";

/** Returns the folder of an object, with a `/` at its end. */
export function folderFor(key: string): string {
  return key.slice(0, key.lastIndexOf("/") + 1);
}

/** Objects outside of harvests that are given at a time. */
const MOST = 1_000;

/** Yields the objects of a listing by their folders, large ones that are no harvests in parts. */
export async function* byFolder(
  listed: AsyncIterable<Listed>,
): AsyncGenerator<[folder: string, objects: Listed[]]> {
  let [top, isHarvest, objects]: [string, boolean, Listed[]] = ["", false, []];
  for await (const object of listed) {
    const own: string = isHarvest && object.key.startsWith(top) ? top : topFolder(object.key);
    if (own !== top || (objects.length >= MOST && !isHarvest)) {
      yield* Map.groupBy(objects, ({ key }) => folderFor(key));
      [top, isHarvest, objects] = [own, isHarvestFolder(own), []];
    }
    objects.push(object);
  }
  yield* Map.groupBy(objects, ({ key }) => folderFor(key));
}

/** Returns the folder of the harvest that an object is in, however deep; of others the folder of their kind. */
function topFolder(key: string): string {
  return /^collections\/[^/]+\/(harvests\/\d{4}(\/\d\d){5}\/|[^/]+\/|)/.exec(key)?.[0] ?? "";
}

/** Parts of a harvest's folder below `harvests/`: year, month, day, hour, minute, second. */
const DEPTH = 6;

/** Yields the folders of a collection's harvests, newest first: the newest costs a listing for each part of its name. */
export async function* newestFolders(store: Store, collectionId: string): AsyncGenerator<string> {
  yield* foldersBelow(store, collectionKeys(collectionId).harvests, DEPTH);
}

async function* foldersBelow(store: Store, prefix: string, depth: number): AsyncGenerator<string> {
  const listed = await Array.fromAsync(store.list(prefix, { folders: true }));
  for (const { key } of listed.toReversed()) {
    if (key === prefix || !key.endsWith("/")) continue;
    if (depth > 1) yield* foldersBelow(store, key, depth - 1);
    else if (isHarvestFolder(key)) yield key;
  }
}
