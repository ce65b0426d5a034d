/** Collections of a search's results. */

import { z } from "zod";
import { isoTime } from "../../base/clock.ts";
import { isObject, type Json, type JsonObject, member } from "../../base/json.ts";
import { SLACK } from "../../base/typed_ids.ts";
import { type Fault, isGiven, isVersion2, newerFaults } from "../fault.ts";
import { count, digits, text, time } from "../scalars.ts";
import { common } from "./common.ts";
import type { ReadingOf, SearchSpan, TypeRules } from "./rules.ts";

/** The name of its walk. */
export const SEARCH_WALK = "search";
/** GET search/tweets: characters of a query. */
const MAX_QUERY = 500;
/** Characters of a query of version 2: https://docs.x.com/x-api/posts/search/introduction */
const MAX_NEWER_QUERY = { recent: 512, all: 1_024 };

/** The placeholder of its template. */
const MAX_RECORDS = "<Optional. Maximum number of records to collect per harvest.";

const schema = z.looseObject({
  ...common,
  type: z.literal("search"),
  search: z.looseObject({
    query: text.trim(),
    since_id: digits.optional(),
    max_records: count.optional(),
    /** Whether harvests request tweets that `max_records` left out before. */
    fill: z.boolean("must be true or false").optional(),
    /** Version 2: "all" for the full archive, in place of the last seven days. */
    archive: z.enum(["recent", "all"], 'must be "recent" or "all"').optional(),
    /** Version 2: only tweets from this time on. */
    start_time: time.optional(),
    /** Version 2: only tweets before this time. */
    end_time: time.optional(),
  }),
});

/** A configuration that collects a search's results. */
export type SearchConfig = z.infer<typeof schema>;

/** The rules of the type. */
export const search: TypeRules<SearchConfig, ReadingOf<"query">> = {
  schema,
  template: {
    members: () => ({ search: { query: "<Query>", max_records: MAX_RECORDS } }),
    fillIn: "your query",
  },
  parse: (config) => schema.safeParse(config),
  faults: (part, config) => [
    ...queryFaults(part, config),
    ...newerFaults(part, config, "search."),
  ],

  typedIds: (config) => [
    { at: "search.since_id", id: member(readPart(config), "since_id"), of: "tweet" },
  ],

  queries(config) {
    const part = readPart(config);
    const query = member(part, "query");
    if (typeof query !== "string") return [];
    const most = MAX_NEWER_QUERY[member(part, "archive") === "all" ? "all" : "recent"];
    return [{ at: "search.query", text: query.trim(), most }];
  },

  spanFaults: (config, now) => spanFaults(readPart(config), now),

  plan(config) {
    const { query, since_id: sinceId, max_records } = config.search;
    return {
      walks: 1,
      walk: SEARCH_WALK,
      maxRecords: max_records === undefined ? undefined : Number(max_records),
      reading: { kind: "query", query, sinceId, span: searchSpan(config) },
      sinceId: () => sinceId,
      position: (_, { newest, oldest }) => ({
        newest,
        oldest,
        ...(sinceId === undefined ? {} : { since: sinceId }),
      }),
    };
  },
};

function readPart(config: JsonObject): JsonObject {
  const part = member(config, "search");
  return isObject(part) ? part : {};
}

function queryFaults(part: JsonObject, config: JsonObject): Fault[] {
  const at = "search.query";
  if (!isGiven(part, "query")) {
    return [{ at, says: 'Query must be provided. Add "query" to "search".' }];
  }
  const { query } = part;
  // Version 2's limits depend on the kind of access, and the API reports them.
  if (isVersion2(config) || typeof query !== "string" || query.trim().length <= MAX_QUERY) {
    return [];
  }
  return [{ at, says: `${at} is longer than ${MAX_QUERY} characters. Shorten it.` }];
}

function spanFaults(part: JsonObject, now: number): Fault[] {
  const [start, end] = [readTime(member(part, "start_time")), readTime(member(part, "end_time"))];
  if (start !== undefined && start > now + SLACK) {
    const says =
      `search.start_time is ${isoTime(start)}, which is in the future: there is nothing to find. ` +
      "Set it to a time in the past, or leave it out.";
    return [{ at: "search.start_time", says }];
  }
  if (start === undefined || end === undefined || start < end) return [];
  const says =
    "search.end_time is not after search.start_time: there is nothing between them. Swap them, or leave " +
    "one out.";
  return [{ at: "search.end_time", says }];
}

function readTime(text: Json | undefined): number | undefined {
  const ms = typeof text === "string" ? Date.parse(text) : NaN;
  // The schema reports an invalid time.
  return Number.isNaN(ms) ? undefined : ms;
}

/** Returns the span of time of a search. */
function searchSpan({ search }: SearchConfig): SearchSpan {
  return {
    ...(search.archive ? { archive: search.archive } : {}),
    ...(search.start_time ? { startTime: search.start_time } : {}),
    ...(search.end_time ? { endTime: search.end_time } : {}),
  };
}
