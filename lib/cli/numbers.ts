/** Parses numbers and times of a command line. */

import { InvalidArgumentError } from "@commander-js/extra-typings";

/** Parses a whole number, 0 or more. @throws InvalidArgumentError */
export function wholeNumber(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a whole number.");
}

/** Parses a whole number, 1 or more. @throws InvalidArgumentError */
export function positive(text: string): number {
  const number = wholeNumber(text);
  if (number > 0) return number;
  throw new InvalidArgumentError("It must be 1 or more.");
}

/** Parses a TCP port; 0 lets the system pick one. @throws InvalidArgumentError */
export function portNumber(text: string): number {
  const number = wholeNumber(text);
  if (number < 65_536) return number;
  throw new InvalidArgumentError("A port is a number up to 65535.");
}

/** Parses a time to milliseconds since 1970; UTC by default. @throws InvalidArgumentError */
export function time(text: string): number {
  const isDay = /^\d{4}-\d\d-\d\d$/.test(text);
  const isTime = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?$/.test(text);
  const hasZone = isDay || /(Z|[+-]\d\d:?\d\d)$/.test(text.slice(10));
  const ms = Date.parse(hasZone ? text : `${text}Z`);
  if ((isDay || isTime) && !Number.isNaN(ms)) return ms;
  throw new InvalidArgumentError("It must be like 2026-01-31 or 2026-01-31T12:00:00Z.");
}
