/** Checks configurations; each fault is a sentence that names the member and the fix. */

import type { z } from "zod";
import { missingKeys, USER_KEYS } from "../base/api_keys.ts";
import { isObject, type JsonObject, member } from "../base/json.ts";
import { type Fault, isGiven, isVersion2, newerFault } from "./fault.ts";
import { idFault, newIdFault } from "./layout.ts";
import { RULES } from "./types/registry.ts";
import { type CollectionType, isType, traitsFor } from "./types/traits.ts";
import type { UnknownMember } from "./unknown.ts";

/** Returns faults of the id. @param isNew Whether it is a new collection's. */
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
 * Returns faults of the keys: a bearer token or a consumer pair is enough, except for the stream of 1.1.
 * @param by The command that adds keys.
 */
export function keysFaults(config: JsonObject, by = "collection-config keys"): Fault[] {
  const add = `Add them with \`twarc-cloud ${by}\`.`;
  const keys = member(config, "keys");
  if (keys === undefined) return [{ at: "keys", says: `Missing keys. ${add}` }];
  if (!isObject(keys)) return [{ at: "keys", says: `Keys is not properly structured. ${add}` }];
  if (typeof member(keys, "profile") === "string") return [];
  const type = member(config, "type");
  const user = isType(type) && (RULES[type].needsUserKeys?.(config) ?? false);
  const missing = missingKeys((name) => Boolean(member(keys, name)), { user });
  // The same keys again would lack the same.
  const get = user && missing.length < USER_KEYS.length || member(keys, "bearer_token")
    ? `Get them by a login with \`twarc-cloud configure\`, then add them with \`twarc-cloud ${by}\`.`
    : add;
  return missing.map((name, i) => {
    const why = user && i === 0
      ? " The stream of version 1.1 takes the four keys of a user only."
      : "";
    const advice = i === missing.length - 1 ? ` ${get}` : "";
    return { at: `keys.${name}`, says: `Missing ${name}.${why}${advice}` };
  });
}

/** Returns faults of members about costs, if reading is free. */
export function costFaults(config: JsonObject): Fault[] {
  if (isVersion2(config)) return [];
  return ["budget", "prices"].filter((name) => isGiven(config, name)).map((name) => ({
    at: name,
    says: `${name} is for version 2 of the API: version 1.1 costs nothing by the post. ` +
      'Add "api": "2", or leave it out.',
  }));
}

/** Returns faults of the member that is named after the type. */
export function partFaults(type: CollectionType, config: JsonObject): Fault[] {
  const name = traitsFor(type).part;
  const part = member(config, name);
  if (part === undefined) {
    return [{ at: name, says: `A ${type} collection, but missing ${name}. Add "${name}": {...}.` }];
  }
  if (!isObject(part)) {
    return [{ at: name, says: `${capital(name)} is not properly structured. It must be {...}.` }];
  }
  return RULES[type].faults(part, config);
}

/** Returns faults of the choice of fields and words. */
export function fieldsFaults(config: JsonObject): Fault[] {
  if (isVersion2(config)) return [];
  return ["fields", "words"].filter((name) => member(config, name) !== undefined).map(newerFault);
}

/** Returns faults of the compression level: gzip has a single one here. */
export function packingFaults(config: JsonObject): Fault[] {
  const [level, packing] = ["compression_level", "compression"].map((name) => member(config, name));
  if (level === undefined || packing === "zstd") return [];
  return [{
    at: "compression_level",
    says: 'compression_level is for zstd. Set "compression": "zstd", or leave it out.',
  }];
}

/** Returns faults of unknown members. */
export function unknownFaults(unknown: UnknownMember[]): Fault[] {
  return unknown.map(({ at, meant }) => {
    const advice = meant === undefined
      ? 'Leave it out; a note of your own may have a name that begins with "_".'
      : `Did you mean ${meant}?`;
    return { at, says: `${at} is not known. ${advice}` };
  });
}

/** Returns a schema's issue as a fault. */
export function toFault(issue: z.core.$ZodIssue): Fault {
  const path = issue.path.map(String);
  const [at, last] = [path.join("."), path.at(-1)];
  if (issue.code === "invalid_key") {
    return {
      at,
      says: `${last} is not a user_id. Users are listed under their ids, strings of digits.`,
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
