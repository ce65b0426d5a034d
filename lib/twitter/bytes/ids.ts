/** The ids of the tweets in a recorded line, of either version of the API. */

import { SNOWFLAKE_EPOCH } from "../../base/typed_ids.ts";
import { items, member, type Span, text } from "./raw_json.ts";
import { readTweetLine } from "./tweet_line.ts";

const [OPEN_BRACKET, OPEN_BRACE] = [0x5b, 0x7b];
const LARGEST = `${2n ** 64n - 1n}`;

/**
 * Returns the ids in a line: of a v1.1 status one, of a v2 response those of its `data`. Digits as they were sent.
 * @throws SyntaxError for a line that is neither.
 */
export function readIds(bytes: Uint8Array): string[] {
  return readTweetLine(bytes)?.ids ?? findIds(bytes);
}

function findIds(bytes: Uint8Array): string[] {
  const list = member(bytes, "data");
  if (!list) return [idAt(bytes, 0)];
  if (bytes[list.start] !== OPEN_BRACKET) return [idAt(bytes, list.start)];
  return [...items(bytes, list.start)].map(({ start }) => idAt(bytes, start));
}

/**
 * Returns the id of the tweet or user that begins at `start`: `id_str`, or the digits of `id`, which a number would
 * round. @throws SyntaxError where it has none.
 */
export function idAt(bytes: Uint8Array, start: number): string {
  const span = member(bytes, "id_str", start) ?? member(bytes, "id", start);
  const id = span ? text(bytes, span) : "";
  if (!isId(id)) {
    throw new SyntaxError(
      id.length > LARGEST.length ? "An id has more than 64 bits" : "An object has no id",
    );
  }
  return id;
}

/** Returns whether there is an object with an id at `start`. @throws SyntaxError */
export function hasId(bytes: Uint8Array, { start }: Pick<Span, "start">): boolean {
  if (bytes[start] !== OPEN_BRACE) return false;
  const span = member(bytes, "id_str", start) ?? member(bytes, "id", start);
  return span !== null && isId(text(bytes, span));
}

/** Returns whether a text is an id: a number of 64 bits at most, as it is written. */
export function isId(text: string): boolean {
  return /^(?:0|[1-9]\d{0,19})$/.test(text) && !isOlder(LARGEST, text);
}

/** Returns the first possible id of a tweet of this time (milliseconds since 1970). */
export function timeId(ms: number): string {
  return `${(BigInt(Math.max(ms, Number(SNOWFLAKE_EPOCH))) - SNOWFLAKE_EPOCH) << 22n}`;
}

/** Returns when a tweet was made, in milliseconds since 1970, by its id. */
export function idTime(id: string): number {
  return Number((BigInt(id) >> 22n) + SNOWFLAKE_EPOCH);
}

/** Returns whether an id, in digits, is lower than another. */
export function isOlder(id: string, than: string): boolean {
  return id.length === than.length ? id < than : id.length < than.length;
}

/** Compares two ids, in digits, so that they are sorted oldest first. */
export function compareIds(a: string, b: string): number {
  return isOlder(a, b) ? -1 : isOlder(b, a) ? 1 : 0;
}

/** Returns the id below one: what is older than an id goes up to it. */
export function idBelow(id: string): string {
  return `${BigInt(id) - 1n}`;
}

/** Returns the id above one. */
export function idAbove(id: string): string {
  return `${BigInt(id) + 1n}`;
}

/** Returns the newer of two ids, either of which may be unknown. */
export function newerId(one: string | undefined, other: string | undefined): string | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return isOlder(one, other) ? other : one;
}
