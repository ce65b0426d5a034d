/** How far a harvest is of what it has to do, how fast it goes, and how long it still takes. */

import type { HarvestInfo } from "../collection/harvest_info.ts";
import { count } from "./output.ts";

/** Milliseconds that are watched before a rate is shown: the first moments say little. */
const ENOUGH_MS = 3_000;
/** Units of a time that is left, in seconds, the largest first; each is shown from one and a half of it on. */
const UNITS = [[86_400, "days"], [3_600, "h"], [60, "min"], [1, "s"]] as const;

/** A part of a whole: `{ done: 45, of: 2000, what: "users" }`. */
export interface Share {
  done: number;
  of: number;
  what: string;
}

/**
 * Returns what is done of what is to be done, where that is known: of timelines users, of a list of ids these, of a search
 * tweets, where they were counted before.
 * @param expected Tweets that were counted before the harvest began.
 */
export function shareOf(info: HarvestInfo, expected?: number): Share | null {
  const { walks = 1, walks_done = 0, ids, ids_done = 0, tweets } = info;
  if (ids !== undefined) return { done: ids_done, of: ids, what: "ids" };
  if (walks > 1) return { done: walks_done, of: walks, what: "users" };
  // There may be more by now than were counted.
  if (expected) return { done: Math.min(tweets, expected), of: expected, what: "expected tweets" };
  return null;
}

/** How fast a number grows, since it was seen first: waits for rate limits are a part of that. */
export class Pace {
  #first: { n: number; at: number } | undefined;
  #last: { n: number; at: number } | undefined;

  /** Takes in a number. @param at Milliseconds by a monotonic clock. */
  see(n: number, at: number): void {
    // A stream's next harvest begins at nothing.
    if (!this.#first || n < (this.#last?.n ?? 0)) this.#first = { n, at };
    this.#last = { n, at };
  }

  /** By the second; 0 where nothing has come, or too little time has passed to say. */
  get rate(): number {
    if (!this.#first || !this.#last) return 0;
    const ms = this.#last.at - this.#first.at;
    return ms < ENOUGH_MS ? 0 : (this.#last.n - this.#first.n) / ms * 1_000;
  }
}

/** `45% of 2,000 users`, and how long the rest takes at a rate where there is one: `about 12 min left`. */
export function shareTexts({ done, of, what }: Share, rate: number): string[] {
  const percent = of === 0 ? 100 : Math.floor(100 * done / of);
  const text = `${percent}% of ${count(of)} ${what}`;
  return rate > 0 && done < of ? [text, `about ${leftText((of - done) / rate)} left`] : [text];
}

/** `41/s`; by the minute where that is less than one a second. */
export function rateText(rate: number): string {
  return rate >= 1 ? `${count(Math.round(rate))}/s` : `${count(Math.ceil(rate * 60))}/min`;
}

/** `12 min`, `1 s`: at least so long. */
export function leftText(seconds: number): string {
  const [unit, name] = UNITS.find(([unit]) => seconds >= 1.5 * unit) ?? [1, "s"];
  return `${count(Math.ceil(seconds / unit))} ${name}`;
}
