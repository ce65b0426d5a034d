/** The difference between two configurations: made, applied, put together, kept free of secrets. */

import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { isObject, type Json, type JsonObject, member } from "../base/json.ts";
import { copyOf, namesOf, setMember } from "../base/names_of.ts";

/** What is to be deleted: the name of a member, or for members what to delete below them. */
export type Deletion = string | { [key: string]: Deletion[] };

/** An update and a deletion, as a changeset file holds them. */
export interface ConfigUpdate {
  update: JsonObject;
  delete: Deletion[];
}

/** Tweets that were taken out of a file. */
export interface Removal {
  /** The file, below the collection's folder. */
  file: string;
  /** The file in its place; null where nothing of it stayed. */
  replaced_by: string | null;
  tweets: { id: string; reason: string }[];
}

/** A ConfigUpdate that was made at a time. */
export interface Changeset extends ConfigUpdate {
  /** ISO 8601, UTC. */
  change_timestamp: string;
  /** The timestamp of the configuration that it changes: while that one is in force, the change is not. */
  changed_from?: string | undefined;
  /** Tweets that were taken out of the collection, as X asks for. */
  removed?: Removal[] | undefined;
  /** The harvest that made it, ISO 8601, UTC; absent where a person did. */
  harvest_timestamp?: string | undefined;
  /** As the Python original notes it of a harvest. */
  note?: string | undefined;
  /** Files, below the collection's folder, that have fingerprints in place of keys since. */
  redacted?: string[] | undefined;
}

/** What the Python original notes of a change that a harvest made. */
export const HARVEST_NOTE = "Changes based on harvester.";

/** Whether it changes nothing. */
export function isEmpty(change: ConfigUpdate): boolean {
  return Object.keys(change.update).length === 0 && change.delete.length === 0;
}

/** What turns `from` into `to`: `merge(from, diff(from, to))` equals `to`. Arrays count as values. */
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
      // An object is merged into what is there: what is no object has to go first.
      if (before !== undefined && isObject(after)) deletions.push(key);
      setMember(update, key, after);
    }
  }
  for (const key of namesOf(from)) if (member(to, key) === undefined) deletions.push(key);
  return { update, delete: deletions };
}

/** The configuration with a change applied: what is deleted goes first. */
export function merge(config: JsonObject, change: ConfigUpdate): JsonObject {
  return updated(without(config, change.delete), change.update);
}

/** One change that does what two do, one after the other. */
export function combine(earlier: ConfigUpdate, later: ConfigUpdate): ConfigUpdate {
  return {
    update: updated(without(earlier.update, later.delete), later.update),
    delete: gathered([...earlier.delete, ...later.delete]),
  };
}

/** Deletions with each member named once. */
function gathered(deletions: Deletion[]): Deletion[] {
  const { whole, below } = byMember(deletions);
  const deeper = [...below].filter(([key]) => !whole.has(key));
  return [
    ...whole,
    ...deeper.map(([key, inner]) => Object.fromEntries([[key, gathered(inner)]])),
  ];
}

/** The members that are deleted, and what is deleted below others. */
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

/** The change with the values of secrets as fingerprints. */
export function redact(change: ConfigUpdate): ConfigUpdate {
  return { ...change, update: redactedObject(change.update, false) };
}

/** Whether a value has secrets in it, or their fingerprints. */
export function hasSecret(value: Json): boolean {
  if (Array.isArray(value)) return value.some(hasSecret);
  if (!isObject(value)) return false;
  return Object.entries(value).some(([name, inner]) =>
    isSecretMember(name) && inner !== null || hasSecret(inner)
  );
}

/** Whether a configuration is as a change makes it. */
export function isIn(config: JsonObject, change: ConfigUpdate): boolean {
  return isDeepStrictEqual(merge(config, change), config);
}

/** A secret as something that tells it from others and gives nothing away. */
export function fingerprint(secret: string): string {
  if (/^sha256:[0-9a-f]{8}$/.test(secret)) return secret;
  return `sha256:${createHash("sha256").update(secret).digest("hex").slice(0, 8)}`;
}

/** Members whose values, at any depth, are secrets. */
export function isSecretMember(name: string): boolean {
  return /keys?(?![a-z])|credential|secret|token|password/i.test(name);
}

/** Whether a member names a profile, whose keys are elsewhere: a name is no secret. */
export function isProfileName(path: readonly string[]): boolean {
  return path.at(-1) === "profile" && /^(keys|credentials)$/.test(path.at(-2) ?? "");
}

/**
 * An object with other values under the same names; where none is another one, the very object: of a hundred thousand
 * users few may change.
 */
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
    copy ??= copyOf(object);
    setMember(copy, name, after);
  }
  return copy ?? object;
}

/** The members of an object that have one of these names. */
export function picked(object: JsonObject, names: readonly string[]): JsonObject {
  const some: JsonObject = {};
  for (const name of names) {
    const value = member(object, name);
    if (value !== undefined) setMember(some, name, value);
  }
  return some;
}

/** The members of an object that have none of these names. */
export function omitMembers(object: JsonObject, names: Iterable<string>): JsonObject {
  const left = new Set(names);
  return picked(object, namesOf(object).filter((name) => !left.has(name)));
}

function updated(config: JsonObject, update: JsonObject): JsonObject {
  if (Object.keys(config).length === 0) return update;
  const next = copyOf(config);
  for (const key of namesOf(update)) {
    const [before, after] = [member(config, key), member(update, key)];
    if (after === undefined) continue;
    setMember(next, key, isObject(before) && isObject(after) ? updated(before, after) : after);
  }
  return next;
}

/** A configuration without what is to be deleted. */
export function without(config: JsonObject, deletions: Deletion[]): JsonObject {
  if (deletions.length === 0) return config;
  const { whole, below } = byMember(deletions);
  const kept = whole.size === 0 ? config : omitMembers(config, whole);
  return mapMembers(kept, (value, key) => {
    const deeper = below.get(key);
    return deeper && isObject(value) ? without(value, deeper) : value;
  });
}

/** A value with the secrets in it as fingerprints; all of it, where it is one. */
export function redacted(value: Json, isSecret: boolean, above = ""): Json {
  if (Array.isArray(value)) return value.map((inner) => redacted(inner, isSecret));
  if (isObject(value)) return redactedObject(value, isSecret, above);
  return isSecret && value !== null ? fingerprint(String(value)) : value;
}

function redactedObject(value: JsonObject, isSecret: boolean, above = ""): JsonObject {
  return mapMembers(value, (inner, key) => {
    if (isProfileName([above, key]) && typeof inner === "string") return inner;
    return redacted(inner, isSecret || isSecretMember(key), key);
  });
}
