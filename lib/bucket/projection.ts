/** Projections of a checkpoint: the documents for others, each written idempotently. */

import { getLogger } from "@logtape/logtape";
import { Buffer } from "node:buffer";
import type { Checkpoint } from "./checkpoint.ts";
import { type CheckpointState, checkpointSum, type NamedSum } from "./checkpoint_state.ts";
import type { Collections } from "./collections.ts";
import { isoTime } from "../base/clock.ts";
import type { HarvestInfo } from "../collection/harvest_info.ts";
import { type CollectionKeys, collectionKeys, FILES, GROWING_SIDES } from "../collection/layout.ts";
import { isTweetsFileName } from "../format/file_name.ts";
import { ConflictError, UndeletableError } from "../base/errors.ts";
import { jsonBytes } from "../base/json_bytes.ts";
import type { Store, Version } from "../store/store.ts";
import { finalManifest, listSides, manifestWith } from "./final_manifest.ts";
import { harvestSums } from "./harvest_sums.ts";
import { recordHarvest } from "./coverage.ts";
import { append } from "./inventory.ts";
import { type Draft, type FileSum, fileSum, type Head, sha1Hex } from "./inventory_entry.ts";
import { unfinishedPositions } from "./many.ts";
import { formatManifest } from "./manifest.ts";

const log = getLogger(["twarc-cloud", "bucket"]);

/** The target of projections. */
export interface ProjectionTarget {
  store: Store;
  collections: Collections;
  collectionId: string;
  /** Called before each write; throws if another process has taken over the collection. */
  guard?: () => void | Promise<void>;
  /** Versions that were projected before, by key, null if absent: known ones need not be read. */
  versions?: Map<string, Version | null>;
}

/** Tries of a projection that conflicts with another process's write. */
const TRIES = 5;

/** Returns the fields of harvest.json that the checkpoint knows. */
export function harvestInfo(state: CheckpointState, collectionId: string): HarvestInfo {
  const { began, ended, outcome, reason, ended_by, made, exit_code, counts, late } = state;
  return {
    collection_id: collectionId,
    harvest_timestamp: isoTime(began),
    // A clock that was set back must not end a harvest before its beginning.
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

/** Marks a harvest's folder as new: its documents need not be read before they are written. */
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
 * Writes the manifest of a finished harvest, which lists the side files too.
 * @param renewed The names of those that were rewritten.
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
 * Writes a projection, unless something newer was written after it was requested: a delayed write does not undo another
 * harvester's.
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
 * Writes all pending projections of an ended harvest, deletes files that its checkpoint does not name, and marks it
 * settled. An interrupted harvest is first ended as interrupted.
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
  const inventory = await addToInventory(target, { ...state, ...settled }, found);
  await checkpoint.commit({ ...settled, inventory });
}

/**
 * Writes the manifest and harvest.json: no manifest ever lists less than harvest.json counts, or lists that with a
 * wrong checksum. If there is no manifest yet, which cannot be mistaken for a complete one, it is written once.
 * @returns The manifest, and the side files that it lists.
 */
async function projectEnd(
  target: ProjectionTarget,
  state: CheckpointState,
  folder: string,
): Promise<Projected> {
  const manifest = `${folder}${FILES.manifest}`;
  const dropped = [FILES.harvest, ...unsettledSides(state)];
  const known = state.outcome === "interrupted" ? undefined : state.sides;
  const others = known ?? await listSides(target.store, folder, { dropped });
  const isFirst = target.versions?.get(manifest) === null;
  if (!isFirst) await project(target, manifest, manifestWith(state.files, others));
  const info = jsonBytes(harvestInfo(state, target.collectionId));
  await project(target, `${folder}${FILES.harvest}`, info);
  const sides = [...others, { name: FILES.harvest, sha1: sha1Hex(info) }];
  const bytes = manifestWith(state.files, sides);
  await project(target, manifest, bytes);
  return { manifest: bytes, sides };
}

/** Returns the side files that may still change: a harvester that was paused and replaced may have writes under way. */
function unsettledSides({ outcome }: CheckpointState): readonly string[] {
  return outcome === "interrupted" ? GROWING_SIDES : [];
}

/** Returns the names that do not change any more. */
function settledNames(names: Iterable<string>, state: CheckpointState): string[] {
  const unsettled = new Set(unsettledSides(state));
  return [...names].filter((name) => !unsettled.has(name));
}

/** The documents of a finished harvest. */
interface Projected {
  manifest: Uint8Array;
  sides: NamedSum[];
}

/** Adds a harvest to the inventory. @param sizes Of the side files. @returns The last entry. */
async function addToInventory(
  { store, collections: { clock }, collectionId, guard = () => {} }: ProjectionTarget,
  state: CheckpointState,
  { changesets, sizes, projected: { manifest, sides } }: {
    changesets: Record<string, FileSum>;
    sizes: Map<string, number>;
    projected: Projected;
  },
): Promise<Head> {
  const folder = collectionKeys(collectionId).harvest(state.began);
  const known = new Map<string, FileSum>([[FILES.manifest, fileSum(manifest)]]);
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
 * Deletes the tweets files in a harvest's folder that the checkpoint does not name, and nothing else.
 * @returns The sizes of the other files in it, by name.
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
        "The bucket does not allow deletion: files of tweets that no manifest lists, such as parts of larger ones, remain " +
          "in {folder}",
        { folder },
      );
      canDelete = false;
    }
  }
  return others;
}

/** Ignores a conflict: a file that changed or is gone is left to its writer. */
function nullIfOther(error: unknown): null {
  if (error instanceof ConflictError) return null;
  throw error;
}

/** Returns the initial positions of the next harvest: all after an interruption, else those of unfinished walks. */
function leftover(state: CheckpointState): CheckpointState["positions"] {
  return state.outcome === "interrupted" && (state.many?.positions.isEmpty ?? true)
    ? state.positions
    : unfinishedPositions(state);
}

function sum<T>(items: T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
