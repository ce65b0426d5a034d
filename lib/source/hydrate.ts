/** Tweets by their ids as a source: one walk from the lowest id to the highest, and an account of those that are gone. */

import {
  type Batch,
  type Position,
  type Positions,
  type SourceOptions,
  type TweetSource,
  unreadablePosition,
} from "./source.ts";
import { HYDRATE_WALK, type HydrateConfig } from "../collection/types/hydrate.ts";
import { getLogger } from "@logtape/logtape";
import { z } from "zod";
import type { Clock } from "../base/clock.ts";
import type { GapWalk } from "../bucket/gaps.ts";
import { errorMessage } from "../base/errors.ts";
import type { TweetsFound, TwitterApi } from "../twitter/api.ts";
import { MAX_REFUSED, mayBeOfOne } from "../twitter/refused_batch.ts";
import { passingRefusal } from "../twitter/http/refusals.ts";
import { LOOKUP_SIZE } from "../twitter/v2/sizes.ts";
import type { Waits } from "../base/waits.ts";
import { idBelow, idTime } from "../twitter/bytes/ids.ts";
import { spanOfWalk, unfinishedGaps } from "./gaps.ts";
import { BudgetUsedUp } from "./meter.ts";

const log = getLogger(["twarc-cloud", "harvest"]);

/** Milliseconds between tries of an API that refuses ids which it accepted before. */
const PAUSE_MS = 60_000;

/** Options of hydrating. */
export interface HydrateOptions {
  /** Sorted, each once. */
  ids: BigUint64Array;
  /** The highest id that was requested when the last walk was complete. */
  sinceId?: string | undefined;
  /** Milliseconds to wait for an API that worked before. */
  patienceMs: number;
  waits?: Waits | undefined;
}

/** The API refuses an id that it accepted before. */
class InTrouble extends Error {
  override readonly cause: unknown;

  /** @param cause The refusal. */
  constructor(cause: unknown) {
    super("The API refuses ids that it accepted before");
    this.cause = cause;
  }
}

/** Collects tweets by their ids. */
export class HydrateSource implements TweetSource {
  readonly #api: TwitterApi;
  readonly #options: HydrateOptions;
  readonly #clock: Clock;

  /** Refusals before the first response. */
  #refused = 0;
  /** An id that the API accepted. */
  #answered: string | undefined;

  constructor(api: TwitterApi, options: HydrateOptions, clock: Clock) {
    this.#api = api;
    this.#options = options;
    this.#clock = clock;
  }

  async *batches(from: Positions, signal: AbortSignal): AsyncGenerator<Batch> {
    for (const one of unfinishedGaps(from)) yield* this.#fillGap(one, signal);
    const { ids, sinceId } = this.#options;
    const start = indexAfter(ids, lastAsked(from[HYDRATE_WALK]) ?? sinceId);
    for await (const { found, at } of this.#requestIds({ start, end: ids.length }, signal)) {
      const last = `${ids[at - 1]}`;
      const isWhole = at >= ids.length;
      yield {
        walk: HYDRATE_WALK,
        position: isWhole ? "whole" : last,
        ...broughtBy(found),
        ids: { done: at, of: ids.length },
        ...(isWhole ? { update: { update: { hydrate: { since_id: last } }, delete: [] } } : {}),
      };
    }
  }

  /** Yields the tweets that a damage took, requested again. */
  async *#fillGap(one: GapWalk, signal: AbortSignal): AsyncGenerator<Batch> {
    const { ids } = this.#options;
    const { sinceId, untilId } = spanOfWalk(one) ?? {};
    if (sinceId === undefined || untilId === undefined) return;
    const end = indexAfter(ids, idBelow(untilId));
    const filled = {
      from: idTime(sinceId),
      to: idTime(untilId),
      ...(sinceId === "0" ? {} : { since_id: sinceId }),
      until_id: untilId,
    };
    const whole: Batch = { walk: one.name, position: "whole", tweets: [], count: 0, filled };
    const start = indexAfter(ids, askedOfGap(one.position) ?? sinceId);
    if (start >= end) yield whole;
    for await (const { found, at } of this.#requestIds({ start, end }, signal)) {
      const brought = broughtBy(found);
      yield at >= end
        ? { ...whole, ...brought }
        : { walk: one.name, position: { asked: `${ids[at - 1]}` }, ...brought };
    }
  }

  /**
   * Yields the tweets of the ids from an index on, up to another one, and the index reached; less where no more may
   * be read.
   */
  async *#requestIds(
    { start, end }: { start: number; end: number },
    signal: AbortSignal,
  ): AsyncGenerator<{ found: TweetsFound; at: number }> {
    const { ids } = this.#options;
    for (let at = start; at < end;) {
      const wanted = [...ids.subarray(at, Math.min(at + LOOKUP_SIZE, end))].map(String);
      const found = await this.#patiently(wanted, signal).catch(unaffordable);
      if (!found) return;
      at += found.asked;
      yield { found, at };
    }
  }

  /**
   * Returns the tweets of some ids, as soon as the API accepts again what it accepted before. @throws the refusal
   * after patience.
   */
  async #patiently(ids: string[], signal: AbortSignal): Promise<TweetsFound> {
    const { patienceMs, waits } = this.#options;
    const clock = this.#clock;
    let since: number | undefined;
    for (;;) {
      try {
        return await this.#findTweets(ids, signal);
      } catch (error) {
        if (!(error instanceof InTrouble)) throw error;
        const now = clock.monotonic();
        since ??= now;
        if (now - since >= patienceMs) throw error.cause;
        log.error("{problem}. The API accepted such ids before, retrying in {seconds} s", {
          problem: errorMessage(error.cause),
          seconds: PAUSE_MS / 1_000,
        });
        const wait = { for: "the API, which refuses every id", until: clock.now() + PAUSE_MS };
        const paused = clock.sleep(PAUSE_MS, signal);
        await (waits ? waits.during(wait, paused) : paused);
        signal.throwIfAborted();
      }
    }
  }

  /**
   * Returns the tweets of some ids; where they are refused together, of the halves, down to the id that is refused.
   */
  async #findTweets(ids: string[], signal: AbortSignal): Promise<TweetsFound> {
    try {
      const found = await this.#api.tweets(ids, signal);
      this.#answered = ids[0];
      return await this.#askedAgain(found, signal);
    } catch (error) {
      if (this.#answered !== undefined && isOfAll(error)) throw new InTrouble(error);
      if (!mayBeOfOne(error)) throw error;
      if (this.#answered === undefined && ++this.#refused > MAX_REFUSED) throw error;
      const [only = ""] = ids;
      if (ids.length === 1) {
        await this.#checkRefusal(error, signal);
        return refusedId(only, errorMessage(error));
      }
      const half = Math.ceil(ids.length / 2);
      const first = await this.#findTweets(ids.slice(0, half), signal);
      // The budget may cover a part of it only.
      if (first.asked < half) return first;
      const second = await this.#findTweets(ids.slice(half), signal).catch(unaffordable);
      return second ? together(first, second) : first;
    }
  }

  /** Requests ids again that a response did not mention: an API in trouble leaves some out. */
  async #askedAgain(found: TweetsFound, signal: AbortSignal): Promise<TweetsFound> {
    const silent = found.missing.filter(({ why }) => why === "not_told").map(({ id }) => id);
    if (silent.length === 0) return found;
    const again = await this.#api.tweets(silent, signal).catch((error) => {
      if (error instanceof BudgetUsedUp || mayBeOfOne(error)) return null;
      throw error;
    });
    if (!again) return found;
    const asked = new Set(silent.slice(0, again.asked));
    return {
      ...found,
      lines: [...found.lines, ...again.lines],
      count: found.count + again.count,
      ...mergeProtected(found, again),
      missing: [...found.missing.filter(({ id }) => !asked.has(id)), ...again.missing],
    };
  }

  /** Ensures that a refusal is about an id alone: an accepted one is requested again. @throws InTrouble */
  async #checkRefusal(refusal: unknown, signal: AbortSignal): Promise<void> {
    if (this.#answered === undefined) return;
    try {
      await this.#api.tweets([this.#answered], signal);
    } catch (error) {
      throw mayBeOfOne(error) ? new InTrouble(refusal) : error;
    }
  }
}

/**
 * Returns whether a refusal is about keys or access, and so about all ids: after accepted ones, it is trouble of the
 * API.
 */
function isOfAll(error: unknown): boolean {
  return !mayBeOfOne(error) && passingRefusal(error) !== null;
}

function refusedId(id: string, detail: string): TweetsFound {
  return { lines: [], count: 0, asked: 1, missing: [{ id, why: "refused", detail }] };
}

function together(first: TweetsFound, second: TweetsFound): TweetsFound {
  return {
    lines: [...first.lines, ...second.lines],
    count: first.count + second.count,
    asked: first.asked + second.asked,
    ...mergeProtected(first, second),
    missing: [...first.missing, ...second.missing],
  };
}

function mergeProtected(first: TweetsFound, second: TweetsFound): Pick<TweetsFound, "protected"> {
  const both = (first.protected ?? 0) + (second.protected ?? 0);
  return both > 0 ? { protected: both } : {};
}

function unaffordable(error: unknown): null {
  if (error instanceof BudgetUsedUp) return null;
  throw error;
}

/** Returns the content of a response for a batch. */
function broughtBy(found: TweetsFound): Pick<Batch, "tweets" | "count" | "missing" | "protected"> {
  return {
    tweets: found.lines,
    count: found.count,
    missing: found.missing,
    ...(found.protected ? { protected: { tweets: found.protected } } : {}),
  };
}

/** The position of a gap's walk that was begun. */
const askedSchema = z.object({ asked: z.string().regex(/^\d+$/) });

/** Returns the last id that the walk of a gap has requested; empty where it was not begun. */
function askedOfGap(position: Position): string | undefined {
  return askedSchema.safeParse(position).data?.asked;
}

/** Returns the last id that the walk has requested. */
function lastAsked(position: Position | undefined): string | undefined {
  if (position === undefined || position === "whole") return undefined;
  if (typeof position === "string" && /^\d+$/.test(position)) return position;
  throw unreadablePosition(HYDRATE_WALK);
}

/** Returns the index of the first id above one. */
function indexAfter(ids: BigUint64Array, id: string | undefined): number {
  if (id === undefined) return 0;
  const last = BigInt(id);
  let [low, high] = [0, ids.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ids[middle] ?? 0n) <= last) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Opens the source of a configuration. @throws the errors of `ids` */
export async function openIds(
  { hydrate: { since_id: sinceId } }: HydrateConfig,
  api: TwitterApi,
  { clock, ids, patienceMs, waits }: SourceOptions,
): Promise<HydrateSource> {
  return new HydrateSource(api, { ids: await ids(), sinceId, patienceMs, waits }, clock);
}
