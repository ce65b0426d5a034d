/** Finds a collection's newest harvest, and checks last_harvest.json. */

import type { HarvestInfo } from "../collection/harvest_info.ts";
import { collectionKeys, FILES } from "../collection/layout.ts";
import { isOfContent } from "../base/errors.ts";
import { parseAs } from "../base/json.ts";
import { newestFolders } from "../bucket/folders.ts";
import { lastHarvestSchema, parseHarvestId } from "../bucket/last_harvest.ts";
import type { Store } from "../store/store.ts";
import type { Look } from "./verify_harvest.ts";

/** Returns the folder of the newest harvest; null if there is none. */
export async function newestFolder(store: Store, collectionId: string): Promise<string | null> {
  for await (const folder of newestFolders(store, collectionId)) return folder;
  return null;
}

/** Returns whether the newest harvest that has a harvest.json is one of the Python original, without a checkpoint. */
export async function isOfOriginal(store: Store, collectionId: string): Promise<boolean> {
  for await (const folder of newestFolders(store, collectionId)) {
    const listed = await Array.fromAsync(store.list(folder, { folders: true }));
    const has = (name: string) => listed.some(({ key }) => key === `${folder}${name}`);
    if (has(FILES.harvest)) return false;
    if (has(FILES.originalHarvest)) return true;
  }
  return false;
}

/**
 * Checks that last_harvest.json names an existing harvest.
 * @param newest The newest harvest with a harvest.json, of those that were read: the one to name.
 */
export async function lookAtLastHarvest(
  store: Store,
  { collectionId, newest }: { collectionId: string; newest: HarvestInfo | null },
  { fault }: Pick<Look, "fault">,
): Promise<void> {
  const { lastHarvest } = collectionKeys(collectionId);
  const found = await store.get(lastHarvest);
  if (!found) {
    if (newest) fault(lastHarvest, "it is missing", true);
    return;
  }
  const problem = await findProblem(found.bytes, { store, collectionId });
  if (problem) fault(lastHarvest, problem, newest !== null);
}

/** Returns the fault of last_harvest.json; null if there is none. */
async function findProblem(
  bytes: Uint8Array,
  { store, collectionId }: { store: Store; collectionId: string },
): Promise<string | null> {
  try {
    const { harvest_id } = parseAs(lastHarvestSchema, bytes, "it");
    const folder = collectionKeys(collectionId).harvest(parseHarvestId(harvest_id));
    for await (const _ of store.list(folder)) return null;
    return "the harvest that it names is missing";
  } catch (error) {
    if (!isOfContent(error)) throw error;
    return error.message;
  }
}
