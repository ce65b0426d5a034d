/** The numbers of version 2: how many posts match a query, how many were read, how many users wrote. */

import { chunks } from "../../base/chunks.ts";
import { z } from "zod";
import { type Clock, isoTime } from "../../base/clock.ts";
import { ApiError, UserError } from "../../base/errors.ts";
import type { PageAt, SearchSpan } from "../api.ts";
import type { Transport } from "../http/transport.ts";
import { idTime, timeId } from "../bytes/ids.ts";
import { RECENT } from "../reach.ts";
import { parseAnswer } from "./answers.ts";
import { searchPlace } from "./place.ts";
import { ARCHIVE_EVERY_MS, LOOKUP_SIZE } from "./sizes.ts";
import { Wording } from "./words.ts";

/** A number that some responses have as text. */
const whole = z.union([z.number(), z.string().regex(/^\d+$/).transform(Number)]);
const time = z.iso.datetime().transform(Date.parse);

/** https://docs.x.com/x-api/posts/counts/introduction */
const countsSchema = z.object({
  data: z.array(
    z.object({
      start: time,
      end: time,
      tweet_count: whole.optional(),
      post_count: whole.optional(),
    }).transform(({ start: from, end: to, ...counts }, context) => ({
      from,
      to,
      posts: pickNumber(counts.post_count, counts.tweet_count, context),
    })),
  ).default([]),
  meta: z.object({
    total_tweet_count: whole.optional(),
    total_post_count: whole.optional(),
    next_token: z.string().optional(),
  }).transform(({ total_post_count, total_tweet_count, next_token: next }, context) => ({
    posts: pickNumber(total_post_count, total_tweet_count, context),
    next,
  })),
});

/** Returns a number that has two names, of which a response has one. */
function pickNumber(
  inNew: number | undefined,
  inOld: number | undefined,
  context: z.RefinementCtx,
): number {
  const found = inNew ?? inOld;
  if (found !== undefined) return found;
  context.addIssue({ code: "custom", message: "has no count" });
  return z.NEVER;
}

/** https://docs.x.com/x-api/usage/introduction */
const usageSchema = z.object({
  data: z.object({
    project_usage: whole.optional(),
    project_cap: whole.optional(),
    cap_reset_day: whole.optional(),
  }),
});

const postCountsSchema = z.object({
  data: z.array(z.object({
    id: z.string(),
    protected: z.boolean().optional(),
    public_metrics: z.object({ tweet_count: whole.optional(), post_count: whole.optional() })
      .transform(({ post_count, tweet_count }, context) =>
        pickNumber(post_count, tweet_count, context)
      ),
  })).default([]),
});

/** The posts of a span; times in milliseconds since 1970. */
export interface CountedSpan {
  from: number;
  to: number;
  posts: number;
}

/** How many posts match a query. */
export interface Counted {
  posts: number;
  /** Oldest first, without holes. */
  spans: CountedSpan[];
  /** The calls that it took, each of which is billed. */
  calls: number;
  /** Set where the API's counts end before the beginning of the requested span. */
  missing?: { from: number; to: number };
}

/** A request for a count. */
export interface CountWanted extends SearchSpan {
  /** Only tweets newer than this id. */
  sinceId?: string;
  granularity: "hour" | "day";
  /** Called for each call. */
  onCall?: (() => void) | undefined;
}

/** How many posts the project of the keys has read in this month. */
export interface Usage {
  used: number;
  /** Posts that it may read in a month. */
  cap: number;
  /**
   * The day of the month on which it resets. X's schema calls it the number of days that are left; its values are the
   * same day after day.
   */
  resetDay?: number;
}

/** How many posts a user has ever written. */
export interface PostCount {
  id: string;
  posts: number;
  isProtected: boolean;
}

/** Requests numbers; all of it is for apps only, but for users. It throws what Transport throws. */
export class Bill {
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #wording: Wording;
  /** Tries of each request; by default the transport's. */
  readonly #tries: { tries?: number };

  constructor({ transport, clock, wording = new Wording(), tries }: {
    transport: Transport;
    clock: Clock;
    wording?: Wording;
    tries?: number;
  }) {
    this.#tries = tries === undefined ? {} : { tries };
    this.#transport = transport;
    this.#clock = clock;
    this.#wording = wording;
  }

  /** The same for optional numbers: each request is tried once. */
  get once(): Bill {
    const [transport, clock, wording] = [this.#transport, this.#clock, this.#wording];
    return new Bill({ transport, clock, wording, tries: 1 });
  }

  /**
   * GET /2/tweets/counts/recent or /all, every page of it. A call costs money. Where the pages end before they reach
   * the beginning of the span, the rest is requested, as long as that yields something and costs about as much as
   * estimated.
   */
  async count(query: string, wanted: CountWanted, signal: AbortSignal): Promise<Counted> {
    const { granularity, onCall: _, ...at } = wanted;
    const now = this.#clock.now();
    const { place, span } = searchPlace(at, now);
    const { start_time: start = isoTime(now - RECENT) } = span;
    const begins = place.sinceId === undefined ? Date.parse(start) : idTime(place.sinceId);
    const from = begins + GRANULES[granularity];
    const counted: Counted = { posts: 0, spans: [], calls: 0 };
    let to = Infinity;
    for (;;) {
      const below = to < Infinity ? endsAt(place, to) : {};
      const places = { ...span, ...placeParameters(place), ...below };
      await this.#countPages({ query, granularity, ...places }, wanted, { counted, signal });
      const [oldest] = counted.spans;
      if (!oldest || oldest.from <= from) return counted;
      const isMore = oldest.from < to;
      to = Math.min(oldest.from, to);
      if (!isMore || counted.calls >= mostCalls(now - begins)) break;
    }
    return { ...counted, missing: { from: begins, to } };
  }

  /** Adds every page of a count. */
  async #countPages(
    parameters: Record<string, string>,
    { archive = "recent", onCall }: CountWanted,
    { counted, signal }: { counted: Counted; signal: AbortSignal },
  ): Promise<void> {
    for (let next: string | undefined, more = true; more; more = next !== undefined) {
      const page = await this.#transport.ask(
        {
          method: "GET",
          path: `2/tweets/counts/${archive}`,
          parameters: { ...parameters, ...(next ? { next_token: next } : {}) },
          everyMs: archive === "all" ? ARCHIVE_EVERY_MS : 0,
          ...this.#tries,
        },
        (answer) => parseAnswer(countsSchema, answer),
        signal,
      );
      counted.spans = [...page.data, ...counted.spans];
      counted.posts += page.meta.posts;
      counted.calls++;
      onCall?.();
      next = page.meta.next;
    }
  }

  /** GET /2/usage/tweets; null where the response does not have it. It costs nothing. */
  async usage(signal: AbortSignal): Promise<Usage | null> {
    const parameters = { "usage.fields": "cap_reset_day,project_cap,project_usage" };
    const request = { method: "GET", path: "2/usage/tweets" } as const;
    const read = (bytes: Uint8Array) => parseAnswer(usageSchema, bytes);
    const { data } = await this.#wording.ask(
      parameters,
      (parameters) => this.#transport.ask({ ...request, ...this.#tries, parameters }, read, signal),
    );
    const { project_usage: used, project_cap: cap, cap_reset_day: resetDay } = data;
    if (used === undefined || cap === undefined) return null;
    return { used, cap, ...(resetDay === undefined ? {} : { resetDay }) };
  }

  /**
   * GET /2/users: how many posts users have ever written; missing or suspended users are left out. A user costs
   * money.
   */
  async postCounts(ids: string[], signal: AbortSignal): Promise<PostCount[]> {
    const counts: PostCount[] = [];
    for (const asked of chunks(ids, LOOKUP_SIZE)) {
      const parameters = { ids: asked.join(","), "user.fields": "protected,public_metrics" };
      const request = { method: "GET", path: "2/users", as: ["user", "app"] } as const;
      const read = (answer: Uint8Array) => parseAnswer(postCountsSchema, answer);
      const { data } = await this.#wording.ask(
        parameters,
        (parameters) =>
          this.#transport.ask({ ...request, ...this.#tries, parameters }, read, signal),
      );
      for (const { id, public_metrics: posts, protected: isProtected = false } of data) {
        counts.push({ id, posts, isProtected });
      }
    }
    return counts;
  }
}

/** Milliseconds that an error waits for the day on which the cap resets. */
const USAGE_MS = 10_000;

/**
 * Returns the error of a used up cap with the day on which it resets, where the API reports it; any other unchanged.
 */
export async function withResetDay(
  thrown: unknown,
  bill: Bill | undefined,
  clock: Clock,
): Promise<unknown> {
  if (!(thrown instanceof UserError && thrown.cause instanceof ApiError)) return thrown;
  if (thrown.cause.problem !== "usage-capped") return thrown;
  const usage = await bill?.usage(AbortSignal.timeout(USAGE_MS)).catch(() => null);
  if (usage?.resetDay === undefined) return thrown;
  const { message, cause, hint = "" } = thrown;
  const day = nextReset(usage.resetDay, clock.now());
  return new UserError(`${message}. The month's cap resets on ${day}`, { hint, cause });
}

/**
 * Returns the next day on which a month's cap resets: `2026-12-16`.
 * @param resetDay The day of the month; in a shorter month it is the last one.
 * @param now In milliseconds since 1970.
 */
export function nextReset(resetDay: number, now: number): string {
  const today = new Date(now);
  const [year, month] = [today.getUTCFullYear(), today.getUTCMonth()];
  const next = [month, month + 1].map((month) => {
    const last = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
    return Date.UTC(year, month, Math.min(resetDay, last));
  }).find((ms) => ms > now);
  return isoTime(next ?? now).slice(0, 10);
}

/** Milliseconds of the spans that are counted. */
const GRANULES = { hour: 3_600_000, day: 86_400_000 };

/** Days on a page of the archive's counts. */
const PAGE_DAYS = 31;

/**
 * Returns the calls after which nothing more is requested: as many as pages of a span need, and one more, as each
 * costs.
 */
function mostCalls(ms: number): number {
  return 2 * Math.ceil(Math.max(ms, 0) / GRANULES.day / PAGE_DAYS) + 1;
}

/** Returns the parameter for tweets older than a time: since_id is never sent with one. */
function endsAt({ sinceId }: PageAt, to: number): Record<string, string> {
  return sinceId === undefined
    ? { end_time: isoTime(to).replace(".000Z", "Z") }
    : { until_id: timeId(to) };
}

function placeParameters({ sinceId, untilId }: PageAt): Record<string, string> {
  return {
    ...(sinceId ? { since_id: sinceId } : {}),
    ...(untilId ? { until_id: untilId } : {}),
  };
}
