/** The folders of a collection, one after the other, and what the inventory has of them. */

import { entryOf } from "../../bucket/inventory.ts";
import { readLines } from "../../bucket/journal.ts";
import { collectionKeys, FILES, isHarvestFolder } from "../../collection/layout.ts";
import type { Listed, Store } from "../../store/store.ts";

/** Returns the folder of an object, with a `/` at its end. */
export function folderOf(key: string): string {
  return key.slice(0, key.lastIndexOf("/") + 1);
}

/** Objects outside of harvests that are given at a time. */
const MOST = 1_000;

/** Yields the objects of a listing by their folders, large ones that are no harvests in parts. */
export async function* byFolder(
  listed: AsyncIterable<Listed>,
): AsyncGenerator<[folder: string, objects: Listed[]]> {
  let [top, objects]: [string, Listed[]] = ["", []];
  for await (const object of listed) {
    const own = topOf(object.key);
    if (own !== top || (objects.length >= MOST && !isHarvestFolder(own))) {
      yield* Map.groupBy(objects, ({ key }) => folderOf(key));
      [top, objects] = [own, []];
    }
    objects.push(object);
  }
  yield* Map.groupBy(objects, ({ key }) => folderOf(key));
}

/** Returns the folder of the harvest that an object is in, however deep; of others the folder of their kind. */
function topOf(key: string): string {
  return /^collections\/[^/]+\/(harvests\/\d{4}(\/\d\d){5}\/|[^/]+\/|)/.exec(key)?.[0] ?? "";
}

/** Inventoried files that show whether a copy is complete, by key. */
export interface Inventoried {
  /** The checksums of manifests. */
  manifests: Map<string, string>;
  /** The bytes of changesets. */
  changesets: Map<string, number>;
}

/** Returns what the inventory has of manifests and changesets. @throws OutsideError */
export async function inventoriedIn(store: Store, id: string): Promise<Inventoried> {
  const { folder: root, inventory: key, inventoryParts: parts, ...keys } = collectionKeys(id);
  const [manifests, changesets] = [new Map<string, string>(), new Map<string, number>()];
  for await (const line of readLines({ store, key, parts })) {
    const entry = entryOf(line);
    const { folder, files = {} } = entry ?? {};
    const sum = files[FILES.manifest];
    if (folder !== undefined && sum) manifests.set(`${root}${folder}/${FILES.manifest}`, sum.sha1);
    for (const [name, own] of Object.entries(entry?.changesets ?? {})) {
      if (own) changesets.set(`${keys.changesets}${name}`, own.bytes);
    }
  }
  return { manifests, changesets };
}
