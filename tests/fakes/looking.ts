/** How tests verify a collection: nothing harvests it, and nobody is to be shown how far it is. */

import type { VerifyOptions } from "../../lib/archive/verify.ts";
import { systemClock } from "../../lib/base/clock.ts";
import type { MemoryStore } from "./memory_store.ts";

/** The options of `verify`, with which `repair` begins as well. */
export function looking(
  store: MemoryStore,
  { clock = systemClock, collectionId = "c" }: Partial<
    Pick<VerifyOptions, "clock" | "collectionId">
  > = {},
): VerifyOptions & { store: MemoryStore } {
  const { signal } = new AbortController();
  return { store, clock, collectionId, isGone: () => true, onFile: () => {}, signal };
}
