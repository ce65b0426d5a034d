/** The ids of the tweets in a recorded line, of either version of the API. */

import { items, member, text } from "./raw_json.ts";

const encoder = new TextEncoder();
const OPEN_BRACKET = 0x5b;

/**
 * The ids in a line: of a v1.1 status one, of a v2 answer those of its `data`. Digits as they were sent.
 * @throws SyntaxError for a line that is neither.
 */
export function idsIn(line: string): string[] {
  const bytes = encoder.encode(line);
  const list = member(bytes, "data");
  if (!list) return [idAt(bytes, 0)];
  if (bytes[list.start] !== OPEN_BRACKET) return [idAt(bytes, list.start)];
  return [...items(bytes, list.start)].map(({ start }) => idAt(bytes, start));
}

/**
 * The id of the tweet or user that begins at `start`: `id_str`, or the digits of `id`, which a number
 * would round. @throws SyntaxError where it has none.
 */
export function idAt(bytes: Uint8Array, start: number): string {
  const span = member(bytes, "id_str", start) ?? member(bytes, "id", start);
  const id = span ? text(bytes, span) : "";
  if (!/^\d+$/.test(id)) throw new SyntaxError("An object has no id");
  return id;
}
