/** The wait before a retry: pure functions of the failure. */

/** The kind of a failure, as far as waiting is concerned. */
export type Trouble =
  /** No response, or a truncated one: refused, reset, DNS, TLS. */
  | "network"
  /** HTTP 5xx or 408, or an invalid response. */
  | "server"
  /** HTTP 420, or 429 without a time. */
  | "calm"
  /**
   * HTTP 429 for a connection that counts as open, and may end at any moment: posts sent until that is noticed are
   * lost.
   */
  | "full";

/** The kind of a failure of a REST request. */
export type RestTrouble =
  | Trouble
  /** HTTP 429 though its headers show remaining requests: a limit by the second, or one of another kind. */
  | "pace";

/** How often a REST request is tried before its failure is reported. */
export const REST_TRIES = 10;
/** Tries of a request about one of many: an account waits no longer than 75 seconds. */
export const TRIES_OF_ONE = 5;

const SECOND = 1_000;
const MIN_LIMIT_WAIT = 10 * SECOND;
const MAX_LIMIT_WAIT = 901 * SECOND;
const MAX_DAY_WAIT = 86_401 * SECOND;

/**
 * Returns the milliseconds to wait before a REST request is retried, after `failures` (1 or more) in a row. Steps:
 * https://docs.x.com/x-api/fundamentals/handling-disconnections
 */
export function restDelay(trouble: RestTrouble, failures: number): number {
  switch (trouble) {
    case "network":
      return doubledWait(1 * SECOND, failures, 60 * SECOND);
    case "server":
      return doubledWait(5 * SECOND, failures, 320 * SECOND);
    case "pace":
      return doubledWait(2 * SECOND, failures, 60 * SECOND);
    case "calm":
      return doubledWait(60 * SECOND, failures, MAX_LIMIT_WAIT);
    case "full":
      return doubledWait(60 * SECOND, failures, 120 * SECOND);
  }
}

/**
 * Returns the wait before a retry where a response has `Retry-After`: that long, but never so short that an API which
 * fails again and again is requested without pause.
 * @param retryAfterMs Its value; undefined without one.
 * @param delay The usual wait, in milliseconds.
 */
export function askedDelay(
  retryAfterMs: number | undefined,
  { delay, failures }: { delay: number; failures: number },
): number {
  if (retryAfterMs === undefined) return delay;
  return Math.max(retryAfterMs, Math.min(delay, restDelay("network", failures)));
}

/**
 * Returns the milliseconds to wait before a stream is reopened, after `failures` (1 or more) in a row: a lost
 * connection at once and then 250 ms more each time, HTTP errors 5 s doubling to 320 s. Steps:
 * https://docs.x.com/x-api/fundamentals/handling-disconnections
 */
export function streamDelay(trouble: Trouble, failures: number): number {
  return trouble === "network"
    ? Math.min((failures - 1) * 250, 16 * SECOND)
    : restDelay(trouble, failures);
}

/** The wait for a rate limit's window, and whether the clocks seem to disagree. */
export interface LimitWait {
  /** Milliseconds. */
  ms: number;
  skewed: boolean;
}

/** The window of a limit: 15 minutes, or 24 hours. */
export type LimitSpan = "quarter" | "day";

/**
 * Returns the wait until a limit's reset plus a second, at least 10 s and at most the length of its window and a
 * second. A reset in the past or too far ahead means that a clock is wrong: then the middle of 10 s and 15 min, for
 * lack of better knowledge.
 * @param resetAt When the window ends, in milliseconds since 1970.
 * @param now In milliseconds since 1970.
 */
export function limitWait(resetAt: number, now: number, per: LimitSpan = "quarter"): LimitWait {
  const ms = resetAt + SECOND - now;
  const longest = per === "day" ? MAX_DAY_WAIT : MAX_LIMIT_WAIT;
  if (ms < -MIN_LIMIT_WAIT || ms > longest + 60 * SECOND) {
    return { ms: (MIN_LIMIT_WAIT + MAX_LIMIT_WAIT) / 2, skewed: true };
  }
  return { ms: Math.min(Math.max(ms, MIN_LIMIT_WAIT), longest), skewed: false };
}

function doubledWait(first: number, failures: number, most: number): number {
  return Math.min(first * 2 ** Math.min(failures - 1, 30), most);
}
