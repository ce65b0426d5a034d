/** What follows from a checkpoint: the files that tell others of it, each written whole, twice without harm. */

import type { Checkpoint, CheckpointState } from "./checkpoint.ts";
import type { Collections } from "./collections.ts";
import { isoTime } from "../clock.ts";
import type { HarvestInfo } from "../collection/harvest_info.ts";
import { type CollectionKeys, collectionKeys, FILES } from "../collection/layout.ts";
import { jsonBytes } from "../json.ts";
import type { Store } from "../store/store.ts";

const encoder = new TextEncoder();

/** What a projection writes to. */
export interface ProjectionTarget {
  store: Store;
  collections: Collections;
  collectionId: string;
  /** Asked before each write when a harvest is settled: throws where the collection is somebody else's by now. */
  guard?: () => void | Promise<void>;
}

/** The fields of harvest.json, as far as the checkpoint knows them. */
export function harvestInfo(state: CheckpointState, collectionId: string): HarvestInfo {
  const { ended, outcome, reason, counts } = state;
  return {
    collection_id: collectionId,
    harvest_timestamp: isoTime(state.began),
    ...(ended === undefined ? {} : { harvest_end_timestamp: isoTime(ended) }),
    tweets: sum(state.files, (file) => file.tweets),
    files: state.files.length,
    file_bytes: sum(state.files, (file) => file.bytes),
    type: state.type,
    ...counts,
    ...(outcome ? { outcome } : {}),
    ...(reason ? { reason } : {}),
  };
}

/** Writes the manifest: `<sha1>  <file>` a line, as `sha1sum -c` reads it. */
export async function projectManifest(
  { store, collectionId }: ProjectionTarget,
  { began, files }: CheckpointState,
): Promise<void> {
  const folder = collectionKeys(collectionId).harvest(began);
  const lines = files.map((file) => `${file.sha1}  ${file.name}\n`);
  await store.put(`${folder}${FILES.manifest}`, encoder.encode(lines.join("")));
}

/**
 * Tells all that an ended harvest left untold, clears what its checkpoint does not name, and marks it
 * settled. A harvest that was cut is ended first, as interrupted.
 */
export async function settle(target: ProjectionTarget, checkpoint: Checkpoint): Promise<void> {
  if (checkpoint.state.state === "settled") return;
  const { guard = () => {} } = target;
  await guard();
  if (checkpoint.state.state === "harvesting") {
    await checkpoint.commit({
      state: "finished",
      outcome: "interrupted",
      reason: "The harvester was interrupted; the next harvest went on from there",
      ended: checkpoint.state.ended ?? checkpoint.state.at,
    });
  }
  const { state } = checkpoint;
  const keys = collectionKeys(target.collectionId);
  const folder = keys.harvest(state.began);
  await guard();
  await projectManifest(target, state);
  await guard();
  await target.store.put(
    `${folder}${FILES.harvest}`,
    jsonBytes(harvestInfo(state, target.collectionId)),
  );
  await guard();
  await target.collections.learn(target.collectionId, state.update, state.ended ?? state.at);
  await guard();
  await target.store.put(keys.lastHarvest, jsonBytes({ harvest_id: isoTime(state.began) }));
  await clearGarbage({ ...target, guard }, keys, state);
  await checkpoint.commit({ state: "settled", positions: leftover(state) });
}

/** Deletes the tweets files of a harvest's folder that the checkpoint does not name. */
async function clearGarbage(
  { store, guard }: Required<Pick<ProjectionTarget, "store" | "guard">>,
  keys: CollectionKeys,
  { began, files }: CheckpointState,
): Promise<void> {
  const folder = keys.harvest(began);
  const named = new Set(files.map((file) => `${folder}${file.name}`));
  for await (const { key } of store.list(`${folder}tweets-`)) {
    if (named.has(key)) continue;
    await guard();
    await store.delete(key);
  }
}

/** The positions that the next harvest begins with: after a cut all, else those of unfinished walks. */
function leftover({ positions, outcome }: CheckpointState): CheckpointState["positions"] {
  if (outcome === "interrupted") return positions;
  return Object.fromEntries(Object.entries(positions).filter(([, at]) => at !== "whole"));
}

function sum<T>(items: T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
