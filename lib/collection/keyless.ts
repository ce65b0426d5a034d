/** What a copy of a collection has in place of objects with keys in them: copies are handed on. */

import { isDeepStrictEqual } from "node:util";
import { isObject, type Json, parseJson } from "../base/json.ts";
import { jsonBytes } from "../base/json_bytes.ts";
import { membersOf, objectOf } from "../base/names_of.ts";
import { fingerprint, isSecretMember, redacted } from "./changeset.ts";
import { unpackIfPacked } from "../format/codec.ts";
import { isNamedLikeTweets } from "../format/file_name.ts";
import { FILES, isChangeset, isHarvestConfig } from "./layout.ts";
import { isPlaceholder } from "./template.ts";

/** The objects of a collection that have no keys besides tweets files: what comes from the API, or follows from it. */
const KEYLESS: ReadonlySet<string> = new Set([
  ...Object.values(FILES).filter((name) => name !== FILES.config),
  "last_harvest.json",
  "ids.txt",
  "inventory.jsonl",
  "coverage.jsonl",
  "fixity.jsonl",
]);
/** Bytes that a packed file may unpack to where it is looked for keys. */
const MAX_UNPACKED_BYTES = 2 ** 26;

/**
 * Returns whether an object of a collection may have keys in it: a configuration, a change of one, and whatever this program
 * does not write, such as the copy of a configuration that an editor or a file manager has made.
 */
export function mayHaveKeys(key: string): boolean {
  if (/^collections\/[^/]+\/(compliance|inventory|coverage|fixity|set-aside)\//.test(key)) {
    return false;
  }
  return !isNamedLikeTweets(key) && !KEYLESS.has(key.slice(key.lastIndexOf("/") + 1));
}

/**
 * Returns the content of an object that may have keys, without them: left out of a configuration, fingerprints in a changeset.
 * What has none stays byte for byte; the name of a profile, whose keys are elsewhere, is none.
 * @returns Null for what is no JSON, and may have keys all the same.
 */
export function keyless(key: string, bytes: Uint8Array): Uint8Array | null {
  const json = jsonIn(bytes);
  if (json === undefined) return hasWords(unpackIfPacked(bytes, MAX_UNPACKED_BYTES)) ? null : bytes;
  const isChangeset = key.includes("/changesets/");
  const without = isChangeset ? redacted(json, false) : withoutSecrets(json);
  return isDeepStrictEqual(without, json) ? bytes : jsonBytes(without);
}

/** Returns whether an object is a record, in which nobody needs keys: a changeset, or a harvest's copy of the configuration. */
export function needsNoKeys(key: string): boolean {
  return isChangeset(key) || isHarvestConfig(key);
}

/** Returns whether a JSON value has keys in the clear. */
export function hasKeys(value: Json): boolean {
  return !keysInClear(value).next().done;
}

/** Returns the keys that a JSON value has in the clear, each by its name and its fingerprint: `access_token sha256:0a1b2c3d`. */
export function namesOfKeys(value: Json): string[] {
  return [...keysInClear(value)].map(([name, key]) => `${name} ${fingerprint(key)}`);
}

/** Returns a JSON value with fingerprints in place of its keys. */
export function withFingerprints(value: Json): Json {
  if (Array.isArray(value)) return value.map(withFingerprints);
  if (!isObject(value)) return value;
  return objectOf(
    membersOf(value).map(([name, inner]): [string, Json] => {
      if (!isSecretMember(name)) return [name, withFingerprints(inner)];
      return [name, isReference(inner) ? inner : redacted(inner, true)];
    }),
  );
}

/** @param above The member that a value is in, where that has secrets. */
function* keysInClear(value: Json, above?: string): Generator<[string, string]> {
  if (Array.isArray(value)) {
    for (const inner of value) yield* keysInClear(inner, above);
  } else if (isObject(value)) {
    for (const [name, inner] of membersOf(value)) {
      const isSecret = isSecretMember(name);
      if (isSecret && isReference(inner)) continue;
      yield* keysInClear(inner, isSecret || above !== undefined ? name : undefined);
    }
  } else if (above !== undefined && typeof value === "string") {
    const isKey = value !== "" && fingerprint(value) !== value && !isPlaceholder(value);
    if (isKey) yield [above, value];
  }
}

/** Returns whether a text has a word that stands for keys. */
function hasWords(bytes: Uint8Array): boolean {
  const text = new TextDecoder("latin1").decode(bytes);
  return /key|credential|secret|token|password/i.test(text);
}

function jsonIn(bytes: Uint8Array): Json | undefined {
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
  return objectOf(kept);
}

/** Returns whether keys are only named: they are in Parameter Store, or in the person's own files. */
function isReference(keys: Json): boolean {
  return isObject(keys) && typeof keys.profile === "string" && Object.keys(keys).length === 1;
}
