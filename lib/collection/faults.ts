/** What is wrong with a configuration, each fault a sentence that names the member and the fix. */

import type { z } from "zod";
import { missingKeys } from "../base/api_keys.ts";
import { isObject, type Json, type JsonObject, member } from "../base/json.ts";
import type { CollectionType } from "./types/traits.ts";
import { partsOf } from "./filter.ts";
import { idFault, newIdFault } from "./layout.ts";
import type { UnknownMember } from "./unknown.ts";

/** GET search/tweets: characters of a query. */
const LONGEST_QUERY = 500;

/** Members that only version 2 knows. */
const NEWER = [
  "archive",
  "start_time",
  "end_time",
  "exclude",
  "lookup_users_every",
  "rules",
  "share",
  "backfill_minutes",
  "fill_gaps",
];

/** What is wrong with a member, by its path: `search.query`. */
export interface Fault {
  at: string;
  says: string;
}

/** What is wrong with the id. @param isNew Whether it is to be a new collection's. */
export function idFaults(config: JsonObject, isNew: boolean): Fault[] {
  const id = member(config, "id");
  const says = id === undefined
    ? 'Missing id. Add "id", a name for the collection without spaces.'
    : typeof id !== "string"
    ? "Id must be text in quotes."
    : isNew
    ? newIdFault(id)
    : idFault(id);
  return says === null ? [] : [{ at: "id", says }];
}

/**
 * Which keys are missing: a bearer token or a consumer pair is enough, but for the stream of 1.1.
 * @param by The command that adds keys.
 */
export function keysFaults(config: JsonObject, by = "collection-config keys"): Fault[] {
  const add = `Add them with \`twarc-cloud ${by}\`.`;
  const keys = member(config, "keys");
  if (keys === undefined) return [{ at: "keys", says: `Missing keys. ${add}` }];
  if (!isObject(keys)) return [{ at: "keys", says: `Keys is not properly structured. ${add}` }];
  if (typeof member(keys, "profile") === "string") return [];
  const user = member(config, "type") === "filter" && member(config, "api") !== "2";
  const why = user ? "The stream of version 1.1 takes the four keys of a user only. " : "";
  return missingKeys((name) => Boolean(member(keys, name)), { user }).map((name, i) => ({
    at: `keys.${name}`,
    says: `Missing ${name}. ${i === 0 ? why : ""}${add}`,
  }));
}

/** What of the bill there is, where nothing is billed. */
export function costFaults(config: JsonObject): Fault[] {
  if (member(config, "api") === "2") return [];
  return ["budget", "prices"].filter((name) => has(config, name)).map((name) => ({
    at: name,
    says: `${name} is for version 2 of the API: version 1.1 costs nothing by the post. ` +
      'Add "api": "2", or leave it out.',
  }));
}

/** What is wrong with the member that is named after a type, as a whole. */
export function partFaults(type: CollectionType, config: JsonObject): Fault[] {
  const name = type === "user_timeline" ? "users" : type;
  const part = member(config, name);
  if (part === undefined) {
    return [{ at: name, says: `A ${type} collection, but missing ${name}. Add "${name}": {...}.` }];
  }
  if (!isObject(part)) {
    return [{ at: name, says: `${capital(name)} is not properly structured. It must be {...}.` }];
  }
  if (type === "search") {
    const api = member(config, "api");
    return [...queryFaults(part, api), ...newerFaults(part, api, "search.")];
  }
  if (type === "hydrate") return hydrateFaults(config);
  if (type === "user_timeline") return newerFaults(config, member(config, "api"), "");
  const api = member(config, "api");
  const newer = newerFaults(part, api, "filter.");
  if (["track", "follow", "locations"].some((key) => has(part, key))) return newer;
  if (Array.isArray(part.rules) && part.rules.length > 0) return newer;
  const says = api === "2"
    ? 'Must provide track, follow, locations, or rules for a filter. Add one of them to "filter".'
    : 'Must provide track, follow, or locations for a filter. Add one of them to "filter".';
  return [...newer, { at: "filter.track", says }];
}

/** Only version 2 says why a tweet is missing. */
function hydrateFaults(config: JsonObject): Fault[] {
  if (member(config, "api") === "2") return [];
  return [{ at: "api", says: 'A hydrate collection is for version 2 of the API. Add "api": "2".' }];
}

function queryFaults(search: JsonObject, api: Json | undefined): Fault[] {
  const at = "search.query";
  if (!has(search, "query")) {
    return [{ at, says: 'Query must be provided. Add "query" to "search".' }];
  }
  const { query } = search;
  // Version 2 has other limits for other kinds of access, and tells them.
  if (api === "2" || typeof query !== "string" || query.trim().length <= LONGEST_QUERY) return [];
  return [{ at, says: `${at} is longer than ${LONGEST_QUERY} characters. Shorten it.` }];
}

/** What is wrong with a choice of fields or words as a whole, which any type may have. */
export function fieldsFaults(config: JsonObject): Fault[] {
  if (member(config, "api") === "2") return [];
  return ["fields", "words"].filter((name) => member(config, name) !== undefined).map(newerFault);
}

/** What only version 2 knows, where the collection is of version 1.1. @param above What stands before a name. */
function newerFaults(part: JsonObject, api: Json | undefined, above: string): Fault[] {
  if (api === "2") return [];
  return NEWER.filter((name) => has(part, name)).map((name) => newerFault(`${above}${name}`));
}

function newerFault(at: string): Fault {
  return { at, says: `${at} is for version 2 of the API. Add "api": "2", or leave it out.` };
}

/** Whether there is something under a name: more than spaces and commas. */
function has(part: JsonObject, name: string): boolean {
  const value = member(part, name);
  return typeof value === "string" ? partsOf(value).length > 0 : value !== undefined;
}

/** What is wrong with members that nobody knows. */
export function unknownFaults(unknown: UnknownMember[]): Fault[] {
  return unknown.map(({ at, meant }) => {
    const advice = meant === undefined
      ? 'Leave it out; a note of your own may have a name that begins with "_".'
      : `Did you mean ${meant}?`;
    return { at, says: `${at} is not known. ${advice}` };
  });
}

/** What the schema found, in words. */
export function faultOf(issue: z.core.$ZodIssue): Fault {
  const path = issue.path.map(String);
  const [at, last] = [path.join("."), path.at(-1)];
  if (issue.code === "invalid_key") {
    return {
      at,
      says: `${last} is not a user_id. Users stand under their ids, strings of digits.`,
    };
  }
  if (path[0] === "users" && path.length === 2) {
    const fix = "It must be {...}, empty if nothing is known.";
    return { at, says: `User ${last} is not properly structured. ${fix}` };
  }
  return { at, says: `${at} ${issue.message}.` };
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
