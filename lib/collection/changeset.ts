/** Computes, applies and combines differences between configurations, and keeps them free of secrets. */

import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { isObject, type Json, type JsonObject, member } from "../base/json.ts";
import { copyObject, namesOf, setMember } from "../base/names_of.ts";

/** A deletion: the name of a member, or members with deletions below them. */
export type Deletion = string | { [key: string]: Deletion[] };

/** An update and a deletion, as in a changeset file. */
export interface ConfigUpdate {
  update: JsonObject;
  delete: Deletion[];
}

/** Tweets that were removed from a file. */
export interface Removal {
  /** The file, relative to the collection's folder. */
  file: string;
  /** The file that replaced it; null if nothing was left. */
  replaced_by: string | null;
  tweets: { id: string; reason: string }[];
}

/** A ConfigUpdate with its time. */
export interface Changeset extends ConfigUpdate {
  /** ISO 8601, UTC. */
  change_timestamp: string;
  /** The timestamp of the configuration that it changes: while that is in force, the change is not. */
  changed_from?: string | undefined;
  /** Tweets that were removed from the collection, as X requires. */
  removed?: Removal[] | undefined;
  /** The harvest that made it, ISO 8601, UTC; absent for a person's change. */
  harvest_timestamp?: string | undefined;
  /** The Python original's note of a harvest. */
  note?: string | undefined;
  /** Files, relative to the collection's folder, whose keys were replaced by fingerprints. */
  redacted?: string[] | undefined;
}

/** The Python original's note for a change that a harvest made. */
export const HARVEST_NOTE = "Changes based on harvester.";

/** Returns whether a change is empty. */
export function isEmpty(change: ConfigUpdate): boolean {
  return Object.keys(change.update).length === 0 && change.delete.length === 0;
}

/** Returns the change from `from` to `to`: `merge(from, diff(from, to))` equals `to`. Arrays are compared as values. */
export function diff(from: JsonObject, to: JsonObject): ConfigUpdate {
  const update: JsonObject = {};
  const deletions: Deletion[] = [];
  for (const key of namesOf(to)) {
    const [before, after] = [member(from, key), member(to, key)];
    if (before === after || after === undefined) continue;
    if (isObject(before) && isObject(after)) {
      const below = diff(before, after);
      if (Object.keys(below.update).length > 0) setMember(update, key, below.update);
      if (below.delete.length > 0) deletions.push(Object.fromEntries([[key, below.delete]]));
    } else if (before === undefined || !isDeepStrictEqual(before, after)) {
      // Objects are merged: a former value that is not an object must be deleted first.
      if (before !== undefined && isObject(after)) deletions.push(key);
      setMember(update, key, after);
    }
  }
  for (const key of namesOf(from)) if (member(to, key) === undefined) deletions.push(key);
  return { update, delete: deletions };
}

/** Returns a configuration with a change applied, deletions first. */
export function merge(config: JsonObject, change: ConfigUpdate): JsonObject {
  return updateConfig(without(config, change.delete), change.update);
}

/** Combines two consecutive changes. */
export function combine(earlier: ConfigUpdate, later: ConfigUpdate): ConfigUpdate {
  return {
    update: updateConfig(without(earlier.update, later.delete), later.update),
    delete: groupDeletions([...earlier.delete, ...later.delete]),
  };
}

/** Returns deletions with each member named once. */
function groupDeletions(deletions: Deletion[]): Deletion[] {
  const { whole, below } = byMember(deletions);
  const deeper = [...below].filter(([key]) => !whole.has(key));
  return [
    ...whole,
    ...deeper.map(([key, inner]) => Object.fromEntries([[key, groupDeletions(inner)]])),
  ];
}

/** Returns the members that are deleted, and the deletions below others. */
function byMember(deletions: Deletion[]): { whole: Set<string>; below: Map<string, Deletion[]> } {
  const whole = new Set<string>();
  const below = new Map<string, Deletion[]>();
  for (const deletion of deletions) {
    if (typeof deletion === "string") {
      whole.add(deletion);
    } else {
      for (const [key, inner] of Object.entries(deletion)) {
        below.set(key, (below.get(key) ?? []).concat(inner));
      }
    }
  }
  return { whole, below };
}

/** Returns a change with its secrets as fingerprints. */
export function redact(change: ConfigUpdate): ConfigUpdate {
  return { ...change, update: redactedObject(change.update, false) };
}

/** Returns whether a value has secrets or their fingerprints in it. */
export function hasSecret(value: Json): boolean {
  if (Array.isArray(value)) return value.some(hasSecret);
  if (!isObject(value)) return false;
  return Object.entries(value).some(([name, inner]) =>
    isSecretMember(name) && inner !== null || hasSecret(inner)
  );
}

/** Returns whether a change is already in force in a configuration. */
export function isInForce(config: JsonObject, change: ConfigUpdate): boolean {
  return isDeepStrictEqual(merge(config, change), config);
}

/** Returns a fingerprint that identifies a secret without revealing it. */
export function fingerprint(secret: string): string {
  if (/^sha256:[0-9a-f]{8}$/.test(secret)) return secret;
  return `sha256:${createHash("sha256").update(secret).digest("hex").slice(0, 8)}`;
}

/** Returns whether a member's values, at any depth, are secrets. */
export function isSecretMember(name: string): boolean {
  return /keys?(?![a-z])|credential|secret|token|password/i.test(name);
}

/** Returns whether a member is the name of a profile, which is no secret. */
export function isProfileName(path: readonly string[]): boolean {
  return path.at(-1) === "profile" && /^(keys|credentials)$/.test(path.at(-2) ?? "");
}

/** Maps an object's values; returns the object itself if none changes: of a hundred thousand users few may change. */
export function mapMembers(
  object: JsonObject,
  of: (value: Json, name: string) => Json,
): JsonObject {
  let copy: JsonObject | undefined;
  for (const name of namesOf(object)) {
    const before = member(object, name);
    if (before === undefined) continue;
    const after = of(before, name);
    if (after === before) continue;
    copy ??= copyObject(object);
    setMember(copy, name, after);
  }
  return copy ?? object;
}

/** Returns an object with only these members. */
export function pick(object: JsonObject, names: readonly string[]): JsonObject {
  const some: JsonObject = {};
  for (const name of names) {
    const value = member(object, name);
    if (value !== undefined) setMember(some, name, value);
  }
  return some;
}

/** Returns an object without these members. */
export function omitMembers(object: JsonObject, names: Iterable<string>): JsonObject {
  const left = new Set(names);
  return pick(object, namesOf(object).filter((name) => !left.has(name)));
}

function updateConfig(config: JsonObject, update: JsonObject): JsonObject {
  if (Object.keys(config).length === 0) return update;
  const next = copyObject(config);
  for (const key of namesOf(update)) {
    const [before, after] = [member(config, key), member(update, key)];
    if (after === undefined) continue;
    setMember(next, key, isObject(before) && isObject(after) ? updateConfig(before, after) : after);
  }
  return next;
}

/** Returns a configuration with deletions applied. */
export function without(config: JsonObject, deletions: Deletion[]): JsonObject {
  if (deletions.length === 0) return config;
  const { whole, below } = byMember(deletions);
  const kept = whole.size === 0 ? config : omitMembers(config, whole);
  return mapMembers(kept, (value, key) => {
    const deeper = below.get(key);
    return deeper && isObject(value) ? without(value, deeper) : value;
  });
}

/** Returns a value with the secrets in it as fingerprints; all of it, if it is a secret. */
export function redactValue(value: Json, isSecret: boolean, above = ""): Json {
  if (Array.isArray(value)) return value.map((inner) => redactValue(inner, isSecret));
  if (isObject(value)) return redactedObject(value, isSecret, above);
  return isSecret && value !== null ? fingerprint(String(value)) : value;
}

function redactedObject(value: JsonObject, isSecret: boolean, above = ""): JsonObject {
  return mapMembers(value, (inner, key) => {
    if (isProfileName([above, key]) && typeof inner === "string") return inner;
    return redactValue(inner, isSecret || isSecretMember(key), key);
  });
}
