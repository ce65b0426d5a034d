/** Reads a large document in parts: as objects, the whole of it would take several times the memory of its text. */

import { Buffer } from "node:buffer";
import { type Json, jsonOrNull, parseJson } from "../base/json.ts";
import { items, member, pastSpace, type Span } from "../twitter/bytes/raw_json.ts";

const SPACE = 0x20;
/** Bytes of a document that is read in parts, and of the members of each. */
const [LARGE, PART] = [2 ** 20, 2 ** 18];

/**
 * Yields a document in parts, each with some of the members of the object, or of the elements of the list, at `path`, and
 * with all else. A small document is one part, as is one that has nothing there.
 * @param path The names of members; none for the document itself.
 * @param name What the text is, for the message.
 * @throws UserError for what is not JSON, with line and column.
 */
export function* jsonParts(bytes: Uint8Array, path: string[], name: string): Generator<Json> {
  const span = bytes.length < LARGE ? null : spanAt(bytes, path);
  if (!span) return yield parseJson(bytes, name);
  const [head, tail] = [bytes.subarray(0, span.start + 1), bytes.subarray(span.end - 1)];
  for (const { start, end } of pieces(bytes, span)) {
    const part = jsonOrNull(Buffer.concat([head, bytes.subarray(start, end), tail]));
    if (part === null) return yield parseJson(bytes, name);
    yield part;
  }
}

/** Returns the first part of a document, which has all but most of what is at `path`. @throws as `jsonParts` */
export function firstPart(bytes: Uint8Array, path: string[], name: string): Json {
  for (const part of jsonParts(bytes, path, name)) return part;
  return null;
}

/** Returns where an object or a list is; null where it is not there. */
function spanAt(bytes: Uint8Array, path: string[]): Span | null {
  try {
    let span: Span | null = whole(bytes);
    for (const name of path) span = span && member(bytes, name, span.start);
    return span && /[{[]/.test(String.fromCharCode(bytes[span.start] ?? 0)) ? span : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Returns a text without the white space around it. */
function whole(bytes: Uint8Array): Span {
  return { start: pastSpace(bytes, 0), end: bytes.findLastIndex((byte) => byte > SPACE) + 1 };
}

/** Yields the texts of some members or elements at a time, without the commas between them; a broken rest is one. */
function* pieces(bytes: Uint8Array, { start, end }: Span): Generator<Span> {
  let piece = { start: start + 1, end: start + 1 };
  try {
    for (const item of items(bytes, start)) {
      piece.end = item.end;
      if (piece.end - piece.start < PART) continue;
      yield piece;
      const next = pastSpace(bytes, item.end) + 1;
      piece = { start: next, end: next };
    }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    piece.end = end - 1;
  }
  if (piece.end > piece.start || piece.start === start + 1) yield piece;
}
