/** The meter of a harvest that costs money. */

import type { Checkpoint } from "../bucket/checkpoint.ts";
import type { Clock } from "../base/clock.ts";
import type { CollectionConfig } from "../collection/types/registry.ts";
import { pricesWith } from "../billing/prices.ts";
import { Meter } from "../source/meter.ts";

/** Returns the meter of a configuration's harvest; undefined where reading costs nothing. */
export function meterFor(
  { api, budget, prices }: CollectionConfig,
  { state: { spent } }: Checkpoint,
  clock: Clock,
): Meter | undefined {
  return api === "2" ? new Meter({ prices: pricesWith(prices), budget, clock, spent }) : undefined;
}
