/** Works on a collection under its lease, so that it is not harvested meanwhile. */

import type { Lease } from "../../bucket/lease.ts";
import type { Store } from "../../store/store.ts";
import type { Context } from "../context.ts";

/** The collection, and the options of its lease. */
export interface Leased {
  store: Store;
  collectionId: string;
}

/**
 * Acts under the collection's lease, and releases it; waits for a lock that has to be watched. `act` gets the id of the
 * lease's holder too.
 * @throws LockedError while the collection is harvested; the signal's reason; what `act` throws.
 */
export async function underLease<T>(
  { store, collectionId }: Leased,
  { clock, output, signal }: Pick<Context, "clock" | "output" | "signal">,
  act: (lease: Lease, holder: string) => Promise<T>,
): Promise<T> {
  const { acquireLease } = await import("../../bucket/lease.ts");
  const { holderIsGone: isGone, thisProcess } = await import("../../bucket/process.ts");
  const holder = { id: crypto.randomUUID(), ...thisProcess() };
  const onWatch = (text: string) => output.note(`${text}.`);
  const lease = await acquireLease({ store, collectionId, holder, clock, isGone, signal, onWatch })
    .catch((error) => {
      signal.throwIfAborted();
      throw error;
    });
  try {
    return await act(lease, holder.id);
  } finally {
    await lease.release();
  }
}
