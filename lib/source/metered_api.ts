/** An API whose reads are billed: each is metered, and none is made that would exceed the budget. */

import { chunks } from "../base/chunks.ts";
import type { Clock } from "../base/clock.ts";
import type {
  Confirm,
  FoundUser,
  Page,
  PageAt,
  SearchSpan,
  StreamItem,
  StreamWanted,
  TimelineChoice,
  TimelineState,
  TweetsFound,
  TwitterApi,
  UserAnswer,
} from "../twitter/api.ts";
import {
  ARCHIVE_PAGE,
  LOOKUP_SIZE,
  type PageSize,
  SEARCH_PAGE,
  TIMELINE_PAGE,
} from "../twitter/v2/sizes.ts";
import type { Meter } from "./meter.ts";

/** A TwitterApi that requests no more than the meter allows; it throws BudgetUsedUp. */
export class MeteredApi implements TwitterApi {
  readonly tellsAuthors: boolean;
  readonly time?: Clock;
  readonly #api: TwitterApi;
  readonly #meter: Meter;

  constructor(api: TwitterApi, meter: Meter) {
    this.#api = api;
    this.#meter = meter;
    this.tellsAuthors = api.tellsAuthors;
    if (api.time) this.time = api.time;
  }

  timeline(
    userId: string,
    at: PageAt & TimelineChoice,
    signal: AbortSignal,
  ): Promise<Page | TimelineState> {
    const ask = (limit: number) => this.#api.timeline(userId, { ...at, limit }, signal);
    return this.#page(ask, { at, size: TIMELINE_PAGE, signal });
  }

  search(query: string, at: PageAt & SearchSpan, signal: AbortSignal): Promise<Page> {
    const ask = (limit: number) => this.#api.search(query, { ...at, limit }, signal);
    const size = at.archive === "all" ? ARCHIVE_PAGE : SEARCH_PAGE;
    return this.#page(ask, { at, size, signal });
  }

  /** Ends where the budget is used up. Posts sent by then are billed, and yielded. */
  async *stream(
    wanted: StreamWanted,
    signal: AbortSignal,
    confirm?: Confirm,
  ): AsyncGenerator<StreamItem> {
    if (!this.#meter.noteArrival(0)) return;
    for await (const item of this.#api.stream(wanted, signal, confirm)) {
      const isMore = this.#meter.noteArrival(item.tweets.length);
      yield item;
      if (!isMore) return;
    }
  }

  async *users(
    by: "id" | "screen_name",
    names: string[],
    signal: AbortSignal,
  ): AsyncGenerator<UserAnswer[]> {
    for (const asked of chunks(names, LOOKUP_SIZE)) {
      const size = { least: asked.length, most: asked.length };
      const reserved = await this.#meter.reserve("user", size, signal);
      let found = 0;
      const answers: UserAnswer[][] = [];
      try {
        for await (const some of this.#api.users(by, asked, signal)) {
          found += some.filter((answer): answer is FoundUser => "id" in answer).length;
          answers.push(some);
        }
      } finally {
        this.#meter.settle("user", reserved, found);
      }
      yield* answers;
    }
  }

  /** Requests as many of the ids, from the first on, as the budget covers. */
  async tweets(ids: string[], signal: AbortSignal): Promise<TweetsFound> {
    const limit = await this.#meter.reserve("post", { least: 1, most: ids.length }, signal);
    let read = 0;
    try {
      const found = await this.#api.tweets(ids.slice(0, limit), signal);
      read = found.count;
      return found;
    } finally {
      this.#meter.settle("post", limit, read);
    }
  }

  async #page<P extends Page | TimelineState>(
    ask: (limit: number) => Promise<P>,
    { at, size, signal }: { at: PageAt; size: PageSize; signal: AbortSignal },
  ): Promise<P> {
    const { least } = size;
    const most = Math.max(Math.min(at.limit ?? size.most, size.most), least);
    const limit = await this.#meter.reserve("post", { least, most }, signal);
    let read = 0;
    try {
      const page = await ask(limit);
      read = typeof page === "string" ? 0 : page.count;
      return page;
    } finally {
      this.#meter.settle("post", limit, read);
    }
  }
}
