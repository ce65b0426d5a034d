/** Cells of one type, from a value of a line of version 2: anything else gives none, and 0 stands for no value. */

import { isDigit, type Name, type Outline } from "../twitter/bytes/outline.ts";
import { toTime } from "./common.ts";
import type { CsvBytes } from "./csv_bytes.ts";
import { isExactTime } from "./exact_time.ts";
import { isNull } from "./fields.ts";
import { addExactCell, addJson, jsonText } from "./json_cells.ts";

const MINUS = 0x2d;
const [SMALL_F, SMALL_T] = [0x66, 0x74];
/** Characters of numbers that JSON has as JavaScript writes them. */
const MOST_DIGITS = 15;

/** Adds a text; nothing for anything else. */
export function addString(outline: Outline, value: number | undefined, out: CsvBytes): boolean {
  return !value || !outline.isString(value) || addExactCell(outline, value, out);
}

/** Returns whether it is a number in plain digits, so few that none is lost. */
export function isShortNumber(outline: Outline, value: number): boolean {
  return outline.isNumber(value) && outline.end(value) - outline.start(value) <= MOST_DIGITS;
}

/** Adds an id, which may be a number. */
export function addId(outline: Outline, value: number, out: CsvBytes): boolean {
  if (value === 0 || isNull(outline, value)) return true;
  return (outline.isString(value) || isShortNumber(outline, value)) &&
    addExactCell(outline, value, out);
}

/** Adds `True` or `False`; nothing for anything else. */
export function addTruth(outline: Outline, value: number, out: CsvBytes): boolean {
  const byte = value === 0 ? 0 : outline.bytes[outline.start(value)];
  return (byte !== SMALL_T && byte !== SMALL_F) || addExactCell(outline, value, out);
}

/** Adds a time; nothing for anything else. */
export function addTime(outline: Outline, value: number, out: CsvBytes): boolean {
  if (value === 0 || !outline.isString(value)) return true;
  return addExactTime(outline, value, out) || addMs(toTime(jsonOf(outline, value)), out);
}

/** Adds a time that lies there as it is to be written. @returns False, and adds nothing, for any other one */
export function addExactTime(outline: Outline, value: number, out: CsvBytes): boolean {
  const [start, end] = [outline.start(value) + 1, outline.end(value) - 1];
  const isExact = isExactTime(outline.bytes, start, end);
  if (isExact) out.add(outline.bytes, start, end);
  return isExact;
}

/** Adds a time in milliseconds since 1970, if there is one. */
export function addMs(ms: number | undefined, out: CsvBytes): boolean {
  if (ms !== undefined) out.addText(new Date(ms).toISOString());
  return true;
}

/** Returns what a string says. */
export function jsonOf(outline: Outline, value: number): string {
  return JSON.parse(jsonText(outline, value));
}

/**
 * Adds the texts that a member of each object of a list says, as JSON.
 * @param options.without A member of objects that are left out.
 * @returns False where only a parser can say what they are
 */
export function addList(
  outline: Outline,
  list: number,
  out: CsvBytes,
  { of, without }: { of: Name; without?: Name | undefined },
): boolean {
  return addElements(outline, list, out, (at) => {
    if (!outline.isObject(at) || (without && outline.find(at, without) >= 0)) return 0;
    return Math.max(0, outline.find(at, of));
  });
}

/** Adds the texts of a list as JSON. @returns False where only a parser can say what they are */
export function addTexts(outline: Outline, list: number, out: CsvBytes): boolean {
  return addElements(outline, list, out, (at) => at);
}

/** Adds a text for each element of a list that has one. @param textOf Returns its value; 0 for none */
function addElements(
  outline: Outline,
  list: number,
  out: CsvBytes,
  textOf: (element: number) => number,
): boolean {
  const isList = list > 0 && outline.isArray(list);
  out.begin();
  out.pieceText("[");
  let count = 0;
  for (let at = isList ? outline.first(list) : -1; at >= 0; at = outline.next(at, list)) {
    const value = textOf(at);
    if (value === 0 || isNull(outline, value)) continue;
    if (!outline.isString(value)) return false;
    if (count++ > 0) out.pieceText(",");
    if (!addJson(outline, value, out)) return false;
  }
  out.pieceText("]");
  out.end();
  return true;
}

/** Adds a number; nothing for anything else. */
export function addNumber(outline: Outline, value: number, out: CsvBytes): boolean {
  const byte = outline.bytes[outline.start(value)] ?? 0;
  if (byte !== MINUS && !isDigit(byte)) return true;
  const isLong = outline.end(value) - outline.start(value) > MOST_DIGITS;
  if (isLong && /^-?\d+$/.test(jsonText(outline, value))) return false;
  return addExactCell(outline, value, out);
}

/** Returns a member of an object; 0 where there is none. */
export function memberOf(outline: Outline, object: number, name: Name): number {
  return object > 0 ? Math.max(0, outline.find(object, name)) : 0;
}
