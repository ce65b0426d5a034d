/** Collections of a stream's tweets. */

import { z } from "zod";
import { isObject, type JsonObject, member } from "../../base/json.ts";
import { isGiven, isVersion2, newerFaults } from "../fault.ts";
import { STREAM_WALK } from "../walks.ts";
import { count, splitList, text } from "../scalars.ts";
import { common } from "./common.ts";
import type { Query, ReadingOf, StreamFilter, TypeRules } from "./rules.ts";

/** Limits of POST statuses/filter: https://developer.x.com/en/docs/tweets/filter-realtime/overview */
const MAX_TERMS = 400;
const MAX_TERM_BYTES = 60;
const MAX_FOLLOWED = 5_000;
const MAX_BOXES = 25;
/** Rules of an app: https://docs.x.com/x-api/posts/filtered-stream/introduction */
const MAX_RULES = 1_000;
/** Characters of a rule. */
const MAX_RULE = 1_024;

const idsOnly = "must be user ids (digits) with commas between them, in quotes";
const boxesOnly =
  "must be boxes of longitude,latitude of the south-west and then of the north-east corner";

const filterPart = z.looseObject({
  track: z.string("must be terms with commas between them, in quotes")
    .refine((track) => splitList(track).length <= MAX_TERMS, `has more than ${MAX_TERMS} terms`)
    .refine(
      (track) => splitList(track).every((term) => countBytes(term) <= MAX_TERM_BYTES),
      `has a term of more than ${MAX_TERM_BYTES} bytes`,
    ).optional(),
  follow: z.string(idsOnly)
    .refine((follow) => splitList(follow).every((id) => /^\d+$/.test(id)), idsOnly)
    .refine(
      (follow) => splitList(follow).length <= MAX_FOLLOWED,
      `has more than ${MAX_FOLLOWED} users`,
    ).optional(),
  locations: z.string(boxesOnly)
    .refine(areBoxes, boxesOnly)
    .refine((all) => splitList(all).length <= MAX_BOXES * 4, `has more than ${MAX_BOXES} boxes`)
    .optional(),
  max_records: count.optional(),
  /** Version 2: rules, each with an optional name. */
  rules: z.array(
    z.looseObject({ value: text.trim(), tag: z.string("must be text in quotes").optional() }),
    "must be a list: [...]",
  ).max(MAX_RULES, `has more than ${MAX_RULES} rules`).optional(),
  /** Version 2: whether other collections may have rules on the same app. */
  share: z.boolean("must be true or false").optional(),
  /** Version 2, for accounts with that feature: minutes before a connection that are delivered with it. */
  backfill_minutes: z.int("must be a whole number of minutes").min(0, "must be 0 to 5")
    .max(5, "must be 0 to 5").optional(),
  /** Version 2: whether search fills the stream's gaps; true by default. */
  fill_gaps: z.boolean("must be true or false").optional(),
});

/** The placeholder of its template. */
const MAX_RECORDS =
  "<Optional. Maximum number of records to collect from filter-start to filter-stop.";

const schema = z.looseObject({ ...common, type: z.literal("filter"), filter: filterPart });

/** A configuration that collects a stream's tweets. */
export type FilterConfig = z.infer<typeof schema>;

/** The rules of the type. */
export const filter: TypeRules<FilterConfig, ReadingOf<"stream">> = {
  schema,
  template: { members: templateMembers, fillIn: "the filter of the stream" },
  parse: (config) => schema.safeParse(config),

  faults(part, config) {
    const newer = newerFaults(part, config, "filter.");
    if (["track", "follow", "locations"].some((key) => isGiven(part, key))) return newer;
    if (Array.isArray(part.rules) && part.rules.length > 0) return newer;
    const says = isVersion2(config)
      ? 'Must provide track, follow, locations, or rules for a filter. Add one of them to "filter".'
      : 'Must provide track, follow, or locations for a filter. Add one of them to "filter".';
    return [...newer, { at: "filter.track", says }];
  },

  /** The stream of version 1.1 requires them. */
  needsUserKeys: (config) => !isVersion2(config),

  typedIds(config) {
    const follow = member(readPart(config), "follow");
    const ids = typeof follow === "string" ? splitList(follow) : [];
    return ids.map((id) => ({ at: "filter.follow", id, of: "user" }));
  },

  queries,

  plan(config) {
    const { max_records, backfill_minutes: backfillMinutes } = config.filter;
    return {
      walks: 1,
      walk: STREAM_WALK,
      maxRecords: max_records === undefined ? undefined : Number(max_records),
      reading: {
        kind: "stream",
        filter: streamFilter(config),
        ...(backfillMinutes === undefined ? {} : { backfillMinutes }),
      },
      sinceId: () => undefined,
    };
  },
};

function readPart(config: JsonObject): JsonObject {
  const part = member(config, "filter");
  return isObject(part) ? part : {};
}

/** Version 2 has rules in place of the lists of 1.1. */
function templateMembers(api: "1.1" | "2"): JsonObject {
  const wanted: JsonObject = api === "2"
    ? {
      rules: [{
        value: "<Rule: words, #tags, from:user ... as in a search>",
        tag: "<Optional. Your name for the rule>",
      }],
    }
    : {
      track: "<Comma separated list of terms or hashtags>",
      follow: "<Comma separated list of user ids>",
    };
  return { filter: { ...wanted, max_records: MAX_RECORDS } };
}

function queries(config: JsonObject): Query[] {
  const part = readPart(config);
  const [track, rules] = [member(part, "track"), member(part, "rules")];
  // Terms have a limit of their own.
  const terms = typeof track === "string"
    ? [{ at: "filter.track", text: track, most: Infinity }]
    : [];
  const values = (Array.isArray(rules) ? rules : []).map((rule) =>
    isObject(rule) ? member(rule, "value") : undefined
  );
  return [
    ...terms,
    ...values.flatMap((value, i) =>
      typeof value === "string"
        ? [{ at: `filter.rules.${i}.value`, text: value.trim(), most: MAX_RULE }]
        : []
    ),
  ];
}

/** Returns the filter of the stream. */
function streamFilter({ filter }: FilterConfig): StreamFilter {
  return {
    ...(filter.rules ? { rules: filter.rules.map(({ value, tag }) => ({ value, tag })) } : {}),
    ...(filter.track ? { track: filter.track } : {}),
    ...(filter.follow ? { follow: filter.follow } : {}),
    ...(filter.locations ? { locations: filter.locations } : {}),
  };
}

function countBytes(term: string): number {
  return new TextEncoder().encode(term).length;
}

function areBoxes(list: string): boolean {
  const parts = list.split(",").map((part) => part.trim());
  if (parts.length % 4 !== 0) return list.trim() === "";
  if (!parts.every((part) => /^[+-]?\d+(\.\d*)?$/.test(part))) return false;
  const numbers = parts.map(Number);
  for (let i = 0; i < numbers.length; i += 4) {
    const [west = NaN, south = NaN, east = NaN, north = NaN] = numbers.slice(i, i + 4);
    if (!(west >= -180 && east <= 180 && west < east)) return false;
    if (!(south >= -90 && north <= 90 && south < north)) return false;
  }
  return true;
}
