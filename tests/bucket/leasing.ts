/** What tests of leases and locks begin with: a store, a clock, and how the lease of one collection is taken. */

import { type LeaseOptions, takeLease } from "../../lib/bucket/lease.ts";
import { readLock } from "../../lib/bucket/lock.ts";
import { ManualClock } from "../fakes/manual_clock.ts";
import type { MemoryStore } from "../fakes/memory_store.ts";

/** Takes and looks at the lease of the collection `news` in a store. */
export function leasing<S extends MemoryStore>(store: S, clock = new ManualClock()) {
  const take = (id: string, more: Partial<LeaseOptions> = {}) =>
    takeLease({
      store,
      collectionId: "news",
      holder: { id, host: `host-${id}`, pid: 4711 },
      clock,
      isGone: () => false,
      ...more,
    });
  const look = () => readLock(store, "news", { clock, isGone: () => false });
  return { store, clock, take, look };
}
