/** Removes keys from objects that are copied or passed on. */

import { isDeepStrictEqual } from "node:util";
import { isObject, type Json, type JsonObject, parseJson } from "../base/json.ts";
import { jsonBytes } from "../base/json_bytes.ts";
import { membersOf, setMember, toObject } from "../base/names_of.ts";
import { fingerprint, isProfileName, isSecretMember, redactValue } from "./changeset.ts";
import { unpackIfPacked } from "../format/codec.ts";
import { isNamedLikeTweets } from "../format/file_name.ts";
import { isKept, README } from "./kept_readme.ts";
import { FILES, isChangeset, isHarvestConfig } from "./layout.ts";
import { isPlaceholder } from "./template.ts";

/** A collection's objects without keys besides tweets files: they come from the API, or follow from it. */
const KEYLESS: ReadonlySet<string> = new Set([
  ...Object.values(FILES).filter((name) => name !== FILES.config),
  "last_harvest.json",
  "ids.txt",
  "inventory.jsonl",
  "coverage.jsonl",
  "fixity.jsonl",
]);
/** Maximum unpacked bytes of a packed file that is searched for keys. */
const MAX_UNPACKED_BYTES = 2 ** 26;

/**
 * Returns whether an object of a collection may have keys: a configuration, a change of one, and any foreign file, such
 * as an editor's copy of the configuration.
 */
export function mayHaveKeys(key: string): boolean {
  if (/^collections\/[^/]+\/(compliance|inventory|coverage|fixity|set-aside)\//.test(key)) {
    return false;
  }
  return !isNamedLikeTweets(key) && !KEYLESS.has(key.slice(key.lastIndexOf("/") + 1));
}

/**
 * Returns an object without keys: they are omitted from a configuration, and replaced by fingerprints in a changeset.
 * An object without keys is unchanged; a profile's name is not a key.
 * @returns Null for an object that is not JSON and may have keys.
 */
export function keyless(key: string, bytes: Uint8Array): Uint8Array | null {
  const json = parseIfJson(bytes);
  if (key.endsWith(`/${README}`) && isKept(bytes)) return bytes;
  if (json === undefined) return hasWords(unpackIfPacked(bytes, MAX_UNPACKED_BYTES)) ? null : bytes;
  const isChangeset = key.includes("/changesets/");
  const without = exceptDeletions(json, (value) => {
    return isChangeset ? redactValue(value, false) : withoutSecrets(value);
  });
  return isDeepStrictEqual(without, json) ? bytes : jsonBytes(without);
}

/** Returns whether an object is a record that needs no keys: a changeset, or a harvest's copy of the configuration. */
export function needsNoKeys(key: string): boolean {
  return isChangeset(key) || isHarvestConfig(key);
}

/** Returns whether a JSON value has keys in the clear. */
export function hasKeys(value: Json): boolean {
  return !keysBesideDeletions(value).next().done;
}

/** Returns the keys in the clear of a JSON value, each by its name and fingerprint: `access_token sha256:0a1b2c3d`. */
export function namesOfKeys(value: Json): string[] {
  return [...keysBesideDeletions(value)].map(([name, key]) => `${name} ${fingerprint(key)}`);
}

/** Returns a JSON value with keys replaced by fingerprints. */
export function withFingerprints(value: Json): Json {
  return exceptDeletions(value, fingerprintValues);
}

function fingerprintValues(value: Json): Json {
  if (Array.isArray(value)) return value.map(fingerprintValues);
  if (!isObject(value)) return value;
  return toObject(
    membersOf(value).map(([name, inner]): [string, Json] => {
      if (!isSecretMember(name)) return [name, fingerprintValues(inner)];
      return [name, isReference(inner) ? inner : redactValue(inner, true, name)];
    }),
  );
}

/** Returns what a function makes of a value; a changeset's deletions stay, as they only name members. */
function exceptDeletions(value: Json, of: (value: Json) => Json): Json {
  const made = of(value);
  if (hasDeletions(value) && isObject(made)) setMember(made, "delete", value.delete);
  return made;
}

/** Returns whether a value has the form of a changeset, wherever it is kept. */
function hasDeletions(value: Json): value is JsonObject & { delete: Json[] } {
  return isObject(value) && isObject(value.update) && Array.isArray(value.delete);
}

function keysBesideDeletions(value: Json): Generator<[string, string]> {
  return keysInClear(hasDeletions(value) ? { ...value, delete: [] } : value);
}

/** @param above The member of the value, if it holds secrets. */
function* keysInClear(value: Json, above?: string): Generator<[string, string]> {
  if (Array.isArray(value)) {
    for (const inner of value) yield* keysInClear(inner, above);
  } else if (isObject(value)) {
    for (const [name, inner] of membersOf(value)) {
      const isSecret = isSecretMember(name);
      if (isSecret && isReference(inner)) continue;
      if (above !== undefined && isProfileName([above, name])) continue;
      yield* keysInClear(inner, isSecret || above !== undefined ? name : undefined);
    }
  } else if (above !== undefined && typeof value === "string") {
    const isKey = value !== "" && fingerprint(value) !== value && !isPlaceholder(value);
    if (isKey) yield [above, value];
  }
}

/** Returns whether a text has words that indicate keys. */
function hasWords(bytes: Uint8Array): boolean {
  const text = new TextDecoder("latin1").decode(bytes);
  return /key|credential|secret|token|password/i.test(text);
}

function parseIfJson(bytes: Uint8Array): Json | undefined {
  try {
    return parseJson(bytes, "it");
  } catch {
    return undefined;
  }
}

function withoutSecrets(value: Json): Json {
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (!isObject(value)) return value;
  const kept = membersOf(value)
    .filter(([name, inner]) => !isSecretMember(name) || isReference(inner))
    .map(([name, inner]): [string, Json] => [name, withoutSecrets(inner)]);
  return toObject(kept);
}

/** Returns whether keys are only named, and kept in Parameter Store or in the person's files. */
function isReference(keys: Json): boolean {
  return isObject(keys) && typeof keys.profile === "string" && Object.keys(keys).length === 1;
}
