/** What a copy of a collection has in place of objects with keys in them: copies are handed on. */

import { isDeepStrictEqual } from "node:util";
import { type Json, jsonBytes, type JsonObject, parseJson } from "../json.ts";
import { isObject, isSecretMember, redacted } from "./changeset.ts";

/** Whether an object of a collection may have keys in it: a configuration, or a change of one. */
export function mayHaveKeys(key: string): boolean {
  return /\/collection\.json$|\/changesets\/[^/]*\.json$/.test(key);
}

/**
 * The content of an object that may have keys, without them: left out of a configuration, fingerprints in a changeset.
 * What has none stays byte for byte; the name of a profile, whose keys are elsewhere, is none.
 * @returns Null for what is no JSON, and may have keys all the same.
 */
export function keyless(key: string, bytes: Uint8Array): Uint8Array | null {
  const json = jsonIn(bytes);
  if (json === undefined) {
    const text = new TextDecoder("latin1").decode(bytes);
    return /key|credential|secret|token|password/i.test(text) ? null : bytes;
  }
  const isChangeset = key.includes("/changesets/");
  const without = isChangeset ? redacted(json, false) : withoutSecrets(json);
  return isDeepStrictEqual(without, json) ? bytes : jsonBytes(without);
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
  const kept = Object.entries(value)
    .filter(([name, inner]) => !isSecretMember(name) || isReference(inner))
    .map(([name, inner]): [string, Json] => [name, withoutSecrets(inner)]);
  return Object.fromEntries(kept) satisfies JsonObject;
}

/** Whether keys are only named: they are in Parameter Store, or in the person's own files. */
function isReference(keys: Json): boolean {
  return isObject(keys) && typeof keys.profile === "string" && Object.keys(keys).length === 1;
}
