/** A search as a source: one walk down to the newest tweet of the walk before. */

import type { PageAt, SearchSpan, TwitterApi } from "../twitter/api.ts";
import type { Batch, Positions, TweetSource } from "./source.ts";
import { walk } from "./walk.ts";

/** What to search for. */
export interface SearchOptions {
  query: string;
  /** The newest tweet of the last whole walk. */
  sinceId?: string | undefined;
  /** The span of time that it is about. */
  span: SearchSpan;
  /** The most tweets a harvest collects. */
  maxRecords?: number | undefined;
}

const WALK = "search";

/** Collects what a search finds. */
export class SearchSource implements TweetSource {
  readonly #api: TwitterApi;
  readonly #options: SearchOptions;

  constructor(api: TwitterApi, options: SearchOptions) {
    this.#api = api;
    this.#options = options;
  }

  batches(from: Positions, signal: AbortSignal): AsyncIterable<Batch> {
    const { query, span } = this.#options;
    return walk({
      name: WALK,
      ask: (at: PageAt) => this.#api.search(query, { ...at, ...span }, signal),
      from: from[WALK],
      sinceId: this.#options.sinceId,
      most: this.#options.maxRecords,
      learn: (newestId) => ({ update: { search: { since_id: newestId } }, delete: [] }),
    });
  }
}
