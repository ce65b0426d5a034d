/** Updates the inventory for a repair: adds missing entries, and records what is rewritten. */

import { harvestSums, inventoryName, storedSum } from "../bucket/harvest_sums.ts";
import { append } from "../bucket/inventory.ts";
import { type Draft, type FileSum, fileSum } from "../bucket/inventory_entry.ts";
import { collectionKeys } from "../collection/layout.ts";
import type { HarvestFound, Repairable } from "./found.ts";
import type { Clock } from "../base/clock.ts";
import type { Lease } from "../bucket/lease.ts";
import type { Store } from "../store/store.ts";

/** A collection under repair. */
interface Place {
  store: Store;
  clock: Clock;
  collectionId: string;
  lease: Pick<Lease, "check">;
}

/**
 * Records new versions of a harvest's files before they are written: after an interruption, the next repair writes them
 * again.
 * @param files By name.
 * @param checkpoint The checksum of the settled checkpoint, if that is rewritten.
 * @throws OutsideError where the store fails.
 */
export async function amend(
  options: Place,
  folder: string,
  files: Record<string, Uint8Array>,
  checkpoint?: string,
): Promise<void> {
  const sums = Object.entries(files).map(([name, bytes]) => [name, fileSum(bytes)] as const);
  await append(placeFor(options), [{
    what: "repair",
    folder: inventoryName(folder),
    ...(sums.length > 0 ? { files: Object.fromEntries(sums) } : {}),
    ...(checkpoint === undefined ? {} : { checkpoint }),
  }]);
}

/**
 * Adds entries for harvests and changesets without one, marked as made later.
 * @throws OutsideError where the store fails.
 */
export async function addAbsent(
  options: Place & { onMended: (what: string) => void },
  { harvests, faults, inventory }: Repairable,
): Promise<void> {
  const { store, collectionId, onMended } = options;
  if (!inventory) return;
  const { absent } = inventory;
  const drafts: Draft[] = [];
  // Faulty files do not become the truth.
  const isFaulty = (folder: string) =>
    faults.some(({ key }) => key !== folder && key.startsWith(folder));
  const folders = new Set(absent.harvests.filter((folder) => !isFaulty(folder)));
  for (const harvest of harvests.filter(({ folder }) => folders.has(folder))) {
    drafts.push({ what: "made later", ...await readSums(harvest, options) });
  }
  const { changesets } = collectionKeys(collectionId);
  const sums: Record<string, FileSum> = {};
  for (const key of absent.changesets) {
    sums[key.slice(changesets.length)] = await storedSum(store, key);
  }
  if (absent.changesets.length > 0) drafts.push({ what: "made later", changesets: sums });
  if (drafts.length === 0) return;
  await append(placeFor(options), drafts);
  const parts = [
    many(folders.size, "harvest"),
    many(absent.changesets.length, "changeset"),
  ].filter((part) => part !== "");
  onMended(
    `${collectionKeys(collectionId).inventory} has ${parts.join(" and ")} that had no entry`,
  );
}

async function readSums(
  { folder, listed }: HarvestFound,
  { store }: Place,
): Promise<Pick<Draft, "folder" | "files" | "tweets">> {
  const known = new Map<string, FileSum>();
  for (const [key, facts] of listed) {
    if (!facts) continue;
    const { sha1, bytes, tweets } = facts;
    known.set(key.slice(folder.length), { sha1, bytes, tweets });
  }
  const names: string[] = [];
  for await (const { key } of store.list(folder)) names.push(key.slice(folder.length));
  return await harvestSums(store, folder, { names, known });
}

function placeFor({ store, clock, collectionId, lease }: Place) {
  return { store, clock, collectionId, guard: () => lease.check() };
}

function many(count: number, name: string): string {
  return count === 0 ? "" : `${count} ${name}${count === 1 ? "" : "s"}`;
}
