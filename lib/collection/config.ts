/** A collection's configuration: what may stand in it, and every reason why it cannot be used. */

import { z } from "zod";
import { InvalidConfigError, UserError } from "../base/errors.ts";
import { isObject, type Json, type JsonObject, member } from "../base/json.ts";
import { jsonObject } from "../base/json_object.ts";
import { mapped, omitted } from "./changeset.ts";
import { budgetSchema, pricesSchema } from "../billing/budget.ts";
import {
  costFaults,
  type Fault,
  faultOf,
  fieldsFaults,
  idFaults,
  keysFaults,
  partFaults,
  unknownFaults,
} from "./faults.ts";
import { WORDS } from "../base/api_fields.ts";
import { fieldsPart } from "./fields.ts";
import { filterPart } from "./filter.ts";
import { LIMIT_NAMES, LIMITS } from "./limits.ts";
import { count, digits, text, time } from "./scalars.ts";
import { isPlaceholder } from "./template.ts";
import { API_VERSIONS, type CollectionType, isType, TYPES, USER_STATES } from "./types/traits.ts";
import { spanFaults, tooLongFaults, typedIdFaults } from "./typed.ts";
import { type UnknownMember, unknownMembers } from "./unknown.ts";
import { lastWord } from "../base/visible.ts";

const keysSchema = z.looseObject({
  consumer_key: text.optional(),
  consumer_secret: text.optional(),
  access_token: text.optional(),
  access_token_secret: text.optional(),
  bearer_token: text.optional(),
  /** The name of keys that are held elsewhere, in their place. */
  profile: text.optional(),
});

const PROTECTED_FAULT =
  'must be "collect", for what is not public as well: without it, what protected accounts wrote is left out';

/** The limits of a collection's harvests. */
const harvestPart = z.looseObject(Object.fromEntries(LIMIT_NAMES.map((name) => {
  const { member, least } = LIMITS[name];
  const fault = `must be a whole number, ${least} or more`;
  return [member, z.int(fault).min(least, fault).optional()];
})));

const common = {
  id: text,
  harvest: harvestPart.optional(),
  api: z.enum(API_VERSIONS, "must be one of 1.1, 2, in quotes").optional(),
  keys: keysSchema.optional(),
  /** Version 2: what comes with every post. */
  fields: fieldsPart.optional(),
  /** Version 2: the words in which the API is asked, and answers. */
  words: z.enum(WORDS, 'must be "tweet" or "post"').optional(),
  timestamp: text.optional(),
  /** Collects what is not public, as far as the owner of the keys may read it. */
  protected: z.literal("collect", PROTECTED_FAULT).optional(),
  /** Version 2: what may be read before a harvest stops. */
  budget: budgetSchema.optional(),
  /** Version 2: prices in place of those that we know. */
  prices: pricesSchema.optional(),
};

const userIdSchema = z.string().regex(/^\d+$/);
const userSchema = z.looseObject({
  screen_name: text.optional(),
  since_id: digits.optional(),
  looked_up: text.optional(),
});

const userTimelineSchema = z.looseObject({
  ...common,
  type: z.literal("user_timeline"),
  users: z.record(userIdSchema, userSchema),
  /** Version 2: what of a timeline is left out, and not billed. */
  exclude: z.array(
    z.enum(["replies", "retweets"], 'must be "replies" or "retweets"'),
    "must be a list: [...]",
  )
    .optional(),
  /** Version 2: days after which a user of whom nothing was heard is looked up, for 1 cent each. */
  lookup_users_every: z.number("must be a number of days").positive("must be above 0").optional(),
  /** How many users a harvest may take out; ten, or a tenth of them, unless said. */
  delete_users_at_most: z.int("must be a whole number").positive("must be above 0").optional(),
  delete_users_for: z.array(
    z.enum(USER_STATES, `must be one of ${USER_STATES.join(", ")}`),
    "must be a list: [...]",
  ).optional(),
});

const searchSchema = z.looseObject({
  ...common,
  type: z.literal("search"),
  search: z.looseObject({
    query: text.trim(),
    since_id: digits.optional(),
    max_records: count.optional(),
    /** Whether harvests ask for what `max_records` has left out before. */
    fill: z.boolean("must be true or false").optional(),
    /** Version 2: "all" for the full archive, in place of the last seven days. */
    archive: z.enum(["recent", "all"], 'must be "recent" or "all"').optional(),
    /** Version 2: only tweets from here on. */
    start_time: time.optional(),
    /** Version 2: only tweets before. */
    end_time: time.optional(),
  }),
});

const filterSchema = z.looseObject({
  ...common,
  type: z.literal("filter"),
  filter: filterPart,
});

const hydrateSchema = z.looseObject({
  ...common,
  type: z.literal("hydrate"),
  hydrate: z.looseObject({
    /** How many ids the collection's ids.txt has. */
    ids: z.int("must be a whole number").positive("must be above 0"),
    /** The highest id once all were asked for. */
    since_id: digits.optional(),
  }),
});

/** A configuration that can be used. */
export type CollectionConfig = z.infer<
  typeof userTimelineSchema | typeof searchSchema | typeof filterSchema | typeof hydrateSchema
>;

const schemas = {
  user_timeline: userTimelineSchema,
  search: searchSchema,
  filter: filterSchema,
  hydrate: hydrateSchema,
};

/** The keys that a configuration holds. */
export type ConfigKeys = z.infer<typeof keysSchema>;

/**
 * The configuration that a JSON value is, its keys under `keys`.
 * @param options.keys "optional" for a harvest's own copy, which has none.
 * @param options.unknown "refused" for what a person has written: members that nobody knows.
 * @param options.typedAt When a person gave it, in milliseconds since 1970: then ids and queries that cannot be are
 *   refused too.
 * @param options.keysBy The command that adds keys, where these are missing.
 * @param options.isNew Whether it is to be a new collection's.
 * @throws InvalidConfigError with every reason at once.
 */
export function checkConfig(
  json: Json,
  { keys = "needed", keysBy, unknown = "taken", typedAt, isNew = false }: {
    keysBy?: string;
    keys?: "needed" | "optional";
    unknown?: "refused" | "taken";
    typedAt?: number;
    isNew?: boolean;
  } = {},
): CollectionConfig {
  if (!isObject(json)) throw new InvalidConfigError(["It is not an object: { ... } is expected."]);
  const config = readable(json);
  const faults = idFaults(config, isNew);
  if (keys === "needed" || member(config, "keys") !== undefined) {
    for (const fault of keysFaults(config, keysBy)) faults.push(fault);
  }
  const type = member(config, "type");
  if (!isType(type)) throw invalid([...faults, typeFault(type)]);
  faults.push(...partFaults(type, config), ...fieldsFaults(config), ...costFaults(config));
  if (typedAt !== undefined) {
    for (const fault of tooLongFaults(config)) faults.push(fault);
    for (const fault of spanFaults(config, typedAt)) faults.push(fault);
    for (const fault of typedIdFaults(config, typedAt)) faults.push(fault);
  }
  const unknowns = unknown === "refused" ? unknownMembers(schemas[type], config) : [];
  for (const fault of unknownFaults(unknowns)) faults.push(fault);
  const { data, error } = parsed(type, config);
  const others = (error?.issues ?? []).map(faultOf)
    .filter(({ at }) => !faults.some((told) => at === told.at || at.startsWith(`${told.at}.`)));
  if (!data || faults.length > 0) throw invalid([...faults, ...others]);
  return data;
}

/** What the schema makes of a configuration. Users are not copied: there may be a hundred thousand. */
function parsed(type: CollectionType, config: JsonObject) {
  const users = member(config, "users");
  if (type !== "user_timeline" || !areUsers(users)) return schemas[type].safeParse(config);
  const result = userTimelineSchema.safeParse({ ...config, users: {} });
  return result.success ? { ...result, data: { ...result.data, users } } : result;
}

function areUsers(value: unknown): value is z.infer<typeof userTimelineSchema>["users"] {
  const { data: users } = jsonObject.safeParse(value);
  return users !== undefined &&
    Object.keys(users).every((id) =>
      userIdSchema.safeParse(id).success && userSchema.safeParse(users[id]).success
    );
}

function invalid(faults: Fault[]): InvalidConfigError {
  return new InvalidConfigError(faults.map(({ says }) => says));
}

function typeFault(type: Json | undefined): Fault {
  const says = type === undefined
    ? 'Missing type. Add "type"'
    : 'Unrecognized collection type. Set "type"';
  return { at: "type", says: `${says}: one of ${TYPES.join(", ")}.` };
}

/** The members of a configuration that nobody knows; of one that cannot be used, none. */
export function unknownIn(json: Json): UnknownMember[] {
  const config = isObject(json) ? readable(json) : {};
  const type = member(config, "type");
  return isType(type) ? unknownMembers(schemas[type], config) : [];
}

/** The keys of a configuration. @throws UserError where it has none. */
export function keysOf(
  { id, keys }: { id: string; keys?: ConfigKeys | undefined },
): ConfigKeys {
  if (keys) return keys;
  throw new UserError("The collection's configuration has no keys", {
    hint: `Add some with: twarc-cloud collection keys ${lastWord(id)}`,
  });
}

/**
 * The keys of a configuration that need not be whole yet, and the API's version.
 * @throws InvalidConfigError where there are none, or not all.
 */
export function draftKeys(json: JsonObject): { keys: ConfigKeys; version: string } {
  const config = readable(json);
  const faults = keysFaults(config);
  if (faults.length > 0) throw invalid(faults);
  const { data, error } = z.object({ keys: keysSchema, api: common.api }).safeParse(config);
  if (!data) throw invalid(error.issues.map(faultOf));
  return { keys: data.keys, version: data.api ?? "1.1" };
}

/** Whether what protected accounts wrote is collected, as far as the owner of the keys may read it. */
export function isProtectedWanted(config: Pick<CollectionConfig, "protected">): boolean {
  return config.protected === "collect";
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

/** Days after which a user of whom nothing was heard is looked up, where the configuration says nothing. */
const LOOKUP_DAYS = 7;

/** Milliseconds after which a user of whom nothing was heard is looked up. */
export function lookUpEvery(
  { lookup_users_every = LOOKUP_DAYS }: Extract<CollectionConfig, { type: "user_timeline" }>,
): number {
  return lookup_users_every * 86_400_000;
}

/**
 * Whether a user of whom a harvest hears nothing is to be looked up.
 * @param lookedUp When something was last heard of them, ISO 8601.
 */
export function isLookUpDue(
  lookedUp: string | undefined,
  { every, now }: { every: number; now: number },
): boolean {
  return !(now - Date.parse(lookedUp ?? "") < every);
}

/** The span of time that a search is about. */
export function spanOf(
  { search }: Extract<CollectionConfig, { type: "search" }>,
): { archive?: "recent" | "all"; startTime?: string; endTime?: string } {
  return {
    ...(search.archive ? { archive: search.archive } : {}),
    ...(search.start_time ? { startTime: search.start_time } : {}),
    ...(search.end_time ? { endTime: search.end_time } : {}),
  };
}

/** What a filter collection's stream is asked for. */
export function filterOf(
  { filter }: Extract<CollectionConfig, { type: "filter" }>,
): {
  track?: string;
  follow?: string;
  locations?: string;
  rules?: { value: string; tag?: string | undefined }[];
} {
  return {
    ...(filter.rules ? { rules: filter.rules.map(({ value, tag }) => ({ value, tag })) } : {}),
    ...(filter.track ? { track: filter.track } : {}),
    ...(filter.follow ? { follow: filter.follow } : {}),
    ...(filter.locations ? { locations: filter.locations } : {}),
  };
}

/** The configuration as JSON without keys, as a harvest's folder keeps it; it shares what lies deeper. */
export function withoutKeys(config: CollectionConfig): JsonObject {
  const { keys: _keys, ...rest } = config;
  return jsonObject.parse(rest);
}

/** The configuration without what a person has not filled in, with its keys under their newer name. */
function readable(json: JsonObject): JsonObject {
  const config = withoutPlaceholders(json);
  if (member(config, "credentials") === undefined) return config;
  const { credentials, ...rest } = config;
  if (credentials === undefined || Object.hasOwn(rest, "keys")) return rest;
  return { ...rest, keys: credentials };
}

function withoutPlaceholders(config: JsonObject): JsonObject {
  const left = Object.keys(config).filter((name) => isPlaceholder(config[name] ?? null));
  const kept = left.length === 0 ? config : omitted(config, left);
  return mapped(kept, (value) => filledIn(value));
}

/** A value without what a person has not filled in below it. */
function filledIn(value: Json): Json {
  if (Array.isArray(value)) {
    const parts = value.filter((part) => !isPlaceholder(part)).map(filledIn);
    return parts.filter((part) => !isObject(part) || Object.keys(part).length > 0);
  }
  return isObject(value) ? withoutPlaceholders(value) : value;
}
