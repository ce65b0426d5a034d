/** Time by the API's own clock, where this machine's is wrong: every response has a Date. */

import { getLogger } from "@logtape/logtape";
import type { Clock } from "../../base/clock.ts";

const log = getLogger(["twarc-cloud", "api"]);

/** Milliseconds that two clocks may differ: a Date has whole seconds, and no request depends on less. */
const TOLERANCE_MS = 30_000;
/**
 * Milliseconds after which a clock that was right meanwhile is reported again: a year of harvests has no log of
 * clocks.
 */
const AGAIN_MS = 86_400_000;

/** The times of a request, in milliseconds since 1970 by this machine's clock. */
export interface OnItsWay {
  sent: number;
  answered: number;
}

/**
 * Returns the milliseconds that this machine's clock is ahead of the server's, negative where it is behind; 0 where
 * it agrees as far as can be seen, and where a response has no Date, or one from a cache.
 */
export function aheadBy(headers: Headers, { sent, answered }: OnItsWay): number {
  const date = Date.parse(headers.get("date") ?? "");
  if (Number.isNaN(date) || headers.has("age")) return 0;
  // The Date was written between the request and the response.
  if (date + 1_000 < sent - TOLERANCE_MS) return sent - date;
  return date > answered + TOLERANCE_MS ? answered - date : 0;
}

/** Returns a text for a wrong clock: `This machine's clock is 2 hours ahead of the API's`. */
export function clockText(ahead: number): string {
  return `This machine's clock is ${lengthText(Math.abs(ahead))} ${
    ahead > 0 ? "ahead of" : "behind"
  } the API's`;
}

/** A Clock whose wall-clock time is the API's where this machine's is wrong, from the first response on. */
export class ApiTime implements Clock {
  readonly #clock: Clock;
  readonly #say: (text: string) => void;
  #ahead = 0;
  /** The API's time at a time of the monotonic clock, as this machine's may be set meanwhile. */
  #known: { at: number; now: number } | undefined;
  #saidAt = -Infinity;

  /** @param say Called once for a wrong clock; by default logs it. */
  constructor(clock: Clock, say: (text: string) => void = (text) => log.warn("{text}", { text })) {
    this.#clock = clock;
    this.#say = say;
  }

  /** Milliseconds that this machine's clock is ahead of the API's; 0 where it is right. */
  get ahead(): number {
    return this.#ahead;
  }

  now(): number {
    if (!this.#known) return this.#clock.now();
    return this.#known.now + Math.round(this.#clock.monotonic() - this.#known.at);
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return this.#clock.sleep(ms, signal);
  }

  /** Records the time of a response. @param sent When it was requested, by this machine's clock. */
  heard(headers: Headers, sent: number): void {
    const answered = this.#clock.now();
    const at = this.#clock.monotonic();
    this.#ahead = aheadBy(headers, { sent, answered: Math.max(sent, answered) });
    this.#known = this.#ahead === 0 ? undefined : { at, now: answered - this.#ahead };
    if (this.#ahead === 0 || at - this.#saidAt < AGAIN_MS) return;
    this.#saidAt = at;
    this.#say(
      `${
        clockText(this.#ahead)
      }: set it by a time server. Until then what depends on the time goes by the API's`,
    );
  }
}

/** `3 minutes`, `2 hours`, `14 days`. */
function lengthText(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  const [length, name] = seconds < 120
    ? [seconds, "second"]
    : seconds < 7_200
    ? [Math.round(seconds / 60), "minute"]
    : seconds < 172_800
    ? [Math.round(seconds / 3_600), "hour"]
    : [Math.round(seconds / 86_400), "day"];
  return `${length} ${name}${length === 1 ? "" : "s"}`;
}
