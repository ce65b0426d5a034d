/** How a harvest begins: the configuration as it is now, a folder of its own, and the checkpoint that says so. */

import { type Checkpoint, claimFolder } from "../bucket/checkpoint.ts";
import type { Lease } from "../bucket/lease.ts";
import { noteBegun, type ProjectionTarget, settle } from "../bucket/projection.ts";
import type { Clock } from "../base/clock.ts";
import { withoutKeys } from "../collection/config.ts";
import { madeFrom } from "../collection/made.ts";
import { type CollectionConfig, planFor } from "../collection/types/registry.ts";

/** What a harvest is begun with. */
export interface Beginning {
  target: ProjectionTarget;
  checkpoint: Checkpoint;
  lease: Lease;
  clock: Clock;
  /** Acts on a bucket that may be away for a while. */
  patiently: <T>(act: () => Promise<T>) => Promise<T>;
}

/**
 * Makes the checkpoint one that nobody else writes, where something follows from it or is to be added to it. From one
 * that is settled nothing follows until the next harvest begins: that write does the same.
 * @throws LockedError where the lease is lost.
 */
export async function fenceUnsettled(
  { target, checkpoint, lease, patiently }: Beginning,
  { isAdded }: { isAdded: boolean },
): Promise<void> {
  if (checkpoint.state.state === "settled" && !isAdded) return;
  await patiently(async () => {
    await target.guard?.();
    await checkpoint.fence(() => lease.prove());
  });
}

/**
 * Begins a harvest.
 * @returns Its configuration.
 * @throws LockedError where the lease is lost.
 */
export async function begun(beginning: Beginning): Promise<CollectionConfig> {
  const { target, checkpoint, lease, patiently } = beginning;
  for (;;) {
    const config = await begunOnce(beginning);
    if (config) return config;
    // A harvester that has lost its lease began one all the same, between two harvests of its stream.
    await patiently(() => checkpoint.fence(() => lease.prove()));
    await patiently(() => settle(target, checkpoint));
  }
}

/** As `begun`; null where a former holder of the lease has put the checkpoint meanwhile. */
async function begunOnce(
  { target, checkpoint, clock, patiently }: Beginning,
): Promise<CollectionConfig | null> {
  const { store, collections, collectionId, guard = () => {} } = target;
  const { config } = await patiently(() => collections.load(collectionId));
  const now = clock.now();
  const { began, sides } = await patiently(async () => {
    await guard();
    return await claimFolder(store, { collectionId, config: withoutKeys(config), now });
  });
  const { walks } = planFor(config);
  const isBegun = await patiently(async () => {
    await guard();
    return await checkpoint.begin(began, {
      walks,
      type: config.type,
      sides,
      made: madeFrom(config),
    });
  });
  if (!isBegun) return null;
  noteBegun(target, began);
  return config;
}
