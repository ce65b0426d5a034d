/** The beginning of a harvest: the current configuration, a new folder, and the checkpoint that records both. */

import type { Checkpoint } from "../bucket/checkpoint.ts";
import { claimFolder } from "../bucket/harvest_folder.ts";
import type { Lease } from "../bucket/lease.ts";
import { noteBegun, type ProjectionTarget, settle } from "../bucket/projection.ts";
import type { Clock } from "../base/clock.ts";
import { withoutKeys } from "../collection/config.ts";
import { checkNotFrozen } from "../collection/frozen.ts";
import { madeFrom } from "../collection/made.ts";
import { type CollectionConfig, planFor } from "../collection/types/registry.ts";

/** Options of a harvest's beginning. */
export interface Beginning {
  target: ProjectionTarget;
  checkpoint: Checkpoint;
  lease: Lease;
  clock: Clock;
  /** Acts on a bucket that may be unavailable for a while. */
  patiently: <T>(act: () => Promise<T>) => Promise<T>;
}

/**
 * Fences the checkpoint against other writers where it has to be projected or extended. A settled one is not
 * projected until the next harvest begins: that write fences it as well.
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
export async function beginHarvest(beginning: Beginning): Promise<CollectionConfig> {
  const { target, checkpoint, lease, patiently } = beginning;
  for (;;) {
    const config = await begunOnce(beginning);
    if (config) return config;
    // A harvester that lost its lease began one all the same, between two harvests of its stream.
    await patiently(() => checkpoint.fence(() => lease.prove()));
    await patiently(() => settle(target, checkpoint));
  }
}

/** As `beginHarvest`; null where a former holder of the lease has written the checkpoint meanwhile. */
async function begunOnce(
  { target, checkpoint, clock, patiently }: Beginning,
): Promise<CollectionConfig | null> {
  const { store, collections, collectionId, guard = () => {} } = target;
  const { config } = await patiently(() => collections.load(collectionId));
  checkNotFrozen(collectionId, config);
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
