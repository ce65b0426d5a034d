/** Working on a collection that nobody may harvest meanwhile. */

import type { Lease } from "../bucket/lease.ts";
import type { Clock } from "../clock.ts";
import type { Store } from "../store/store.ts";

/** The collection, and what its lease is taken with. */
export interface Leased {
  store: Store;
  bucket: string;
  collectionId: string;
  clock: Clock;
}

/**
 * Does something under the collection's lease, and gives it back. `act` gets the id of the lease's holder too.
 * @throws LockedError while the collection is harvested; what `act` throws.
 */
export async function underLease<T>(
  { store, bucket, collectionId, clock }: Leased,
  act: (lease: Lease, holder: string) => Promise<T>,
): Promise<T> {
  const { takeLease } = await import("../bucket/lease.ts");
  const { goneIn, thisProcess } = await import("../bucket/process.ts");
  const holder = { id: crypto.randomUUID(), ...thisProcess() };
  const isGone = goneIn(bucket);
  const lease = await takeLease({ store, collectionId, holder, clock, isGone });
  try {
    return await act(lease, holder.id);
  } finally {
    await lease.release();
  }
}
