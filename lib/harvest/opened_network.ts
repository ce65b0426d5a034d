/** The API of a collection, at the beginning of a harvest. */

import { Collections } from "../bucket/collections.ts";
import type { Clock } from "../base/clock.ts";
import type { CollectionConfig } from "../collection/config.ts";
import type { Limits } from "../collection/limits.ts";
import type { Store } from "../store/store.ts";
import type { TwitterApi } from "../twitter/api.ts";
import type { Waits } from "../base/waits.ts";
import { patiently } from "../source/patience.ts";

/** Milliseconds that a bucket is waited for that was not reached before. */
const FIRST_PATIENCE = 10_000;

/** What a collection's API is opened with. */
export interface ApiOpening {
  collectionId: string;
  store: Store;
  clock: Clock;
  openApi: (config: CollectionConfig, waits: Waits) => Promise<TwitterApi>;
  /** Milliseconds that the bucket may be away. */
  patienceMs: number;
  /** The limits that the configuration sets. */
  limitsFor?: (config: CollectionConfig) => Limits;
  /** The process is told to end. */
  signal: AbortSignal;
}

/** What is kept of a configuration. */
export interface Opened {
  api: TwitterApi;
  type: CollectionConfig["type"];
  limits?: Limits;
}

/**
 * The API, by the configuration, of which only the type is kept; a bucket that cannot be reached at first may have been named wrongly.
 * @throws what the bucket fails with, and `openApi`.
 */
export async function openedApi(
  { store, clock, collectionId, signal, openApi, ...given }: ApiOpening,
  waits: Waits,
): Promise<Opened> {
  const patienceMs = Math.min(given.patienceMs, FIRST_PATIENCE);
  const config = await patiently(
    { clock, patienceMs, lost: signal, stopped: signal, waits },
    async () => (await new Collections(store, clock).load(collectionId)).config,
  );
  const limits = given.limitsFor?.(config);
  return { api: await openApi(config, waits), type: config.type, ...limits ? { limits } : {} };
}
