/** Checks a collection's configuration and reports every reason why it is invalid. */

import { z } from "zod";
import { InvalidConfigError, UserError } from "../base/errors.ts";
import { isObject, type Json, type JsonObject, member } from "../base/json.ts";
import { jsonObject } from "../base/json_object.ts";
import { lastWord } from "../base/visible.ts";
import { mapMembers, omitMembers } from "./changeset.ts";
import type { Fault } from "./fault.ts";
import {
  costFaults,
  fieldsFaults,
  idFaults,
  keysFaults,
  packingFaults,
  partFaults,
  toFault,
  unknownFaults,
} from "./faults.ts";
import { readFrozen } from "./frozen.ts";
import { isOptional, isPlaceholder } from "./template.ts";
import { common, keysSchema } from "./types/common.ts";
import { type CollectionConfig, RULES } from "./types/registry.ts";
import { isType, TYPES } from "./types/traits.ts";
import { typedFaults } from "./typed.ts";
import { type UnknownMember, unknownMembers } from "./unknown.ts";

/** The keys of a configuration. */
export type ConfigKeys = z.infer<typeof keysSchema>;

/**
 * Parses a configuration; its keys are under `keys`.
 * @param options.keys "optional" for a harvest's own copy, which has none.
 * @param options.unknown "refused" for a person's file, where unknown members are faults.
 * @param options.typedAt When a person gave it, in milliseconds since 1970: impossible ids and queries are faults then.
 * @param options.keysBy The command that adds missing keys.
 * @param options.isNew Whether it is a new collection's.
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
  const needsKeys = keys === "needed" && !readFrozen(config);
  if (needsKeys || member(config, "keys") !== undefined) {
    for (const fault of keysFaults(config, keysBy)) faults.push(fault);
  }
  const type = member(config, "type");
  if (!isType(type)) throw invalid([...faults, typeFault(type)]);
  // First: an unknown member may explain a missing one.
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
  const others = (error?.issues ?? []).map(toFault)
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

/** Returns the unknown members of a configuration; none for an invalid one. */
export function findUnknown(json: Json): UnknownMember[] {
  const config = isObject(json) ? readable(json) : {};
  const type = member(config, "type");
  return isType(type) ? unknownMembers(RULES[type].schema, config) : [];
}

/** Returns the keys of a configuration. @throws UserError if it has none. */
export function requireKeys(
  { id, keys }: { id: string; keys?: ConfigKeys | undefined },
): ConfigKeys {
  if (keys) return keys;
  throw new UserError("The collection's configuration has no keys", {
    hint: `Add some with \`twarc-cloud collection keys ${lastWord(id)}\`.`,
  });
}

/**
 * Returns the keys and API version of a configuration that may be incomplete.
 * @throws InvalidConfigError if keys are missing.
 */
export function draftKeys(json: JsonObject): { keys: ConfigKeys; version: string } {
  const config = readable(json);
  const faults = keysFaults(config);
  if (faults.length > 0) throw invalid(faults);
  const { data, error } = z.object({ keys: keysSchema, api: common.api }).safeParse(config);
  if (!data) throw invalid(error.issues.map(toFault));
  return { keys: data.keys, version: data.api ?? "1.1" };
}

/** Returns whether protected tweets are collected, as far as the owner of the keys may read them. */
export function isProtectedWanted(config: Pick<CollectionConfig, "protected">): boolean {
  return config.protected === "collect";
}

/** Returns the configuration as JSON without keys, as in a harvest's folder; deeper parts are shared. */
export function withoutKeys(config: CollectionConfig): JsonObject {
  const { keys: _keys, ...rest } = config;
  return jsonObject.parse(rest);
}

/** Returns a person's configuration without unchanged placeholders. */
export function withoutPlaceholders(config: JsonObject): JsonObject {
  const left = Object.keys(config).filter((name) => isPlaceholder(config[name] ?? null));
  const kept = left.length === 0 ? config : omitMembers(config, left);
  return mapMembers(kept, (value) => dropPlaceholders(value));
}

/**
 * Returns placeholders that were left in lists, whose other items would be used as if they were complete.
 * @param above Prefix of its members' paths.
 */
function placeholderFaults(json: JsonObject, above = ""): Fault[] {
  return Object.entries(json).flatMap(([name, value]) => {
    const at = `${above}${name}`;
    if (isObject(value)) return placeholderFaults(value, `${at}.`);
    if (!Array.isArray(value)) return [];
    return value.flatMap((item, i) => isObject(item) ? findUnfilled(item, `${at}.${i}.`) : []);
  });
}

function findUnfilled(item: JsonObject, above: string): Fault[] {
  return Object.entries(item).filter(([, value]) => isPlaceholder(value) && !isOptional(value))
    .map(([name, value]) => ({
      at: `${above}${name}`,
      says: `${above}${name} is still ${
        JSON.stringify(value)
      }. Put in what you want, or take it out.`,
    }));
}

/** Returns the configuration without placeholders, and with keys under their current name. */
function readable(json: JsonObject): JsonObject {
  const config = withoutPlaceholders(json);
  if (member(config, "credentials") === undefined) return config;
  const { credentials, ...rest } = config;
  if (credentials === undefined || Object.hasOwn(rest, "keys")) return rest;
  return { ...rest, keys: credentials };
}

/** Returns a value without placeholders below it. */
function dropPlaceholders(value: Json): Json {
  if (Array.isArray(value)) {
    const parts = value.filter((part) => !isPlaceholder(part)).map(dropPlaceholders);
    return parts.filter((part) => !isObject(part) || Object.keys(part).length > 0);
  }
  return isObject(value) ? withoutPlaceholders(value) : value;
}
