/** A collection's configuration: what may stand in it, and every reason why it cannot be used. */

import { z } from "zod";
import { InvalidConfigError, UserError } from "../errors.ts";
import type { Json, JsonObject } from "../json.ts";
import { isObject, member } from "./changeset.ts";
import { idFault } from "./layout.ts";

/** The types of collections. */
export const TYPES = ["user_timeline", "search", "filter"] as const;
/** A type of collection. */
export type CollectionType = (typeof TYPES)[number];

/** The states for which a user can be taken out of a collection. */
export const USER_STATES = ["protected", "suspended", "not_found"] as const;

/** Limits of POST statuses/filter: https://developer.x.com/en/docs/tweets/filter-realtime/overview */
const MOST_TERMS = 400;
const MOST_FOLLOWED = 5_000;
const MOST_BOXES = 25;
/** GET search/tweets: characters of a query. */
const LONGEST_QUERY = 500;

const digits = z.string().regex(/^\d+$/, "must be a string of digits, in quotes");
const secret = z.string().min(1);
const wholeNumber = "must be a whole number above 0";
const count = z.union([
  z.string().regex(/^[1-9]\d*$/, wholeNumber),
  z.number(wholeNumber).int(wholeNumber).positive(wholeNumber),
], wholeNumber);

const keysSchema = z.looseObject({
  consumer_key: secret.optional(),
  consumer_secret: secret.optional(),
  access_token: secret.optional(),
  access_token_secret: secret.optional(),
  bearer_token: secret.optional(),
});

const common = {
  id: z.string(),
  api: z.enum(["1.1", "2"]).optional(),
  keys: keysSchema.optional(),
  /** The older name of `keys`. */
  credentials: keysSchema.optional(),
  timestamp: z.string().optional(),
};

const userTimelineSchema = z.looseObject({
  ...common,
  type: z.literal("user_timeline"),
  users: z.record(
    z.string().regex(/^\d+$/, "is not a user_id"),
    z.looseObject({
      screen_name: z.string().optional(),
      since_id: digits.optional(),
      looked_up: z.string().optional(),
    }),
  ),
  /** Version 2: days after which a user of whom nothing was heard is looked up, for 1 cent each. */
  lookup_users_every: z.number("must be a number of days").positive("must be above 0").optional(),
  delete_users_for: z.array(z.enum(USER_STATES)).optional(),
});

const searchSchema = z.looseObject({
  ...common,
  type: z.literal("search"),
  search: z.looseObject({
    query: z.string().trim().min(1).max(
      LONGEST_QUERY,
      `is longer than ${LONGEST_QUERY} characters`,
    ),
    since_id: digits.optional(),
    max_records: count.optional(),
  }),
});

const filterSchema = z.looseObject({
  ...common,
  type: z.literal("filter"),
  filter: z.looseObject({
    track: z.string().refine((text) => partsOf(text).length <= MOST_TERMS, {
      error: `has more than ${MOST_TERMS} terms`,
    }).optional(),
    follow: z.string().refine((text) => partsOf(text).every((id) => /^\d+$/.test(id)), {
      error: "must be user ids (digits) with commas between them",
    }).refine((text) => partsOf(text).length <= MOST_FOLLOWED, {
      error: `has more than ${MOST_FOLLOWED} users`,
    }).optional(),
    locations: z.string().refine(areBoxes, {
      error:
        "must be boxes of longitude,latitude of the south-west and then of the north-east corner",
    }).optional(),
    max_records: count.optional(),
  }),
});

/** A configuration that can be used. */
export type CollectionConfig = z.infer<
  typeof userTimelineSchema | typeof searchSchema | typeof filterSchema
>;

const schemas = { user_timeline: userTimelineSchema, search: searchSchema, filter: filterSchema };

/** The keys that a configuration holds. */
export type ConfigKeys = z.infer<typeof keysSchema>;

/**
 * The configuration that a JSON value is.
 * @param options.keys "optional" for a harvest's own copy, which has none.
 * @throws InvalidConfigError with every reason at once.
 */
export function checkConfig(
  json: Json,
  { keys = "needed" }: { keys?: "needed" | "optional" } = {},
): CollectionConfig {
  if (!isObject(json)) throw new InvalidConfigError(["It is not an object: { ... } is expected."]);
  const config = withoutPlaceholders(json);
  const reasons = [...idReasons(config), ...(keys === "needed" ? keysReasons(config) : [])];
  const type = member(config, "type");
  if (!isType(type)) {
    reasons.push(
      type === undefined
        ? `Missing type. Add "type", one of ${TYPES.join(", ")}.`
        : `Unrecognized collection type. Set "type" to one of ${TYPES.join(", ")}.`,
    );
    throw new InvalidConfigError(reasons);
  }
  const result = schemas[type].safeParse(config);
  reasons.push(...typeReasons(type, config, result.error));
  if (!result.success || reasons.length > 0) throw new InvalidConfigError(reasons);
  return result.data;
}

/** Whether a value is the name of a type. */
export function isType(value: Json | undefined): value is CollectionType {
  return TYPES.some((type) => type === value);
}

/**
 * The keys of a configuration, under their newer or older name.
 * @throws UserError where it has none.
 */
export function keysOf(
  config: { keys?: ConfigKeys | undefined; credentials?: ConfigKeys | undefined },
): ConfigKeys {
  const keys = config.keys ?? config.credentials;
  if (keys) return keys;
  throw new UserError("The collection's configuration has no keys", {
    hint: "Add some with `twarc-cloud collection-config keys`, then `collection-config update`.",
  });
}

/**
 * The keys of a configuration that need not be whole yet, and the API's version.
 * @throws InvalidConfigError where there are none, or not all.
 */
export function draftKeys(json: JsonObject): { keys: ConfigKeys; version: string } {
  const config = withoutPlaceholders(json);
  const reasons = keysReasons(config);
  const parsed = keysSchema.safeParse(member(config, "keys") ?? member(config, "credentials"));
  if (reasons.length > 0 || !parsed.success) throw new InvalidConfigError(reasons);
  const api = member(config, "api");
  return { keys: parsed.data, version: typeof api === "string" ? api : "1.1" };
}

/** The most tweets that a harvest of the collection collects; undefined for all. */
export function maxRecords(config: CollectionConfig): number | undefined {
  const most = config.type === "search"
    ? config.search.max_records
    : config.type === "filter"
    ? config.filter.max_records
    : undefined;
  return most === undefined ? undefined : Number(most);
}

/** What a filter collection's stream is asked for. */
export function filterOf(
  { filter }: Extract<CollectionConfig, { type: "filter" }>,
): { track?: string; follow?: string; locations?: string } {
  return {
    ...(filter.track ? { track: filter.track } : {}),
    ...(filter.follow ? { follow: filter.follow } : {}),
    ...(filter.locations ? { locations: filter.locations } : {}),
  };
}

/** The configuration as JSON without keys, as a harvest's folder keeps it. */
export function withoutKeys(config: CollectionConfig): JsonObject {
  const { keys: _keys, credentials: _credentials, ...rest } = config;
  return JSON.parse(JSON.stringify(rest));
}

function withoutPlaceholders(config: JsonObject): JsonObject {
  const kept = Object.entries(config).filter(([, value]) => !isPlaceholder(value));
  return Object.fromEntries(
    kept.map(([key, value]) => [key, isObject(value) ? withoutPlaceholders(value) : value]),
  );
}

/** A text of a template that nobody has replaced. */
function isPlaceholder(value: Json): boolean {
  return typeof value === "string" && /^<.*[.>]$/s.test(value);
}

function idReasons(config: JsonObject): string[] {
  const id = member(config, "id");
  if (id === undefined) return ['Missing id. Add "id", a name for the collection without spaces.'];
  if (typeof id !== "string") return ["Id must be a string in quotes."];
  const fault = idFault(id);
  return fault ? [fault] : [];
}

function keysReasons(config: JsonObject): string[] {
  const add = "Add them with `twarc-cloud collection-config keys`.";
  const keys = member(config, "keys") ?? member(config, "credentials");
  if (keys === undefined) return [`Missing keys. ${add}`];
  if (!isObject(keys)) return [`Keys is not properly structured. ${add}`];
  if (member(keys, "bearer_token") !== undefined) return [];
  const names = ["consumer_key", "consumer_secret", "access_token", "access_token_secret"];
  const missing = names.filter((name) => !member(keys, name));
  return missing.map((name) => `Missing ${name}. ${add}`);
}

function typeReasons(
  type: CollectionType,
  config: JsonObject,
  error: z.ZodError | undefined,
): string[] {
  const name = type === "user_timeline" ? "users" : type;
  const part = member(config, name);
  if (part === undefined) {
    return [`A ${type} collection, but missing ${name}. Add "${name}": {...}.`];
  }
  if (!isObject(part)) return [`${capital(name)} is not properly structured. It must be {...}.`];
  const reasons = (error?.issues ?? []).filter(({ path }) => path[0] !== "keys").map(reasonOf);
  const has = (key: string) => member(part, key) !== undefined && member(part, key) !== "";
  if (type === "search" && !has("query")) {
    return [
      'Query must be provided. Add "query" to "search".',
      ...reasons.filter((r) => !/query/.test(r)),
    ];
  }
  if (type === "filter" && !has("track") && !has("follow") && !has("locations")) {
    reasons.push(
      'Must provide track, follow, or locations for a filter. Add one of them to "filter".',
    );
  }
  return reasons;
}

function reasonOf(issue: z.core.$ZodIssue): string {
  const path = issue.path.map(String);
  if (issue.code === "invalid_key") {
    return `${path.at(-1)} is not a user_id. Users stand under their ids, strings of digits.`;
  }
  if (path[0] === "users" && path.length === 2) {
    return `User ${
      path[1]
    } is not properly structured. It must be {...}, empty if nothing is known.`;
  }
  const message = issue.code === "invalid_value"
    ? `must be one of ${issue.values.join(", ")}`
    : issue.message;
  return `${path.join(".")} ${/^(must|is|has) /.test(message) ? message : `is wrong: ${message}`}.`;
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

function partsOf(text: string): string[] {
  return text.split(",").map((part) => part.trim()).filter((part) => part !== "");
}

function areBoxes(text: string): boolean {
  const numbers = partsOf(text).map(Number);
  if (numbers.length === 0 || numbers.length % 4 !== 0 || numbers.length > MOST_BOXES * 4) {
    return false;
  }
  for (let i = 0; i < numbers.length; i += 4) {
    const [west = NaN, south = NaN, east = NaN, north = NaN] = numbers.slice(i, i + 4);
    if (!(west >= -180 && east <= 180 && west < east)) return false;
    if (!(south >= -90 && north <= 90 && south < north)) return false;
  }
  return true;
}
