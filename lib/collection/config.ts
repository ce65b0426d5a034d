/** A collection's configuration: what may stand in it, and every reason why it cannot be used. */

import { z } from "zod";
import { InvalidConfigError, UserError } from "../base/errors.ts";
import { isObject, type Json, type JsonObject, member } from "../base/json.ts";
import { jsonObject } from "../base/json_object.ts";
import { lastWord } from "../base/visible.ts";
import { mapMembers, omitMembers } from "./changeset.ts";
import type { Fault } from "./fault.ts";
import {
  costFaults,
  faultOf,
  fieldsFaults,
  idFaults,
  keysFaults,
  packingFaults,
  partFaults,
  unknownFaults,
} from "./faults.ts";
import { frozenIn } from "./frozen.ts";
import { isOptional, isPlaceholder } from "./template.ts";
import { common, keysSchema } from "./types/common.ts";
import { type CollectionConfig, RULES } from "./types/registry.ts";
import { isType, TYPES } from "./types/traits.ts";
import { typedFaults } from "./typed.ts";
import { type UnknownMember, unknownMembers } from "./unknown.ts";

/** The keys that a configuration holds. */
export type ConfigKeys = z.infer<typeof keysSchema>;

/**
 * Returns the configuration that a JSON value is, its keys under `keys`.
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
  const needsKeys = keys === "needed" && !frozenIn(config);
  if (needsKeys || member(config, "keys") !== undefined) {
    for (const fault of keysFaults(config, keysBy)) faults.push(fault);
  }
  const type = member(config, "type");
  if (!isType(type)) throw invalid([...faults, typeFault(type)]);
  // First: what is missing may be missing for that.
  const { users: _, ...unlisted } = json;
  for (const fault of unknown === "refused" ? placeholderFaults(unlisted) : []) faults.push(fault);
  faults.push(...partFaults(type, config), ...fieldsFaults(config), ...costFaults(config));
  faults.push(...packingFaults(config));
  if (typedAt !== undefined) {
    for (const fault of typedFaults(type, config, typedAt)) faults.push(fault);
  }
  const unknowns = unknown === "refused" ? unknownMembers(RULES[type].schema, config) : [];
  for (const fault of unknownFaults(unknowns)) faults.push(fault);
  const { data, error } = RULES[type].parse(config);
  const others = (error?.issues ?? []).map(faultOf)
    .filter(({ at }) => !faults.some((told) => at === told.at || at.startsWith(`${told.at}.`)));
  if (!data || faults.length > 0) throw invalid([...faults, ...others]);
  return data;
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

/** Returns the members of a configuration that nobody knows; of one that cannot be used, none. */
export function unknownIn(json: Json): UnknownMember[] {
  const config = isObject(json) ? readable(json) : {};
  const type = member(config, "type");
  return isType(type) ? unknownMembers(RULES[type].schema, config) : [];
}

/** Returns the keys of a configuration. @throws UserError where it has none. */
export function keysOf(
  { id, keys }: { id: string; keys?: ConfigKeys | undefined },
): ConfigKeys {
  if (keys) return keys;
  throw new UserError("The collection's configuration has no keys", {
    hint: `Add some with: twarc-cloud collection keys ${lastWord(id)}`,
  });
}

/**
 * Returns the keys of a configuration that need not be whole yet, and the API's version.
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

/** Returns whether what protected accounts wrote is collected, as far as the owner of the keys may read it. */
export function isProtectedWanted(config: Pick<CollectionConfig, "protected">): boolean {
  return config.protected === "collect";
}

/** Returns the configuration as JSON without keys, as a harvest's folder keeps it; it shares what lies deeper. */
export function withoutKeys(config: CollectionConfig): JsonObject {
  const { keys: _keys, ...rest } = config;
  return jsonObject.parse(rest);
}

/** Returns what a person's configuration says: without the texts of a template that were left as they are. */
export function withoutPlaceholders(config: JsonObject): JsonObject {
  const left = Object.keys(config).filter((name) => isPlaceholder(config[name] ?? null));
  const kept = left.length === 0 ? config : omitMembers(config, left);
  return mapMembers(kept, (value) => filledIn(value));
}

/**
 * Returns what was left as it is in a template and is one of a list: the others would be taken as if it had never been there.
 * @param above What stands before the path of its members.
 */
function placeholderFaults(json: JsonObject, above = ""): Fault[] {
  return Object.entries(json).flatMap(([name, value]) => {
    const at = `${above}${name}`;
    if (isObject(value)) return placeholderFaults(value, `${at}.`);
    if (!Array.isArray(value)) return [];
    return value.flatMap((item, i) => isObject(item) ? unfilledIn(item, `${at}.${i}.`) : []);
  });
}

function unfilledIn(item: JsonObject, above: string): Fault[] {
  return Object.entries(item).filter(([, value]) => isPlaceholder(value) && !isOptional(value))
    .map(([name, value]) => ({
      at: `${above}${name}`,
      says: `${above}${name} is still ${
        JSON.stringify(value)
      }. Put in what you want, or take it out.`,
    }));
}

/** Returns the configuration without what a person has not filled in, with its keys under their newer name. */
function readable(json: JsonObject): JsonObject {
  const config = withoutPlaceholders(json);
  if (member(config, "credentials") === undefined) return config;
  const { credentials, ...rest } = config;
  if (credentials === undefined || Object.hasOwn(rest, "keys")) return rest;
  return { ...rest, keys: credentials };
}

/** Returns a value without what a person has not filled in below it. */
function filledIn(value: Json): Json {
  if (Array.isArray(value)) {
    const parts = value.filter((part) => !isPlaceholder(part)).map(filledIn);
    return parts.filter((part) => !isObject(part) || Object.keys(part).length > 0);
  }
  return isObject(value) ? withoutPlaceholders(value) : value;
}
