/** What follows from a checkpoint: the files that tell others of it, each written whole, twice without harm. */

import { getLogger } from "@logtape/logtape";
import { Buffer } from "node:buffer";
import {
  type Checkpoint,
  type CheckpointState,
  checkpointSum,
  type NamedSum,
} from "./checkpoint.ts";
import type { Collections } from "./collections.ts";
import { isoTime } from "../base/clock.ts";
import type { HarvestInfo } from "../collection/harvest_info.ts";
import { type CollectionKeys, collectionKeys, FILES, GROWING_SIDES } from "../collection/layout.ts";
import { isTweetsFileName } from "../format/file_name.ts";
import { ConflictError, UndeletableError } from "../base/errors.ts";
import { jsonBytes } from "../base/json_bytes.ts";
import type { Store, Version } from "../store/store.ts";
import { finalManifest, manifestWith, sidesOf } from "./final_manifest.ts";
import { harvestSums } from "./harvest_sums.ts";
import { recordHarvest } from "./coverage.ts";
import { append } from "./inventory.ts";
import { type Draft, type FileSum, type Head, sha1Of, sumOf } from "./inventory_entry.ts";
import { unfinished } from "./many.ts";
import { formatManifest } from "./manifest.ts";

const log = getLogger(["twarc-cloud", "bucket"]);

/** What a projection writes to. */
export interface ProjectionTarget {
  store: Store;
  collections: Collections;
  collectionId: string;
  /** Asked before each write: throws where the collection is somebody else's by now. */
  guard?: () => void | Promise<void>;
  /** The versions of what was projected before, by key, null where nothing was: what is known need not be read. */
  versions?: Map<string, Version | null>;
}

/** How often what follows from a checkpoint is written over what somebody else writes meanwhile. */
const TRIES = 5;

/** The fields of harvest.json, as far as the checkpoint knows them. */
export function harvestInfo(state: CheckpointState, collectionId: string): HarvestInfo {
  const { began, ended, outcome, reason, ended_by, made, exit_code, counts, late } = state;
  return {
    collection_id: collectionId,
    harvest_timestamp: isoTime(began),
    // A clock that was set back ends nothing before it began.
    ...(ended === undefined ? {} : { harvest_end_timestamp: isoTime(Math.max(ended, began)) }),
    tweets: sum(state.files, (file) => file.tweets),
    files: state.files.length,
    file_bytes: sum(state.files, (file) => file.bytes),
    type: state.type,
    ...counts,
    ...(late ? { late: late.map(lateInfo) } : {}),
    ...(outcome ? { outcome } : {}),
    ...(reason ? { reason } : {}),
    ...(ended_by ? { ended_by } : {}),
    ...(made ? { made } : {}),
    ...(exit_code === undefined ? {} : { exit_code }),
  };
}

function lateInfo({ began, from, to, tweets }: NonNullable<CheckpointState["late"]>[number]) {
  return { harvest_timestamp: isoTime(began), from: isoTime(from), to: isoTime(to), tweets };
}

/** Notes that a harvest has just begun: nothing is in its folder that would have to be read before it is written. */
export function noteBegun({ collectionId, versions }: ProjectionTarget, began: number): void {
  const folder = collectionKeys(collectionId).harvest(began);
  for (const name of [FILES.manifest, FILES.harvest]) versions?.set(`${folder}${name}`, null);
}

/** Writes the manifest: `<sha1>  <file>` a line, as `sha1sum -c` reads it. @throws as the target's guard */
export async function projectManifest(
  target: ProjectionTarget,
  { began, files }: CheckpointState,
): Promise<void> {
  const folder = collectionKeys(target.collectionId).harvest(began);
  await project(target, `${folder}${FILES.manifest}`, formatManifest(files));
}

/**
 * Writes the manifest of a harvest that is over, which lists the files beside the tweets as well.
 * @param renewed The names of those that were written anew.
 * @throws as the target's guard; OutsideError where the store fails
 */
export async function projectFinalManifest(
  target: ProjectionTarget,
  { began, files }: CheckpointState,
  renewed: readonly string[],
): Promise<void> {
  const folder = collectionKeys(target.collectionId).harvest(began);
  const bytes = await finalManifest(target.store, folder, files, { renewed });
  await project(target, `${folder}${FILES.manifest}`, bytes);
}

/**
 * Writes what follows from a checkpoint, over nothing that came after it was asked for: a write that was kept
 * waiting, by a pause or on its way, does not undo what another harvester has written since.
 */
async function project(
  { store, guard = () => {}, versions = new Map() }: ProjectionTarget,
  key: string,
  bytes: Uint8Array,
): Promise<void> {
  let known = versions.get(key);
  for (let tries = 1;; tries++) {
    const found = known === undefined ? await store.get(key) : null;
    known ??= found?.version ?? null;
    await guard();
    try {
      if (found && Buffer.from(found.bytes).equals(bytes)) return;
      const when = known === null ? { ifAbsent: true } as const : { ifVersion: known };
      versions.set(key, await store.put(key, bytes, when));
      return;
    } catch (error) {
      versions.delete(key);
      known = undefined;
      if (!(error instanceof ConflictError) || tries === TRIES) throw error;
    }
  }
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
      ended_by: "killed",
      reason: "The harvester was interrupted; the next harvest went on from there",
      ended: checkpoint.state.ended ?? checkpoint.state.at,
    });
  }
  const { state } = checkpoint;
  const keys = collectionKeys(target.collectionId);
  const folder = keys.harvest(state.began);
  const projected = await projectEnd(target, state, folder);
  await guard();
  const { update, many, began, ended: at = state.at } = state;
  const users = many?.users.isEmpty ? undefined : many?.users;
  const learning = { at, began, users };
  const changesets = await target.collections.learn(target.collectionId, update, learning);
  await project(target, keys.lastHarvest, jsonBytes({ harvest_id: isoTime(state.began) }));
  await recordHarvest({ ...target, guard }, state);
  const sizes = await clearGarbage({ ...target, guard }, keys, state);
  const settled = { state: "settled", positions: leftover(state), many: undefined } as const;
  const found = { changesets, sizes, projected };
  const inventory = await inventoried(target, { ...state, ...settled }, found);
  await checkpoint.commit({ ...settled, inventory });
}

/**
 * Writes the manifest and harvest.json: at no instant there is a manifest that lists less than the other says, or lists
 * it as it is not. Where there is none yet, which nobody can take for a whole one, it is written once.
 * @returns The manifest, and the files beside the tweets that it lists.
 */
async function projectEnd(
  target: ProjectionTarget,
  state: CheckpointState,
  folder: string,
): Promise<Projected> {
  const manifest = `${folder}${FILES.manifest}`;
  const dropped = [FILES.harvest, ...unsettledSides(state)];
  const known = state.outcome === "interrupted" ? undefined : state.sides;
  const others = known ?? await sidesOf(target.store, folder, { dropped });
  const isFirst = target.versions?.get(manifest) === null;
  if (!isFirst) await project(target, manifest, manifestWith(state.files, others));
  const info = jsonBytes(harvestInfo(state, target.collectionId));
  await project(target, `${folder}${FILES.harvest}`, info);
  const sides = [...others, { name: FILES.harvest, sha1: sha1Of(info) }];
  const bytes = manifestWith(state.files, sides);
  await project(target, manifest, bytes);
  return { manifest: bytes, sides };
}

/**
 * Returns the files beside the tweets that may still change: a harvester which was paused and replaced has no right to
 * them, but what it sent before it noticed may arrive late.
 */
function unsettledSides({ outcome }: CheckpointState): readonly string[] {
  return outcome === "interrupted" ? GROWING_SIDES : [];
}

/** Returns those of the names that stay as they are. */
function settledNames(names: Iterable<string>, state: CheckpointState): string[] {
  const unsettled = new Set(unsettledSides(state));
  return [...names].filter((name) => !unsettled.has(name));
}

/** What was written of a harvest that is over. */
interface Projected {
  manifest: Uint8Array;
  sides: NamedSum[];
}

/** Has a harvest in the inventory. @param sizes Of the files beside the tweets. @returns The last entry. */
async function inventoried(
  { store, collections: { clock }, collectionId, guard = () => {} }: ProjectionTarget,
  state: CheckpointState,
  { changesets, sizes, projected: { manifest, sides } }: {
    changesets: Record<string, FileSum>;
    sizes: Map<string, number>;
    projected: Projected;
  },
): Promise<Head> {
  const folder = collectionKeys(collectionId).harvest(state.began);
  const known = new Map<string, FileSum>([[FILES.manifest, sumOf(manifest)]]);
  for (const { name, sha1, bytes, tweets } of state.files) known.set(name, { sha1, bytes, tweets });
  for (const { name, sha1 } of sides) known.set(name, { sha1, bytes: sizes.get(name) ?? 0 });
  const draft: Draft = {
    what: "harvest",
    ...await harvestSums(store, folder, { names: settledNames(sizes.keys(), state), known }),
    ...(Object.keys(changesets).length > 0 ? { changesets } : {}),
    checkpoint: checkpointSum(state),
  };
  return await append({ store, clock, collectionId, guard }, [draft]);
}

/**
 * Deletes the tweets files of a harvest's folder that the checkpoint does not name, and nothing else that lies there.
 * @returns The sizes of the others in it, by name.
 */
async function clearGarbage(
  { store, guard }: Required<Pick<ProjectionTarget, "store" | "guard">>,
  keys: CollectionKeys,
  { began, files }: CheckpointState,
): Promise<Map<string, number>> {
  const folder = keys.harvest(began);
  const others = new Map<string, number>();
  let canDelete = true;
  const named = new Set(files.map((file) => `${folder}${file.name}`));
  for await (const { key, version, size } of store.list(folder)) {
    const name = key.slice(folder.length);
    if (!isTweetsFileName(name)) others.set(name, size);
    if (named.has(key) || !isTweetsFileName(name) || !canDelete) continue;
    await guard();
    try {
      await store.delete(key, { ifVersion: version }).catch(nullIfOther);
    } catch (error) {
      if (!(error instanceof UndeletableError)) throw error;
      log.warn(
        "The bucket allows no deletion: files of tweets that no manifest lists, such as pieces of larger ones, stay " +
          "in {folder}",
        { folder },
      );
      canDelete = false;
    }
  }
  return others;
}

/** What is another file by now, or is not there, is left to whoever wrote it. */
function nullIfOther(error: unknown): null {
  if (error instanceof ConflictError) return null;
  throw error;
}

/** The positions that the next harvest begins with: after a cut all, else those of unfinished walks. */
function leftover(state: CheckpointState): CheckpointState["positions"] {
  return state.outcome === "interrupted" && !state.many ? state.positions : unfinished(state);
}

function sum<T>(items: T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
