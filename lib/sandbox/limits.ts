/** Rate limits as the API has them: a number of requests a window, for each endpoint and token. */

import type { Clock } from "../base/clock.ts";

/** Requests allowed in a window, by endpoint. */
const LIMITS: Record<string, { user: number; app: number }> = {
  "/1.1/statuses/user_timeline.json": { user: 900, app: 1_500 },
  "/1.1/search/tweets.json": { user: 180, app: 450 },
  "/1.1/users/show.json": { user: 900, app: 900 },
  "/1.1/users/lookup.json": { user: 900, app: 300 },
  "/2/users/:id/tweets": { user: 900, app: 10_000 },
  "/2/tweets/search/recent": { user: 300, app: 450 },
  "/2/tweets/search/all": { user: 0, app: 300 },
  "/2/tweets": { user: 5_000, app: 3_500 },
  "/2/users": { user: 900, app: 300 },
  "/2/users/by": { user: 900, app: 300 },
  "/2/tweets/counts/recent": { user: 0, app: 300 },
  "/2/tweets/counts/all": { user: 0, app: 300 },
  "/2/usage/tweets": { user: 0, app: 50 },
  "GET /2/tweets/search/stream/rules": { user: 0, app: 450 },
  "POST /2/tweets/search/stream/rules": { user: 0, app: 100 },
  "/2/compliance/jobs": { user: 0, app: 150 },
  "/2/compliance/jobs/:id": { user: 0, app: 150 },
  "/2/connections": { user: 0, app: 25 },
};
const OTHERS = { user: 75, app: 75 };

/** The state of a limit after a request. */
export interface LimitState {
  limit: number;
  remaining: number;
  /** When the window ends, in seconds since 1970. */
  reset: number;
  isExceeded: boolean;
}

/** Counts requests. */
export class RateLimits {
  readonly #clock: Clock;
  readonly #windowMs: number;
  readonly #most: number | undefined;
  readonly #windows = new Map<string, { ends: number; used: number }>();

  /** @param most Replaces every limit. */
  constructor(
    clock: Clock,
    { windowMs = 900_000, most }: { windowMs?: number; most?: number | undefined },
  ) {
    this.#clock = clock;
    this.#windowMs = windowMs;
    this.#most = most;
  }

  /** Counts a request. @param endpoint Its method and path. */
  count(
    { method, path }: { method: string; path: string },
    { token, kind }: { token: string; kind: "user" | "app" },
  ): LimitState {
    const name = path.replace(/(?<=.)\/\d+(?=\/|$)/g, "/:id");
    const own = LIMITS[`${method} ${name}`];
    const limit = this.#most ?? (own ?? LIMITS[name] ?? OTHERS)[kind];
    const now = this.#clock.now();
    const key = `${own ? method : ""} ${name} ${token}`;
    const current = this.#windows.get(key);
    const window = current && current.ends > now
      ? current
      : { ends: now + this.#windowMs, used: 0 };
    window.used++;
    this.#windows.set(key, window);
    return {
      limit,
      remaining: Math.max(limit - window.used, 0),
      reset: Math.ceil(window.ends / 1_000),
      isExceeded: window.used > limit,
    };
  }
}
