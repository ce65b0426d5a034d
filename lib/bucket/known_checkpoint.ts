/** The checkpoint of a collection that is to be harvested, or changed: one that was lost is not begun anew. */

import { UserError } from "../base/errors.ts";
import { lastWord } from "../base/visible.ts";
import { collectionKeys, FILES, isHarvestFolder } from "../collection/layout.ts";
import type { Store } from "../store/store.ts";
import { Checkpoint } from "./checkpoint.ts";

/**
 * Opens a collection's checkpoint.
 * @throws UserError where it is damaged, or not there although harvests have left one: without it tweets would come twice,
 *   and a budget would be spent twice; OutsideError where the store fails.
 */
export async function openKnown(
  store: Store,
  options: Parameters<typeof Checkpoint.open>[1],
): Promise<Checkpoint> {
  const checkpoint = await Checkpoint.open(store, options);
  const { collectionId } = options;
  if (checkpoint.isThere || !await isLost(store, collectionId)) return checkpoint;
  throw new UserError(
    `${collectionKeys(collectionId).checkpoint} is not there, though the collection was harvested`,
    {
      hint:
        "Without it tweets would be collected twice, and what this month's harvests were billed is not known. " +
        `Make a new one from the files that are there with \`twarc-cloud collection verify --repair ${
          lastWord(collectionId)
        }\`.`,
    },
  );
}

/** Returns whether harvests have left a checkpoint, by what else they have left; the Python original has none. */
async function isLost(store: Store, collectionId: string): Promise<boolean> {
  let isOurs: boolean | undefined;
  let hasManifest = false;
  for await (const { key } of store.list(collectionKeys(collectionId).harvests)) {
    const name = key.slice(key.lastIndexOf("/") + 1);
    if (!isHarvestFolder(key.slice(0, -name.length))) continue;
    if (name === FILES.manifest) hasManifest = true;
    if (name === FILES.harvest) isOurs = true;
    if (name === FILES.originalHarvest) isOurs = false;
  }
  return isOurs ?? hasManifest;
}
