/** Reads the inventory's entries of a collection's files, to compare a copy with. */

import type { BlockFile } from "../../base/block_file.ts";
import { Packed } from "../../base/packed.ts";
import { parseEntry } from "../../bucket/inventory.ts";
import { readLines } from "../../bucket/journal.ts";
import { collectionKeys, FILES } from "../../collection/layout.ts";
import type { Store } from "../../store/store.ts";

/** Inventoried files that show whether a copy is complete, by key; packed, as there are some of each harvest. */
export interface Inventoried {
  /** The checksums of manifests. */
  manifests: Packed<string>;
  /** The bytes of changesets. */
  changesets: Packed<number>;
}

/**
 * Returns what the inventory has of manifests and changesets.
 * @param file For what is read of years, open as long as it is used.
 * @throws OutsideError where the store fails; UserError where the disk is full.
 */
export async function readInventoried(
  store: Store,
  id: string,
  file: BlockFile,
): Promise<Inventoried> {
  const { folder: root, inventory: key, inventoryParts: parts, ...keys } = collectionKeys(id);
  const [manifests, changesets] = [new Packed<string>(file), new Packed<number>(file)];
  for await (const line of readLines({ store, key, parts })) {
    const entry = parseEntry(line);
    const { folder, files = {} } = entry ?? {};
    const sum = files[FILES.manifest];
    if (folder !== undefined && sum) manifests.set(`${root}${folder}/${FILES.manifest}`, sum.sha1);
    for (const [name, own] of Object.entries(entry?.changesets ?? {})) {
      if (own) changesets.set(`${keys.changesets}${name}`, own.bytes);
    }
  }
  return { manifests, changesets };
}
