/** The port to where tweets come from, and what a source hands to the recorder. */

import { getLogger } from "@logtape/logtape";
import type { ConfigUpdate } from "../collection/changeset.ts";
import type { Clock } from "../clock.ts";
import {
  type CollectionConfig,
  filterOf,
  isProtectedWanted,
  lookUpEvery,
  maxRecords,
  spanOf,
} from "../collection/config.ts";
import { OutsideError } from "../errors.ts";
import type { Json } from "../json.ts";
import type { Gap, MissingTweet, StreamMessage, StreamWanted, TwitterApi } from "../twitter/api.ts";
import { searchQueries } from "../twitter/rules.ts";
import type { Waits } from "../waits.ts";
import type { FilterOptions } from "./filter.ts";
import { PublicApi } from "./public_api.ts";

const log = getLogger(["twarc-cloud", "harvest"]);

/** Where a walk stands: whole, or anything that its source can go on from. */
export type Position = Json | "whole";

/** Whether nothing is left to do from a position: the walk is whole, or a stream that was ended in good order. */
export function isDone(position: Position): boolean {
  if (position === "whole") return true;
  return typeof position === "object" && position !== null && "isStopped" in position;
}

/** That a checkpoint's position of a walk is none of ours. */
export function unreadablePosition(walk: string, cause?: unknown): OutsideError {
  return new OutsideError(`The checkpoint's position of ${walk} cannot be read`, {
    cause,
    hint: "It was written by another version of twarc-cloud: use that one to end the harvest.",
  });
}

/** The positions of walks, by walk: `user:12`, `search`, `stream`. */
export type Positions = Record<string, Position>;

/** Something that was found to have changed about a user. */
export interface UserChange {
  user_id: string;
  screen_name?: string;
  change:
    | "screen name found"
    | "screen name changed"
    | "protected"
    | "suspended"
    | "not_found";
}

/** A user whose timeline could not be read, although others could, and why. */
export interface Unavailable {
  id: string;
  screen_name?: string;
  why: string;
}

/** What one API answer brought, whole. */
export interface Batch {
  /** The walk that it belongs to. */
  walk: string;
  /** Where that walk stands after this batch. */
  position: Position;
  /** Raw lines without a line break; a v2 line holds several tweets. */
  tweets: Uint8Array[];
  /** The tweets in these lines. */
  count: number;
  users?: Uint8Array[];
  userChanges?: UserChange[];
  messages?: StreamMessage[];
  gap?: Gap;
  missing?: MissingTweet[];
  /** How many ids of a list were asked for by now, and how many it has. */
  ids?: { done: number; of: number };
  /** What was left out, as it is not public: tweets, and users whose timelines were not asked for. */
  protected?: { tweets?: number; users?: number };
  /** A user whom the API could not give. */
  unavailable?: Unavailable;
  /** A user who is taken out of the configuration, and for which state. */
  removed?: Unavailable;
  /** Whether its position is to be committed at once, although it may bring nothing. */
  isUrgent?: true;
  /** What the configuration is to learn from it; a since_id comes only with "whole". */
  update?: ConfigUpdate;
}

/** Where tweets come from. */
export interface TweetSource {
  /**
   * The batches from `from` on. Ends when every walk is whole, when `max_records` is reached, or
   * soon after `signal` is aborted; throws what the API port throws.
   */
  batches(from: Positions, signal: AbortSignal): AsyncIterable<Batch>;
}

/** Whether losing a batch in a crash would lose more than a position. */
export function hasContent(
  { count, users, userChanges, messages, missing, gap, update, position }: Batch,
): boolean {
  const sides = [users, userChanges, messages, missing].some((lines) => lines && lines.length > 0);
  return count > 0 || sides || gap !== undefined || update !== undefined || position === "whole";
}

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
  confirm?: () => Promise<void>;
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
      });
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
    ...(confirm ? { confirm } : {}),
    ...(backfill_minutes === undefined ? {} : { backfillMinutes: backfill_minutes }),
  };
  const isAskedAgain = config.api === "2" && fill_gaps;
  const { queries, tooLong } = isAskedAgain ? searchQueries(filter) : { queries: [], tooLong: [] };
  for (const rule of tooLong) {
    log.warn("Too long for search, so that its gaps stay open: {rule}", { rule });
  }
  return { wanted, queries, maxRecords: maxRecords(config) };
}

/** How many walks a whole harvest of this configuration has. */
export function walksOf(config: CollectionConfig): number {
  return config.type === "user_timeline" ? Object.keys(config.users).length : 1;
}
