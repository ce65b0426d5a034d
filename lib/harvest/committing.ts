/** What a harvester commits with: into the folder of the checkpoint's harvest, under its lease. */

import type { Checkpoint } from "../bucket/checkpoint.ts";
import type { Lease } from "../bucket/lease.ts";
import { beginNext } from "../bucket/next_harvest.ts";
import { type ProjectionTarget, projectManifest } from "../bucket/projection.ts";
import type { Clock } from "../clock.ts";
import { collectionKeys } from "../collection/layout.ts";
import type { Waits } from "../waits.ts";
import type { LeftOptions } from "./left_cuts.ts";

/** What committing takes. */
export interface Committing {
  target: ProjectionTarget;
  checkpoint: Checkpoint;
  lease: Lease;
  clock: Clock;
  /** Milliseconds that the store may be away. */
  patienceMs: number;
  waits: Waits;
}

/** What cuts are committed with. */
export function committing(
  { target, checkpoint, lease, clock, patienceMs, waits }: Committing,
): LeftOptions {
  /** What the manifest lists: a commit without new files need not write it again, as S3 bills each write. */
  let listed: Checkpoint["state"]["files"] | undefined;
  return {
    store: target.store,
    checkpoint,
    folder: collectionKeys(target.collectionId).harvest(checkpoint.state.began),
    clock,
    patienceMs,
    lost: lease.lost,
    waits,
    guard: () => lease.check(),
    project: async () => {
      const { files } = checkpoint.state;
      if (files === listed) return;
      await projectManifest(target, checkpoint.state);
      listed = files;
    },
    next: (began) => beginNext(target, checkpoint, began),
  };
}
