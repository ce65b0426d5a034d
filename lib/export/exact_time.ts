/** Times in the forms that the API sends them in, looked at over their bytes. */

import { isDigit } from "../twitter/bytes/outline.ts";
import { Names } from "./names.ts";

/** Of version 2, as `toISOString` writes them. A 9 stands for any digit, an x for any letter. */
const FORM = "9999-99-99T99:99:99.999Z";
/** Of version 1.1: `Mon Mar 28 14:36:31 +0000 2016`. */
const STATUS_FORM = "xxx xxx 99 99:99:99 +0000 9999";
const [ANY_DIGIT, ANY_LETTER] = [0x39, 0x78];
const ZERO = 0x30;
const MONTHS = new Names(
  ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
);
/** Days of each month that every year has. */
const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Years repeat their days after so long. */
const MS_OF_400_YEARS = 146_097 * 86_400_000;

/** Returns whether a time that lies from `start` to `end` is as `toISOString` writes it; false for a leap day. */
export function isExactTime(bytes: Uint8Array, start: number, end: number): boolean {
  return hasForm(FORM, bytes, start, end) &&
    isDay(numberAt(bytes, start + 5), numberAt(bytes, start + 8)) && isOfDay(bytes, start + 11);
}

/** Returns the month, from 1 on, of a time in the form of version 1.1, whether there is such a day; 0 for any other. */
export function monthOfStatus(bytes: Uint8Array, start: number, end: number): number {
  return hasForm(STATUS_FORM, bytes, start, end) ? MONTHS.find(bytes, start + 4, start + 7) + 1 : 0;
}

/** Returns whether it is a time in the form of version 1.1; false for a leap day. */
export function isStatusTime(bytes: Uint8Array, start: number, end: number): boolean {
  return isDay(monthOfStatus(bytes, start, end), numberAt(bytes, start + 8)) &&
    isOfDay(bytes, start + 11);
}

function hasForm(form: string, bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start !== form.length) return false;
  for (let i = 0; i < form.length; i++) {
    const [byte = 0, wanted] = [bytes[start + i], form.charCodeAt(i)];
    if (wanted === ANY_DIGIT) {
      if (!isDigit(byte)) return false;
    } else if (wanted === ANY_LETTER ? !isLetter(byte) : byte !== wanted) return false;
  }
  return true;
}

function isDay(month: number, day: number): boolean {
  return day > 0 && day <= (DAYS[month - 1] ?? 0);
}

/** Returns whether there is such a time each day: `14:36:31`. */
function isOfDay(bytes: Uint8Array, start: number): boolean {
  return numberAt(bytes, start) < 24 && numberAt(bytes, start + 3) < 60 &&
    numberAt(bytes, start + 6) < 60;
}

/** Returns the milliseconds since 1970 of a time that lies from `start` to `end`; undefined where it is not exact. */
export function exactMs(bytes: Uint8Array, start: number, end: number): number | undefined {
  if (!isExactTime(bytes, start, end)) return undefined;
  const at = (place: number) => numberAt(bytes, start + place);
  const year = at(0) * 100 + at(2);
  const ms = at(20) * 10 + (bytes[start + 22] ?? 0) - ZERO;
  // Date.UTC takes years below 100 for those of the last century.
  const later = Date.UTC(400 + year, at(5) - 1, at(8), at(11), at(14), at(17), ms);
  return later - MS_OF_400_YEARS;
}

/** Returns the number of two digits. */
function numberAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) - ZERO) * 10 + (bytes[at + 1] ?? 0) - ZERO;
}

function isLetter(byte: number): boolean {
  const small = byte | 0x20;
  return small >= 0x61 && small <= 0x7a;
}
