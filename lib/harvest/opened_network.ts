/** The network of a collection, opened at the beginning of a harvest. */

import { Collections } from "../bucket/collections.ts";
import type { Clock } from "../base/clock.ts";
import type { CollectionConfig } from "../collection/types/registry.ts";
import { checkNotFrozen } from "../collection/frozen.ts";
import type { Limits } from "../collection/limits.ts";
import type { Store } from "../store/store.ts";
import type { Waits } from "../base/waits.ts";
import type { Network } from "../source/source.ts";
import { patiently } from "../source/patience.ts";

/** Milliseconds to wait for a bucket that was not reached before. */
const FIRST_PATIENCE_MS = 10_000;

/** Options of openNetworkFor(). */
export interface NetworkOpening {
  collectionId: string;
  store: Store;
  clock: Clock;
  /** Opens it with the keys of a configuration. */
  openNetwork: (config: CollectionConfig, waits: Waits) => Promise<Network>;
  /** Milliseconds that the bucket may be unavailable. */
  patienceMs: number;
  /** The limits that the configuration sets. */
  limitsFor?: (config: CollectionConfig) => Limits;
  /** Aborted when the process is to end. */
  signal: AbortSignal;
}

/** An open network, and what is kept of its configuration. */
export interface Opened {
  network: Network;
  type: CollectionConfig["type"];
  limits?: Limits;
}

/**
 * Opens the network by the configuration, of which only the type is kept; a bucket that cannot be reached at first
 * may have a wrong name.
 * @throws the errors of the bucket, and of `openNetwork`.
 */
export async function openNetworkFor(
  { store, clock, collectionId, signal, openNetwork, ...given }: NetworkOpening,
  waits: Waits,
): Promise<Opened> {
  const patienceMs = Math.min(given.patienceMs, FIRST_PATIENCE_MS);
  const config = await patiently(
    { clock, patienceMs, lost: signal, stopped: signal, waits },
    async () => (await new Collections(store, clock).load(collectionId)).config,
  );
  checkNotFrozen(collectionId, config);
  const limits = given.limitsFor?.(config);
  const network = await openNetwork(config, waits);
  return { network, type: config.type, ...limits ? { limits } : {} };
}
