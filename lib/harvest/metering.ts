/** What meters a harvest, where reading costs something. */

import type { Checkpoint } from "../bucket/checkpoint.ts";
import type { Clock } from "../base/clock.ts";
import type { CollectionConfig } from "../collection/config.ts";
import { pricesWith } from "../billing/prices.ts";
import type { TwitterApi } from "../twitter/api.ts";
import { Meter } from "../source/meter.ts";

/** The meter of a configuration's harvest; undefined where reading costs nothing. */
export function meterFor(
  { api, budget, prices }: CollectionConfig,
  { state: { spent } }: Checkpoint,
  clock: Clock,
): Meter | undefined {
  return api === "2" ? new Meter({ prices: pricesWith(prices), budget, clock, spent }) : undefined;
}

/** The API with its reads metered. */
export async function metered(api: TwitterApi, meter: Meter | undefined): Promise<TwitterApi> {
  if (!meter) return api;
  const { MeteredApi } = await import("../source/metered_api.ts");
  return new MeteredApi(api, meter);
}
