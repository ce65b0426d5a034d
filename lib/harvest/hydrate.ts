/** Tweets by their ids as a source: one walk from the lowest id to the highest, and an account of those that are gone. */

import type { TwitterApi } from "../twitter/api.ts";
import { LOOKUP_SIZE } from "../twitter/v2_sizes.ts";
import { BudgetUsedUp } from "./meter.ts";
import {
  type Batch,
  type Position,
  type Positions,
  type TweetSource,
  unreadablePosition,
} from "./source.ts";

const WALK = "hydrate";

/** What to hydrate. */
export interface HydrateOptions {
  /** Sorted, each once. */
  ids: BigUint64Array;
  /** The highest id that was asked for when the last walk was whole. */
  sinceId?: string | undefined;
}

/** Asks for tweets by their ids. */
export class HydrateSource implements TweetSource {
  readonly #api: TwitterApi;
  readonly #options: HydrateOptions;

  constructor(api: TwitterApi, options: HydrateOptions) {
    this.#api = api;
    this.#options = options;
  }

  async *batches(from: Positions, signal: AbortSignal): AsyncGenerator<Batch> {
    const { ids, sinceId } = this.#options;
    for (let at = indexAfter(ids, lastAsked(from[WALK]) ?? sinceId); at < ids.length;) {
      const wanted = [...ids.subarray(at, at + LOOKUP_SIZE)].map(String);
      const found = await this.#api.tweets(wanted, signal).catch(unaffordable);
      if (!found) return;
      at += found.asked;
      const last = `${ids[at - 1]}`;
      const isWhole = at >= ids.length;
      yield {
        walk: WALK,
        position: isWhole ? "whole" : last,
        tweets: found.lines,
        count: found.count,
        missing: found.missing,
        ...(isWhole ? { update: { update: { hydrate: { since_id: last } }, delete: [] } } : {}),
      };
    }
  }
}

function unaffordable(error: unknown): null {
  if (error instanceof BudgetUsedUp) return null;
  throw error;
}

/** The last id that the walk has asked for. */
function lastAsked(position: Position | undefined): string | undefined {
  if (position === undefined || position === "whole") return undefined;
  if (typeof position === "string" && /^\d+$/.test(position)) return position;
  throw unreadablePosition(WALK);
}

/** The index of the first id above one. */
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
