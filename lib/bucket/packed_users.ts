/** Reads a document of many users: as objects they would take several times the memory of their text. */

import { Buffer, isUtf8 } from "node:buffer";
import { isObject, type JsonObject, jsonOrNull } from "../base/json.ts";
import { Packed } from "../base/packed.ts";
import { items, member, type Span } from "../twitter/bytes/raw_json.ts";

/**
 * Returns a document with its users packed, and none in `json`; null if it is not a JSON object, or any user is not an
 * object.
 * @param path Where they are: the names of members.
 */
export function packUsers(
  bytes: Uint8Array,
  path = ["users"],
): { json: JsonObject; users: Packed<JsonObject> } | null {
  try {
    let span: Span | null = isUtf8(bytes) ? { start: 0, end: bytes.length } : null;
    for (const name of path) span = span && member(bytes, name, span.start);
    const users = span && packMembers(bytes, span.start);
    if (!span || !users) return null;
    const parts = [bytes.subarray(0, span.start), Buffer.from("{}"), bytes.subarray(span.end)];
    const json = jsonOrNull(Buffer.concat(parts));
    return isObject(json) ? { json, users } : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Returns the members of the object that begins at `start`; null if any is not an object. @throws SyntaxError */
function packMembers(bytes: Uint8Array, start: number): Packed<JsonObject> | null {
  const packed = new Packed<JsonObject>();
  for (const { key, start: from, end } of items(bytes, start)) {
    const value = jsonOrNull(bytes.subarray(from, end));
    if (key === undefined || !isObject(value)) return null;
    packed.set(key, value);
  }
  return packed;
}
