/** What tests of leases and locks begin with: a store, a clock, and how the lease of one collection is taken. */

import { acquireLease, type LeaseOptions } from "../../lib/bucket/lease.ts";
import { type LookOptions, readLock } from "../../lib/bucket/lock.ts";
import { ManualClock } from "../fakes/manual_clock.ts";
import type { MemoryStore } from "../fakes/memory_store.ts";

/**
 * Takes and looks at the lease of the collection `news` in a store.
 * @param hasTime Whether the store has a clock of its own, as S3 does, and a folder does not.
 */
export function leasing<S extends MemoryStore>(
  store: S,
  { clock = new ManualClock(), hasTime = true } = {},
) {
  if (hasTime) store.clock = clock;
  const take = (id: string, more: Partial<LeaseOptions> = {}) =>
    acquireLease({
      store,
      collectionId: "news",
      holder: { id, host: `host-${id}`, pid: 4711 },
      clock,
      isGone: () => null,
      ...more,
    });
  const look = (more: Partial<LookOptions> = {}) =>
    readLock(store, "news", { clock, isGone: () => null, ...more });
  return { store, clock, take, look };
}
