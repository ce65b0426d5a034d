/** Ends an interrupted harvest of a stream at the stop that a person made since. */

import { Buffer } from "node:buffer";
import type { Clock } from "../../base/clock.ts";
import { isObject, jsonOrNull } from "../../base/json.ts";
import { jsonLineBytes } from "../../base/json_bytes.ts";
import type { Checkpoint } from "../../bucket/checkpoint.ts";
import type { CheckpointState, Commit, NamedSum } from "../../bucket/checkpoint_state.ts";
import { readCoverage } from "../../bucket/coverage.ts";
import { rewriteSide } from "../../bucket/final_manifest.ts";
import { sha1Hex } from "../../bucket/inventory_entry.ts";
import type { ProjectionTarget } from "../../bucket/projection.ts";
import { traitsFor } from "../../collection/types/traits.ts";
import { collectionKeys, FILES } from "../../collection/layout.ts";
import type { Store } from "../../store/store.ts";
import type { Gap } from "../../twitter/api.ts";
import { CUT_THEN_STOPPED, cutOffAt, stoppedAt } from "../../source/stopped_stream.ts";

/**
 * Returns when a person stopped a stream after it was cut off, if no harvest has gone on since; in milliseconds since
 * 1970. @throws OutsideError where the store fails
 */
export async function stopAfterCut(
  { store, clock, collectionId }: { store: Store; clock: Clock; collectionId: string },
  { type, positions }: Pick<CheckpointState, "type" | "positions">,
): Promise<number | null> {
  const cut = traitsFor(type).endsByItself ? null : cutOffAt(positions);
  if (cut === null) return null;
  const records = await readCoverage(store, collectionId);
  const stop = records.find(({ what, at }) => what === "stop" && Date.parse(at) > cut);
  // The clock of the machine that stopped it may be ahead.
  return stop ? Math.max(cut, Math.min(Date.parse(stop.at), clock.now())) : null;
}

/**
 * Records what a stream missed from when it was cut off until a person stopped it; the silence from then on is wanted.
 * Call before the harvest is settled, with a checkpoint that is fenced. Idempotent.
 * @returns Whether there was such a stop.
 * @throws LockedError where the lease is lost; UserError where the configuration is damaged; OutsideError
 */
export async function endAtStop(
  target: ProjectionTarget,
  checkpoint: Checkpoint,
): Promise<boolean> {
  const { store, collections, collectionId, guard = () => {} } = target;
  const { state } = checkpoint;
  const { clock } = collections;
  const stop = await stopAfterCut({ store, clock, collectionId }, state);
  if (stop === null) return false;
  const { config } = await collections.load(collectionId, { keys: "optional" });
  const stopped = stoppedAt(config, state.positions, stop);
  if (!stopped) return false;
  await guard();
  const gaps = await addGap(target, state, stopped.gap);
  await guard();
  await checkpoint.commit({
    ...endFor(state),
    positions: stopped.positions,
    counts: { ...state.counts, gaps: gaps.count },
    ...(state.sides ? { sides: [...state.sides.filter(isOther), gaps.side] } : {}),
  });
  return true;
}

/** Returns the end of a harvest that was interrupted; one that had ended itself is projected again. */
function endFor({ state, ended, at }: CheckpointState): Commit {
  if (state !== "harvesting") return { state: "finished" };
  return {
    state: "finished",
    outcome: "interrupted",
    ended_by: "killed",
    reason: "The harvester was interrupted, and the stream was stopped before it went on",
    ended: ended ?? at,
  };
}

function isOther({ name }: NamedSum): boolean {
  return name !== FILES.gaps;
}

/** Adds the gap to the harvest's, in place of one that an earlier run or less of the stream's tweets made. */
async function addGap(
  { store, collectionId }: ProjectionTarget,
  { began, files }: CheckpointState,
  gap: Gap,
): Promise<{ count: number; side: NamedSum }> {
  const folder = collectionKeys(collectionId).harvest(began);
  const before = new TextDecoder().decode((await store.get(`${folder}${FILES.gaps}`))?.bytes);
  const others = before.split("\n").filter((line) => line !== "" && !isSame(line));
  const lines = [...others.map((line) => `${line}\n`), jsonLineBytes(gap)];
  const bytes = Buffer.concat(lines.map((line) => Buffer.from(line)));
  await rewriteSide({ store, folder, files, check: () => {} }, FILES.gaps, bytes);
  return { count: lines.length, side: { name: FILES.gaps, sha1: sha1Hex(bytes) } };
}

function isSame(line: string): boolean {
  const gap = jsonOrNull(line);
  return isObject(gap) && gap.why === CUT_THEN_STOPPED;
}
