/** A filter stream as a source: one walk without an end, no tweet twice. */

import { z } from "zod";
import type { Filter, Gap, StreamItem, TwitterApi } from "../twitter/api.ts";
import type { Clock } from "../clock.ts";
import type { Batch, Position, Positions, TweetSource } from "./source.ts";

/** What to collect from the stream. */
export interface FilterOptions {
  filter: Filter;
  /** The most tweets a harvest collects. */
  maxRecords?: number | undefined;
}

const WALK = "stream";
/** Ids that are remembered, so that a tweet that is sent again is known. */
const REMEMBERED = 20_000;
/** Of these, the newest that are committed, for the harvester after a crash. */
const COMMITTED = 1_000;

/** Where a stream stood at a commit. */
const positionSchema = z.object({
  /** When something last arrived, in milliseconds since 1970. */
  at: z.number(),
  /** The ids that arrived last. */
  ids: z.array(z.string()),
});

/** Collects what a stream delivers. */
export class FilterSource implements TweetSource {
  readonly #api: TwitterApi;
  readonly #options: FilterOptions;
  readonly #clock: Clock;

  constructor(api: TwitterApi, options: FilterOptions, clock: Clock) {
    this.#api = api;
    this.#options = options;
    this.#clock = clock;
  }

  async *batches(from: Positions, signal: AbortSignal): AsyncGenerator<Batch> {
    const last = positionSchema.safeParse(from[WALK]).data;
    const seen = new Recent(last?.ids ?? []);
    let gap: Gap | undefined;
    let left = this.#options.maxRecords ?? Infinity;
    let opened = false;
    for await (const item of this.#api.stream(this.#options.filter, signal)) {
      gap = item.gap;
      if (!opened && last) {
        gap = { from: last.at, to: this.#clock.now(), why: "The harvester was interrupted" };
      }
      opened = true;
      const batch = this.#batch(item, seen, left);
      left -= batch.count;
      yield gap ? { ...batch, gap } : batch;
      if (left <= 0) break;
    }
    yield { walk: WALK, position: "whole", tweets: [], count: 0 };
  }

  #batch(item: StreamItem, seen: Recent, left: number): Batch {
    const tweets: Uint8Array[] = [];
    for (const { id, line } of item.tweets) {
      if (tweets.length < left && seen.add(id)) tweets.push(line);
    }
    const position: Position = { at: this.#clock.now(), ids: seen.newest(COMMITTED) };
    return { walk: WALK, position, tweets, count: tweets.length, messages: item.messages };
  }
}

/** The ids that came last. */
class Recent {
  readonly #ids: Set<string>;

  constructor(ids: string[]) {
    this.#ids = new Set(ids);
  }

  /** Whether it is new. */
  add(id: string): boolean {
    if (this.#ids.has(id)) return false;
    this.#ids.add(id);
    if (this.#ids.size > REMEMBERED) {
      const [oldest] = this.#ids;
      if (oldest !== undefined) this.#ids.delete(oldest);
    }
    return true;
  }

  newest(count: number): string[] {
    return [...this.#ids].slice(-count);
  }
}
