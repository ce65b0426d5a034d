/** Computes the checksums of a harvest's folder for its entry in the inventory. */

import { createHash } from "node:crypto";
import { FILES, isSideFile } from "../collection/layout.ts";
import type { Store } from "../store/store.ts";
import type { Draft, FileSum } from "./inventory_entry.ts";

/** Returns a harvest's folder as inventories name it: relative to the collection's, without a `/` at its end. */
export function inventoryName(folder: string): string {
  return /^collections\/[^/]+\/(.*)\/$/.exec(folder)?.[1] ?? folder;
}

/** Returns whether inventories list a file of this name besides the tweets. */
export function isInventoried(name: string): boolean {
  return name === FILES.manifest || isSideFile(name);
}

/**
 * Returns the files of a finished harvest for its entry.
 * @param names The files in its folder.
 * @param known Files that need not be read, such as those of tweets.
 * @throws OutsideError where the store fails.
 */
export async function harvestSums(
  store: Store,
  folder: string,
  { names, known }: { names: Iterable<string>; known: ReadonlyMap<string, FileSum> },
): Promise<Pick<Draft, "folder" | "files" | "tweets">> {
  const sums = new Map(known);
  for (const name of names) {
    if (isInventoried(name) && !sums.has(name)) {
      sums.set(name, await storedSum(store, `${folder}${name}`));
    }
  }
  const files = Object.fromEntries([...sums].toSorted(([a], [b]) => a < b ? -1 : 1));
  const tweets = Object.values(files).reduce((total, file) => total + (file.tweets ?? 0), 0);
  return { folder: inventoryName(folder), tweets, files };
}

/** Returns the checksum and size of a stored object. @throws OutsideError if it is absent. */
export async function storedSum(store: Store, key: string): Promise<FileSum> {
  const hash = createHash("sha1");
  let bytes = 0;
  for await (const chunk of await store.read(key)) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { sha1: hash.digest("hex"), bytes };
}
