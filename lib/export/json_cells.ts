/** Cells of CSV from the values of a line, found over its bytes: as `toCsvCell` makes them of parsed values. */

import { parseWhole } from "../base/json.ts";
import { isDigit, type Outline } from "../twitter/bytes/outline.ts";
import type { CsvBytes } from "./csv_bytes.ts";
import { comesAgain, hasStrangeName } from "./fields.ts";

const QUOTE = 0x22;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
/** Digits of which each number has a 64-bit floating point number of its own. */
const MOST_DIGITS = 15;
const [SMALL_F, SMALL_N, SMALL_T] = [0x66, 0x6e, 0x74];
const [OPEN_BRACE, OPEN_BRACKET] = [0x7b, 0x5b];
/** A word that a parser of lines may put another one in place of, as long as it is. */
const REPOSTED = '"reposted"';

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** Adds a cell of a value. @returns False where only a parser of lines can say what it is */
export function addCell(outline: Outline, value: number, out: CsvBytes): boolean {
  const bytes = outline.bytes;
  const start = outline.start(value);
  switch (bytes[start]) {
    case QUOTE:
      out.addString(bytes, start + 1, outline.end(value) - 1);
      return true;
    case SMALL_T:
      out.addText("True");
      return true;
    case SMALL_F:
      out.addText("False");
      return true;
    case SMALL_N:
      return true;
    case OPEN_BRACE:
    case OPEN_BRACKET: {
      out.begin();
      const isUsual = addJson(outline, value, out);
      out.end();
      return isUsual;
    }
    default:
      if (isPlainNumber(outline, value)) out.add(bytes, start, outline.end(value));
      else out.addText(`${JSON.parse(jsonText(outline, value))}`);
      return true;
  }
}

/**
 * Adds a cell of a value with its line breaks, and of a number as JavaScript rounds it.
 * @returns False for a list or an object
 */
export function addExactCell(outline: Outline, value: number, out: CsvBytes): boolean {
  const bytes = outline.bytes;
  const [start, end] = [outline.start(value), outline.end(value)];
  const byte = bytes[start] ?? 0;
  if (byte === QUOTE) out.addExactString(bytes, start + 1, end - 1);
  else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) return false;
  else if (end - start <= MOST_DIGITS || (byte !== MINUS && !isDigit(byte))) {
    return addCell(outline, value, out);
  } else out.addText(`${JSON.parse(jsonText(outline, value))}`);
  return true;
}

/**
 * Adds a value to a cell as JSON, as JSON.stringify writes it.
 * @returns False where only a parser of lines can say what it is
 */
export function addJson(outline: Outline, value: number, out: CsvBytes): boolean {
  const form = findForm(outline, value);
  if (form === "odd") return false;
  if (form === "spaced") return addSpaced(outline, value, out);
  if (form === "plain") out.piece(outline.bytes, outline.start(value), outline.end(value));
  else {
    const json = encoder.encode(JSON.stringify(parseWhole(jsonText(outline, value))));
    out.piece(json, 0, json.length);
  }
  return true;
}

/** Adds a list or an object without the spaces that are between its parts. */
function addSpaced(outline: Outline, parent: number, out: CsvBytes): boolean {
  const isObject = outline.isObject(parent);
  const first = outline.first(parent);
  out.pieceText(isObject ? "{" : "[");
  for (let at = first; at >= 0; at = outline.next(at, parent)) {
    if (at !== first) out.pieceText(",");
    if (isObject) {
      out.piece(outline.bytes, outline.nameStart(at) - 1, outline.nameEnd(at) + 1);
      out.pieceText(":");
    }
    if (!addJson(outline, at, out)) return false;
  }
  out.pieceText(isObject ? "}" : "]");
  return true;
}

/** Adds a string to a cell as JSON, with a character in front of what it says. */
export function addMarked(outline: Outline, value: number, mark: string, out: CsvBytes): void {
  out.pieceText('"');
  out.pieceText(mark);
  out.piece(outline.bytes, outline.start(value) + 1, outline.end(value));
}

/**
 * How a value has to be written: `plain` as it lies there but for its escapes, `spaced` without the spaces between its
 * parts, `other` in other bytes, or `odd` where the words in it are not those that a parser of lines finds.
 */
type JsonForm = "plain" | "spaced" | "other" | "odd";

function findForm(outline: Outline, value: number): JsonForm {
  const byte = outline.bytes[outline.start(value)] ?? 0;
  if (byte === QUOTE) return isReposted(outline, value) ? "odd" : "plain";
  if (byte === MINUS || isDigit(byte)) return isPlainNumber(outline, value) ? "plain" : "other";
  if (byte !== OPEN_BRACE && byte !== OPEN_BRACKET) return "plain";
  let isPlain = true;
  let length = 2;
  for (let at = outline.first(value); at >= 0; at = outline.next(at, value)) {
    if (byte === OPEN_BRACE) {
      if (hasStrangeName(outline, at)) return "odd";
      if (isDigit(outline.bytes[outline.nameStart(at)] ?? 0) || comesAgain(outline, at, value)) {
        return "other";
      }
      length += outline.nameEnd(at) - outline.nameStart(at) + 3;
    }
    const inner = findForm(outline, at);
    if (inner === "odd") return "odd";
    if (inner !== "plain") isPlain = false;
    length += outline.end(at) - outline.start(at) + 1;
  }
  const isEmpty = length === 2;
  const isWhole = length - (isEmpty ? 0 : 1) === outline.end(value) - outline.start(value);
  if (isWhole) return isPlain ? "plain" : "spaced";
  // An empty one has spaces in it, or more than the outline goes down to.
  return isEmpty ? "odd" : "spaced";
}

/** Returns whether a string is a word that a parser of lines may put another one in place of. */
export function isReposted(outline: Outline, value: number): boolean {
  const isAsLong = outline.end(value) - outline.start(value) === REPOSTED.length;
  return isAsLong && jsonText(outline, value) === REPOSTED;
}

/**
 * Returns whether JavaScript writes a number as it lies there: digits, or a fraction of so few digits that no shorter
 * one is the same number (ECMAScript, Number::toString).
 */
function isPlainNumber(outline: Outline, value: number): boolean {
  const bytes = outline.bytes;
  const end = outline.end(value);
  const start = outline.start(value) + (bytes[outline.start(value)] === MINUS ? 1 : 0);
  let i = start;
  while (i < end && isDigit(bytes[i] ?? 0)) i++;
  if (i === end) return start === outline.start(value) || bytes[start] !== ZERO;
  if (bytes[i] !== POINT || end - start > MOST_DIGITS + 1 || bytes[end - 1] === ZERO) return false;
  if (bytes[start] === ZERO && bytes[i + 1] === ZERO) return false;
  for (i++; i < end; i++) if (!isDigit(bytes[i] ?? 0)) return false;
  return true;
}

/** Returns the JSON text of a value. */
export function jsonText(outline: Outline, value: number): string {
  return decoder.decode(outline.bytes.subarray(outline.start(value), outline.end(value)));
}
