/** Begins a harvest that succeeds a finished one while its stream goes on. */

import type { Checkpoint } from "./checkpoint.ts";
import type { CheckpointState } from "./checkpoint_state.ts";
import { claimFolder } from "./harvest_folder.ts";
import { withoutKeys } from "../collection/config.ts";
import { collectionKeys, FILES } from "../collection/layout.ts";
import { type JsonObject, jsonOrNull } from "../base/json.ts";
import { jsonObject } from "../base/json_object.ts";
import { noteBegun, type ProjectionTarget, settle } from "./projection.ts";

/** Returns whether a checkpoint belongs to a harvest, by its actual or planned beginning. */
export function belongsTo({ began, planned }: CheckpointState, harvest: number): boolean {
  return harvest === began || harvest === planned;
}

/**
 * Settles a checkpoint's harvest and begins the next one with the same configuration, for the same stream. Idempotent,
 * so that it can be retried after any failure.
 * @param began When the next is to begin, in milliseconds since 1970.
 * @returns The folder of the next.
 * @throws What the store throws; LockedError if another harvester has taken the collection over.
 */
export async function beginNext(
  target: ProjectionTarget,
  checkpoint: Checkpoint,
  began: number,
): Promise<string> {
  const { store, collectionId, guard = () => {} } = target;
  if (!belongsTo(checkpoint.state, began)) {
    const config = await readHarvestConfig(target, checkpoint.state);
    await settle(target, checkpoint);
    await guard();
    const { began: claimed, sides } = await claimFolder(store, {
      collectionId,
      config,
      now: began,
    });
    const { type, made } = checkpoint.state;
    await checkpoint.begin(claimed, { walks: 1, type, planned: began, sides, made });
    target.versions?.clear();
    noteBegun(target, claimed);
  }
  return collectionKeys(collectionId).harvest(checkpoint.state.began);
}

/** Returns the configuration that a harvest began with; the current one if its own copy is gone. */
async function readHarvestConfig(
  { store, collections, collectionId }: ProjectionTarget,
  { began }: CheckpointState,
): Promise<JsonObject> {
  const key = `${collectionKeys(collectionId).harvest(began)}${FILES.config}`;
  const found = await store.get(key);
  const text = found ? new TextDecoder().decode(found.bytes) : "";
  const config = jsonObject.safeParse(jsonOrNull(text)).data;
  return config ?? withoutKeys((await collections.load(collectionId)).config);
}
