/** X as a network: opens the source of each type of collection on an API of X. */

import type { Clock } from "../base/clock.ts";
import { isProtectedWanted } from "../collection/config.ts";
import type { CollectionConfig } from "../collection/types/registry.ts";
import type { TwitterApi } from "../twitter/api.ts";
import type { LeftOut } from "../twitter/v2/words.ts";
import { isPaid } from "../twitter/paid_api.ts";
import type { Meter } from "./meter.ts";
import { PublicApi } from "./public_api.ts";
import type { Network, SourceOptions, TweetSource } from "./source.ts";

/** X, through one version of its API. */
export class X implements Network {
  readonly #api: TwitterApi;
  readonly #clock: Clock;

  constructor(api: TwitterApi, clock: Clock) {
    this.#api = api;
    this.#clock = clock;
  }

  get leftOut(): readonly LeftOut[] {
    return this.#api.leftOut ?? [];
  }

  async openSource(config: CollectionConfig, options: SourceOptions): Promise<TweetSource> {
    const metered = await withMeter(this.#api, options.meter);
    const api = isProtectedWanted(config) ? metered : new PublicApi(metered);
    switch (config.type) {
      case "user_timeline":
        return (await import("./user_timeline.ts")).openTimelines(config, api, options);
      case "search":
        return (await import("./search.ts")).openSearch(config, api, options);
      case "filter":
        return (await import("./filter.ts")).openStream(config, api, options);
      case "hydrate":
        return await (await import("./hydrate.ts")).openIds(config, api, options);
    }
  }

  async explain(failure: unknown): Promise<unknown> {
    if (!isPaid(this.#api)) return failure;
    const { withResetDay } = await import("../twitter/v2/bill.ts");
    return await withResetDay(failure, this.#api.bill, this.#clock);
  }
}

async function withMeter(api: TwitterApi, meter: Meter | undefined): Promise<TwitterApi> {
  if (!meter) return api;
  const { MeteredApi } = await import("./metered_api.ts");
  return new MeteredApi(api, meter);
}
