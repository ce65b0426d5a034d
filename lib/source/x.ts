/** Opens the source that a configuration asks for. */

import type { Clock } from "../base/clock.ts";
import {
  type CollectionConfig,
  filterOf,
  isProtectedWanted,
  lookUpEvery,
  maxRecords,
  spanOf,
} from "../collection/config.ts";
import type { FilterOptions } from "./filter.ts";
import { PublicApi } from "./public_api.ts";
import type { TweetSource } from "./source.ts";
import type { Confirm, StreamWanted, TwitterApi } from "../twitter/api.ts";
import type { Waits } from "../base/waits.ts";
import { searchQueries } from "../twitter/rules.ts";
import { getLogger } from "@logtape/logtape";

const log = getLogger(["twarc-cloud", "harvest"]);

/** What a source is opened with. */
export interface SourceOptions {
  api: TwitterApi;
  clock: Clock;
  /** The ids of a hydrate collection, sorted, each once. */
  ids: () => Promise<BigUint64Array>;
  /** Milliseconds that an API is waited for that worked before. */
  patienceMs: number;
  /** Told of the waits. */
  waits?: Waits | undefined;
  /** Awaited before a stream is opened again. */
  confirm?: Confirm;
}

/** Opens the source that a configuration asks for. @throws what `ids` throws. */
export async function openSource(
  config: CollectionConfig,
  { clock, ids, patienceMs, waits, confirm, ...options }: SourceOptions,
): Promise<TweetSource> {
  const api = isProtectedWanted(config) ? options.api : new PublicApi(options.api);
  const { time = clock } = api;
  switch (config.type) {
    case "user_timeline": {
      const { UserTimelineSource } = await import("./user_timeline.ts");
      const deleteUsersFor = config.delete_users_for ?? [];
      const choice = config.exclude ? { exclude: config.exclude } : {};
      const options = {
        users: config.users,
        deleteUsersFor,
        choice,
        lookUpEvery: lookUpEvery(config),
        deleteAtMost: config.delete_users_at_most,
        isProtectedWanted: isProtectedWanted(config),
        patienceMs,
        waits,
      };
      return new UserTimelineSource(api, options, time);
    }
    case "search": {
      const { SearchSource } = await import("./search.ts");
      return new SearchSource(api, {
        query: config.search.query,
        sinceId: config.search.since_id,
        span: spanOf(config),
        maxRecords: maxRecords(config),
        fill: config.search.fill,
      }, time);
    }
    case "filter": {
      const { FilterSource } = await import("./filter.ts");
      return new FilterSource(api, filterOptions(config, { confirm, patienceMs }), time);
    }
    case "hydrate": {
      const { HydrateSource } = await import("./hydrate.ts");
      const { since_id: sinceId } = config.hydrate;
      return new HydrateSource(api, { ids: await ids(), sinceId, patienceMs, waits }, clock);
    }
  }
}

function filterOptions(
  config: Extract<CollectionConfig, { type: "filter" }>,
  { confirm, patienceMs }: { confirm: SourceOptions["confirm"] | undefined; patienceMs: number },
): FilterOptions {
  const { share, backfill_minutes, fill_gaps = true } = config.filter;
  const filter = filterOf(config);
  const wanted: StreamWanted = {
    filter,
    owner: config.id,
    patienceMs,
    ...(share === undefined ? {} : { share }),
    ...(backfill_minutes === undefined ? {} : { backfillMinutes: backfill_minutes }),
  };
  const isAskedAgain = config.api === "2" && fill_gaps;
  const { queries, tooLong } = isAskedAgain ? searchQueries(filter) : { queries: [], tooLong: [] };
  for (const rule of tooLong) {
    log.warn("Too long for search, so that its gaps stay open: {rule}", { rule });
  }
  return { wanted, confirm, queries, maxRecords: maxRecords(config) };
}

/** How many walks a whole harvest of this configuration has. */
export function walksOf(config: CollectionConfig): number {
  return config.type === "user_timeline" ? Object.keys(config.users).length : 1;
}
