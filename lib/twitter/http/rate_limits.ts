/** The rate limit of one endpoint, shared by all requests in progress. */

import { getLogger } from "@logtape/logtape";
import type { Clock } from "../../base/clock.ts";
import { isoTime } from "../../base/clock.ts";
import { Waits } from "../../base/waits.ts";
import { type LimitSpan, limitWait } from "./backoff.ts";

const log = getLogger(["twarc-cloud", "api"]);

/** The `x-rate-limit-` headers of a response. */
export interface RateLimit {
  remaining: number;
  /** When the window ends, in milliseconds since 1970. */
  resetAt: number;
  /** The length of the window. */
  per: LimitSpan;
}

/** The prefixes of a limit's headers, and the length of its window. */
const LIMITS: [name: string, per: LimitSpan][] = [
  ["x-rate-limit", "quarter"],
  ["x-app-limit-24hour", "day"],
  ["x-user-limit-24hour", "day"],
];

/**
 * Returns the rate limit in a response's headers: of several the one with the fewest requests left, then the one that
 * ends last. Null where there is none: values that are not numbers, or not a time before the year 2286, count as
 * none.
 */
export function readRateLimit(headers: Headers): RateLimit | null {
  const limits = LIMITS.flatMap(([name, per]) => {
    const remaining = headers.get(`${name}-remaining`);
    const reset = headers.get(`${name}-reset`);
    if (!remaining || !reset || !/^\d{1,10}$/.test(remaining) || !/^\d{1,10}$/.test(reset)) {
      return [];
    }
    return [{ remaining: Number(remaining), resetAt: Number(reset) * 1_000, per }];
  });
  const [tightest] = limits.toSorted((a, b) => a.remaining - b.remaining || b.resetAt - a.resetAt);
  return tightest ?? null;
}

/** Returns whether a response's headers show requests left in every window. */
export function hasRequestsLeft(headers: Headers): boolean {
  if (readRateLimit(headers)?.remaining === 0) return false;
  return Number(headers.get("x-rate-limit-remaining") ?? 0) > 0;
}

/** Lets requests to one endpoint through as its rate limit allows. */
export class Budget {
  readonly #name: string;
  readonly #clock: Clock;
  readonly #time: Pick<Clock, "now">;
  readonly #waits: Waits;
  #limit: RateLimit | null = null;
  #known = false;
  #inFlight = 0;
  #blockedUntil = 0;
  #lastTurn = -Infinity;
  #answered = Promise.withResolvers<void>();

  /**
   * @param name The endpoint, for a person.
   * @param options.time The clock by which the API's windows end; by default this machine's.
   */
  constructor(
    name: string,
    { clock, time = clock, waits = new Waits() }: {
      clock: Clock;
      time?: Pick<Clock, "now">;
      waits?: Waits;
    },
  ) {
    this.#name = name;
    this.#clock = clock;
    this.#time = time;
    this.#waits = waits;
  }

  /**
   * Resolves when a request may be sent; `noteAnswer` must follow. Before the first response only one request is let
   * through, since the limit is unknown.
   * @param everyMs Milliseconds since the request before, at least.
   * @throws the signal's reason when it is aborted.
   */
  async turn(signal: AbortSignal, everyMs = 0): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      const [now, next] = [this.#clock.monotonic(), this.#lastTurn + everyMs];
      if (this.#blockedUntil > now) {
        const ms = this.#blockedUntil - now;
        await this.#waits.during(
          { for: `the rate limit of ${this.#name}`, until: this.#clock.now() + ms },
          this.#clock.sleep(ms, signal),
        );
      } else if (next > now) {
        await this.#clock.sleep(next - now, signal);
      } else if (!this.#known && this.#inFlight > 0) {
        await this.#answered.promise;
      } else if (this.#limit && this.#limit.remaining <= 0) {
        this.#waitFor(this.#limit);
      } else {
        break;
      }
    }
    this.#lastTurn = this.#clock.monotonic();
    if (this.#limit) this.#limit.remaining--;
    this.#inFlight++;
  }

  /** Records a response's headers; null where there was no response. */
  noteAnswer(headers: Headers | null): void {
    this.#inFlight--;
    const limit = headers && readRateLimit(headers);
    // While a window is waited out, the last responses of that window do not describe the next one.
    const isOld = limit?.remaining === 0 && this.#blockedUntil > this.#clock.monotonic();
    if (headers && !isOld) {
      this.#known = true;
      this.#limit = limit && { ...limit, remaining: limit.remaining - this.#inFlight };
    }
    this.#answered.resolve();
    this.#answered = Promise.withResolvers();
  }

  /** Blocks all requests until the window of this limit has ended. */
  #waitFor(limit: RateLimit): void {
    const { ms, skewed } = limitWait(limit.resetAt, this.#time.now(), limit.per);
    const until = isoTime(this.#clock.now() + ms);
    if (skewed) {
      log.warn(
        "The rate limit of {name} ends at {reset} by the API's headers, which does not fit this machine's clock: check it",
        {
          name: this.#name,
          reset: isoTime(limit.resetAt),
        },
      );
    }
    if (limit.per === "day") {
      log.warn("The requests of 24 hours of {name} are used up: waiting until {until}", {
        name: this.#name,
        until,
      });
    } else {
      log.info("The rate limit of {name} is used up: waiting until {until}", {
        name: this.#name,
        until,
      });
    }
    this.#blockedUntil = this.#clock.monotonic() + ms;
    this.#limit = null;
    this.#known = false;
  }
}
