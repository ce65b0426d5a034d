/** Finds the parts of a JSON text in place, so that the bytes of the API are kept. */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

const decoder = new TextDecoder();

/** A value inside a JSON text: the bytes from `start` up to, not including, `end`. */
export interface Span {
  start: number;
  end: number;
}

/** A member of an object (with its key) or an element of an array (without). */
export interface Item extends Span {
  key?: string;
}

/**
 * Yields the members of the object, or the elements of the array, that begins at `at` (white space before it is
 * skipped). Values are not parsed; RFC 8259 for the grammar.
 * @throws SyntaxError where the text is truncated or is neither an object nor an array.
 */
export function* items(bytes: Uint8Array, at = 0): Generator<Item> {
  let i = pastSpace(bytes, at);
  const isObject = bytes[i] === OPEN_BRACE;
  if (!isObject && bytes[i] !== OPEN_BRACKET) throw new SyntaxError("Neither object nor array");
  const close = isObject ? CLOSE_BRACE : CLOSE_BRACKET;
  i = pastSpace(bytes, i + 1);
  if (bytes[i] === close) return;
  for (;;) {
    const item: Item = { start: i, end: i };
    if (isObject) {
      const keyEnd = valueEnd(bytes, i);
      item.key = text(bytes, { start: i, end: keyEnd });
      i = pastSpace(bytes, keyEnd);
      if (bytes[i] !== COLON) throw new SyntaxError("A colon is missing");
      i = pastSpace(bytes, i + 1);
    }
    item.start = i;
    item.end = valueEnd(bytes, i);
    if (item.end === item.start) throw new SyntaxError("A value is missing");
    i = pastSpace(bytes, item.end);
    yield item;
    if (bytes[i] === close) return;
    if (bytes[i] !== COMMA) throw new SyntaxError("A comma is missing");
    i = pastSpace(bytes, i + 1);
  }
}

/**
 * Returns the value of the member `name` of the object that begins at `at`; null if it has none. Of several the last,
 * as every reader of our files takes it.
 * @throws SyntaxError
 */
export function member(bytes: Uint8Array, name: string, at = 0): Span | null {
  let found: Span | null = null;
  for (const item of items(bytes, at)) if (item.key === name) found = item;
  return found;
}

/**
 * Yields the objects in a member that is a list; none where it is something else, or absent. Other elements are
 * skipped.
 * @throws SyntaxError
 */
export function listObjects(bytes: Uint8Array, object: Span | null, name: string): Item[] {
  if (!object || bytes[object.start] !== OPEN_BRACE) return [];
  const list = member(bytes, name, object.start);
  if (!list || bytes[list.start] !== OPEN_BRACKET) return [];
  return [...items(bytes, list.start)].filter(({ start }) => bytes[start] === OPEN_BRACE);
}

/**
 * Returns a string's or a number's text: a string without its quotes and escapes, a number digit by digit.
 * @throws SyntaxError for a malformed string.
 */
export function text(bytes: Uint8Array, span: Span): string {
  const raw = decoder.decode(bytes.subarray(span.start, span.end));
  return bytes[span.start] === QUOTE ? String(JSON.parse(raw)) : raw;
}

/**
 * Returns the value as one line: a copy of its bytes, without the line breaks between its tokens (inside a string
 * they are always escaped).
 */
export function line(bytes: Uint8Array, span: Span): Uint8Array<ArrayBuffer> {
  const copy = bytes.slice(span.start, span.end);
  if (!copy.includes(LINE_FEED) && !copy.includes(CARRIAGE_RETURN)) return copy;
  return copy.filter((byte) => byte !== LINE_FEED && byte !== CARRIAGE_RETURN);
}

/** Returns the index of the first byte from `i` on that is not white space. */
export function pastSpace(bytes: Uint8Array, i: number): number {
  for (;;) {
    const byte = bytes[i];
    if (byte !== 0x20 && byte !== LINE_FEED && byte !== CARRIAGE_RETURN && byte !== 0x09) return i;
    i++;
  }
}

/** Returns the index after the value that begins at `i`. */
function valueEnd(bytes: Uint8Array, i: number): number {
  let depth = 0;
  for (; i < bytes.length; i++) {
    const byte = bytes[i];
    if (byte === QUOTE) {
      for (i++; i < bytes.length && bytes[i] !== QUOTE; i++) if (bytes[i] === BACKSLASH) i++;
      if (i >= bytes.length) break;
      if (depth === 0) return i + 1;
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      depth++;
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      if (depth === 0) return i;
      if (--depth === 0) return i + 1;
    } else if (depth === 0 && (byte === COMMA || byte === COLON || (byte ?? 0) <= 0x20)) {
      return i;
    }
  }
  throw new SyntaxError("The JSON text ends inside a value");
}
