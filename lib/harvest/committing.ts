/** The committer's options: the folder of the checkpoint's harvest, and its lease. */

import type { Checkpoint } from "../bucket/checkpoint.ts";
import type { CheckpointState, HarvestFile } from "../bucket/checkpoint_state.ts";
import type { Lease } from "../bucket/lease.ts";
import { beginNext } from "../bucket/next_harvest.ts";
import { type ProjectionTarget, projectManifest } from "../bucket/projection.ts";
import type { Clock } from "../base/clock.ts";
import { collectionKeys } from "../collection/layout.ts";
import type { Waits } from "../base/waits.ts";
import type { LeftOptions } from "./recovery/left_cuts.ts";

/** Input of the committer's options. */
export interface Committing {
  target: ProjectionTarget;
  checkpoint: Checkpoint;
  lease: Lease;
  clock: Clock;
  /** Milliseconds that the store may be unavailable. */
  patienceMs: number;
  waits: Waits;
}

/** Returns the options of a committer. */
export function committing(
  { target, checkpoint, lease, clock, patienceMs, waits }: Committing,
): LeftOptions {
  let listed = toListing(checkpoint.state);
  return {
    store: target.store,
    checkpoint,
    folder: collectionKeys(target.collectionId).harvest(checkpoint.state.began),
    clock,
    patienceMs,
    lost: lease.lostSignal,
    waits,
    guard: () => lease.check(),
    project: async () => {
      const { state } = checkpoint;
      const { began, files } = state;
      // A harvest that was begun since lists nothing.
      if (listed.began !== began) listed = { began, files: null };
      const isDue = target.store.isBilled ? isManifestDue(state, listed) : listed.files !== files;
      if (!isDue) return;
      await projectManifest(target, state);
      listed = { began, files };
    },
    next: (began) => beginNext(target, checkpoint, began),
  };
}

/** The files that the manifest of a harvest lists. */
interface Listing {
  began: number;
  /** Null where it is not written yet; undefined where another harvester wrote it. */
  files: HarvestFile[] | null | undefined;
}

function toListing({ began, files }: CheckpointState): Listing {
  return { began, files: files.length === 0 ? null : undefined };
}

/**
 * Returns whether the manifest has to be written where each write costs money: the pieces of an open segment can be
 * found in the checkpoint. Nothing that it lists may be deleted, each whole segment is to be in it, and there is one
 * from the first commit on; that of a finished harvest is written when it is settled.
 */
function isManifestDue({ state, files }: CheckpointState, listed: Listing): boolean {
  const whole = files.filter(({ pieceOf }) => pieceOf === undefined);
  // Pieces that it lists are deleted only where a whole segment replaces them.
  if (listed.files === undefined) return whole.length > 0;
  if (listed.files === null) return state === "harvesting";
  const names = listNames(listed.files);
  if (!names.isSubsetOf(listNames(files))) return true;
  return state === "harvesting" && whole.some(({ name }) => !names.has(name));
}

function listNames(files: HarvestFile[]): Set<string> {
  return new Set(files.map(({ name }) => name));
}
