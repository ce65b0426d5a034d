/** Computes a harvest's progress, rate and remaining time. */

import { traitsFor } from "../collection/types/traits.ts";
import type { HarvestInfo } from "../collection/harvest_info.ts";
import { count } from "./output.ts";

/** Milliseconds before a rate is shown: the first moments are not representative. */
const ENOUGH_MS = 3_000;
/** Units of a remaining time, in seconds, the largest first; each is used from one and a half of it on. */
const UNITS = [[86_400, "days"], [3_600, "h"], [60, "min"], [1, "s"]] as const;

/** Returns the name of a harvest's walks: one a user, or one a span of time that a search goes through. */
export function walksName({ type }: HarvestInfo): string {
  return type === undefined || traitsFor(type).part === "users" ? "users" : "spans";
}

/** A share of a total: `{ done: 45, of: 2000, what: "users" }`. */
export interface Share {
  done: number;
  of: number;
  what: string;
}

/**
 * Returns a harvest's progress, if its total is known: users of timelines, ids of a list, spans of a search and its
 * gaps, or tweets of a search that were counted before. A stream has none.
 * @param expected Number of tweets that were counted before the harvest began.
 */
export function shareFor(info: HarvestInfo, expected?: number): Share | null {
  const { type, walks = 1, walks_done = 0, ids, ids_done = 0, tweets } = info;
  if (ids !== undefined) return { done: ids_done, of: ids, what: "ids" };
  if (type !== undefined && !traitsFor(type).endsByItself) return null;
  if (walks > 1) return { done: walks_done, of: walks, what: walksName(info) };
  // There may be more by now than were counted.
  if (expected) return { done: Math.min(tweets, expected), of: expected, what: "expected tweets" };
  return null;
}

/** The rate at which a number grows, including waits for rate limits. */
export class Pace {
  #first: { n: number; at: number } | undefined;
  #last: { n: number; at: number } | undefined;

  /** Adds a number. @param at Milliseconds by a monotonic clock. */
  see(n: number, at: number): void {
    // A stream's next harvest begins at zero.
    if (!this.#first || n < (this.#last?.n ?? 0)) this.#first = { n, at };
    this.#last = { n, at };
  }

  /** Per second; 0 if nothing has come, or it is too early to say. */
  get rate(): number {
    if (!this.#first || !this.#last) return 0;
    const ms = this.#last.at - this.#first.at;
    return ms < ENOUGH_MS ? 0 : (this.#last.n - this.#first.n) / ms * 1_000;
  }
}

/** Formats a share, `45% of 2,000 users`, and the remaining time if there is a rate: `about 12 min left`. */
export function shareTexts({ done, of, what }: Share, rate: number): string[] {
  const percent = of === 0 ? 100 : Math.floor(100 * done / of);
  const text = `${percent}% of ${count(of)} ${what}`;
  return rate > 0 && done < of ? [text, `about ${leftText((of - done) / rate)} left`] : [text];
}

/** Formats a rate: `41/s`, or per minute if it is less than one a second. */
export function rateText(rate: number): string {
  return rate >= 1 ? `${count(Math.round(rate))}/s` : `${count(Math.ceil(rate * 60))}/min`;
}

/** Formats a duration, rounded up: `12 min`, `1 s`. */
export function leftText(seconds: number): string {
  const [unit, name] = UNITS.find(([unit]) => seconds >= 1.5 * unit) ?? [1, "s"];
  return `${count(Math.ceil(seconds / unit))} ${name}`;
}
