/** Schemas of single values in a configuration, each with its fault in words. */

import { z } from "zod";

/** Any text. */
export const text = z.string("must be text in quotes");

const digitsOnly = "must be a string of digits, in quotes";
/** An id: as a number it would lose its last digits above 2^53. */
export const digits = z.string(digitsOnly).regex(/^\d+$/, digitsOnly);

const wholeNumber = "must be a whole number above 0";
/** A number of tweets. */
export const count = z.union([
  z.string().regex(/^[1-9]\d{0,14}$/, wholeNumber),
  z.number(wholeNumber).int(wholeNumber).positive(wholeNumber),
], wholeNumber);

/** A time in the API's format. */
export const time = z.iso.datetime({
  error: 'must be a time in UTC, as "2026-01-31T00:00:00Z"',
});

/** Splits a comma-separated list into trimmed, non-empty parts. */
export function splitList(list: string): string[] {
  return list.split(",").map((part) => part.trim()).filter((part) => part !== "");
}
