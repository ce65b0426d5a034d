/** A search as a source: one walk down to the newest tweet of the walk before, and gaps that are filled later. */

import { z } from "zod";
import type {
  Batch,
  PlacedBatch,
  Position,
  Positions,
  SourceOptions,
  TweetSource,
} from "./source.ts";
import { search, SEARCH_WALK, type SearchConfig } from "../collection/types/search.ts";
import { walksOfGap } from "../bucket/gaps.ts";
import type { Clock } from "../base/clock.ts";
import type { Gap, SearchSpan, TwitterApi } from "../twitter/api.ts";
import { idTime } from "../twitter/bytes/ids.ts";
import { FIRST_TWEET, RECENT } from "../twitter/reach.ts";
import { filledWalk, unfinishedGaps } from "./gaps.ts";
import { walk } from "./walk.ts";

/** Options of a search. */
export interface SearchOptions {
  query: string;
  /** The newest tweet of the last complete walk. */
  sinceId?: string | undefined;
  /** Up to when an earlier harvest covered all: the newest tweet may be much older. In milliseconds since 1970. */
  reached?: number | undefined;
  /** The span of time of the search. */
  span: SearchSpan;
  /** The most new tweets that a harvest collects, and as many of gaps. */
  maxRecords?: number | undefined;
  /** Whether the next harvests request tweets below the newest `maxRecords`. */
  fill?: boolean | undefined;
}

/** Collects the tweets of a search. */
export class SearchSource implements TweetSource {
  readonly #api: TwitterApi;
  readonly #options: SearchOptions;
  readonly #clock: Clock;

  constructor(api: TwitterApi, options: SearchOptions, clock: Clock) {
    this.#api = api;
    this.#options = options;
    this.#clock = clock;
  }

  /** Yields gaps first: one day the API no longer reaches them. */
  async *batches(from: Positions, signal: AbortSignal): AsyncGenerator<Batch> {
    yield* this.#fills(from, signal);
    yield* this.#newest(from, signal);
  }

  async *#newest(from: Positions, signal: AbortSignal): AsyncGenerator<Batch> {
    const { query, span, sinceId, maxRecords: most, fill = false } = this.#options;
    const cut = (oldest: string, since: string | undefined) => this.#below(oldest, since);
    const to = this.#walkEnd(from[SEARCH_WALK]);
    const covering = (batch: Batch): Batch =>
      batch.position === "whole"
        ? { ...batch, covered: { from: Math.min(this.#walkStart(sinceId), to), to } }
        : batch;
    const batches = walk({
      name: SEARCH_WALK,
      ask: (at) => this.#api.search(query, { ...at, ...span }, signal),
      from: from[SEARCH_WALK],
      sinceId,
      ...(most === undefined ? {} : { most, cut }),
      learn: (newestId) => ({ update: { search: { since_id: newestId } }, delete: [] }),
    });
    for await (const found of batches) {
      const batch = this.#sinceReached(found);
      const { gap } = batch;
      if (!fill || !gap?.until_id) {
        yield covering(batch);
        continue;
      }
      const { since_id: sinceId = "0", until_id: untilId } = gap;
      // Before since_id moves: a harvester that is killed between the two begins the same walk again.
      for (const { name, position } of walksOfGap({ sinceId, untilId }, [query])) {
        yield { walk: name, position, tweets: [], count: 0 };
      }
      yield covering({ ...batch, gap: { ...gap, asked_again: "partial" } });
    }
  }

  async *#fills(from: Positions, signal: AbortSignal): AsyncGenerator<Batch> {
    const { span, maxRecords } = this.#options;
    let left = maxRecords ?? Infinity;
    for (const one of unfinishedGaps(from)) {
      if (left <= 0 || signal.aborted) return;
      const search: Parameters<typeof filledWalk>[1]["search"] = (query, at) =>
        this.#api.search(query, { ...at, ...span }, signal);
      const most = Number.isFinite(left) ? { most: left } : {};
      for await (const batch of filledWalk(one, { search, signal, ...most })) {
        left -= batch.count;
        yield batch;
      }
    }
  }

  /** Returns a batch whose gap begins where the harvest before ended, and not at its newest tweet. */
  #sinceReached({ gap, ...batch }: PlacedBatch): PlacedBatch {
    const { sinceId, reached = -Infinity } = this.#options;
    // The part cut off by max_records lies between two tweets.
    if (!gap || gap.until_id || sinceId === undefined) return gap ? { ...batch, gap } : batch;
    const from = Math.max(gap.from, reached);
    return from < gap.to ? { ...batch, gap: { ...gap, from } } : batch;
  }

  /** Returns up to when a walk goes: to now, or to where an interrupted one began. */
  #walkEnd(position: Position | undefined): number {
    const { endTime } = this.#options.span;
    const { newest } = begunSchema.safeParse(position).data ?? {};
    const begun = newest === undefined ? this.#clock.now() : idTime(newest);
    return endTime === undefined ? begun : Math.min(begun, Date.parse(endTime));
  }

  /** Returns where a walk ends: at the walk before, or where a search begins. */
  #walkStart(since: string | undefined): number {
    const { archive, startTime } = this.#options.span;
    const reach = archive === "all" ? Date.parse(FIRST_TWEET) : this.#clock.now() - RECENT;
    const starts = [reach, ...(startTime === undefined ? [] : [Date.parse(startTime)])];
    return Math.max(...starts, ...(since === undefined ? [] : [idTime(since)]));
  }

  /** Returns the gap below the collected tweets, down to the walk before or to where a search begins. */
  #below(oldest: string, since: string | undefined): Gap {
    const { maxRecords } = this.#options;
    const begin = this.#walkStart(undefined);
    const to = idTime(oldest);
    return {
      from: Math.min(since === undefined ? begin : idTime(since), to),
      to,
      why: `max_records (${maxRecords}) was reached: older tweets were not requested`,
      ...(since === undefined ? {} : { since_id: since }),
      until_id: oldest,
    };
  }
}

/** The beginning of an unfinished walk. */
const begunSchema = z.object({ newest: z.string() });

/** Opens the source of a configuration. */
export function openSearch(
  config: SearchConfig,
  api: TwitterApi,
  { clock, reached }: SourceOptions,
): SearchSource {
  const { reading, maxRecords } = search.plan(config);
  const { query, sinceId, span } = reading;
  const { fill } = config.search;
  return new SearchSource(
    api,
    { query, sinceId, reached, span, maxRecords, fill },
    api.time ?? clock,
  );
}
