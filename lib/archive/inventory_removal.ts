/** Updates the inventory of harvests that tweets were removed from. */

import { BlockFile } from "../base/block_file.ts";
import { checkpointSum, readCheckpoint } from "../bucket/checkpoint_state.ts";
import { inventoryName, storedSum } from "../bucket/harvest_sums.ts";
import { History } from "../bucket/history.ts";
import { append } from "../bucket/inventory.ts";
import type { Draft, FileSum } from "../bucket/inventory_entry.ts";
import { type InventoriedHarvest, readInventory } from "../bucket/inventory_index.ts";
import { collectionKeys, FILES } from "../collection/layout.ts";
import type { Store } from "../store/store.ts";
import type { Clock } from "../base/clock.ts";
import type { Lease } from "../bucket/lease.ts";

/** A collection that tweets were removed from. */
interface Place {
  store: Store;
  clock: Clock;
  collectionId: string;
  lease: Pick<Lease, "check">;
}

/**
 * Records the result of removals in the inventory, including earlier interrupted ones: the files that changesets name,
 * and their manifests. Other files are not assumed to be correct.
 * @throws OutsideError where the store fails; UserError where the disk is full.
 */
export async function inventoryRemovals(options: Place): Promise<void> {
  const { store, clock, collectionId, lease } = options;
  const file = new BlockFile();
  const drafts = await draftEntries(options, file).finally(() => file.close());
  const guard = () => lease.check();
  if (drafts.length > 0) await append({ store, clock, collectionId, guard }, drafts);
}

async function draftEntries(place: Place, file: BlockFile): Promise<Draft[]> {
  const { store, collectionId } = place;
  const index = await readInventory(store, collectionId, { file });
  const drafts: Draft[] = [];
  for (const [folder, names] of await foldersTouched(place)) {
    const harvest = index.harvests.get(inventoryName(folder));
    const draft = harvest && await amendEntry({ store, folder, names, harvest }, collectionId);
    if (draft) drafts.push(draft);
  }
  return drafts;
}

/** Returns the folders that tweets were removed from, with the names of files that were rewritten or deleted. */
async function foldersTouched({ store, collectionId }: Place): Promise<Map<string, Set<string>>> {
  const found = new Map<string, Set<string>>();
  const { folder: root } = collectionKeys(collectionId);
  for await (const { removed = [] } of new History(store, collectionId).readable()) {
    for (const { file, replaced_by } of removed) {
      for (const path of replaced_by === null ? [file] : [file, replaced_by]) {
        const at = path.lastIndexOf("/") + 1;
        const folder = `${root}${path.slice(0, at)}`;
        found.set(folder, (found.get(folder) ?? new Set()).add(path.slice(at)));
      }
    }
  }
  return found;
}

async function amendEntry(
  { store, folder, names, harvest }: {
    store: Store;
    folder: string;
    names: Set<string>;
    harvest: InventoriedHarvest;
  },
  collectionId: string,
): Promise<Draft | null> {
  const there = new Set<string>();
  for await (const { key } of store.list(folder)) there.add(key.slice(folder.length));
  const files: Record<string, FileSum | null> = {};
  for (const name of [...names, FILES.manifest, FILES.harvest, FILES.originalHarvest]) {
    const known = harvest.files[name];
    const sum = there.has(name) ? await storedSum(store, `${folder}${name}`) : null;
    if (known?.sha1 !== sum?.sha1) files[name] = sum;
  }
  if (Object.keys(files).length === 0) return null;
  const state = await readCheckpoint(store, collectionId);
  const isLast = state?.state === "settled" &&
    collectionKeys(collectionId).harvest(state.began) === folder;
  return {
    what: "compliance",
    folder: inventoryName(folder),
    files,
    ...(isLast ? { checkpoint: checkpointSum(state) } : {}),
  };
}
