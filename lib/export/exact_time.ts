/** Times that version 2 sends as JavaScript writes them: `2026-01-02T03:04:05.000Z`. */

import { isDigit } from "../twitter/bytes/outline.ts";

const FORM = "9999-99-99T99:99:99.999Z";
const ANY_DIGIT = 0x39;
const ZERO = 0x30;
/** Days of each month that every year has. */
const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Returns whether a time that lies from `start` to `end` is as `toISOString` writes it; false for a leap day. */
export function isExactTime(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start !== FORM.length) return false;
  for (let i = 0; i < FORM.length; i++) {
    const [byte = 0, wanted] = [bytes[start + i], FORM.charCodeAt(i)];
    if (wanted === ANY_DIGIT ? !isDigit(byte) : byte !== wanted) return false;
  }
  const day = numberAt(bytes, start + 8);
  return day > 0 && day <= (DAYS[numberAt(bytes, start + 5) - 1] ?? 0) &&
    numberAt(bytes, start + 11) < 24 && numberAt(bytes, start + 14) < 60 &&
    numberAt(bytes, start + 17) < 60;
}

/** Returns the number of two digits. */
function numberAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) - ZERO) * 10 + (bytes[at + 1] ?? 0) - ZERO;
}
