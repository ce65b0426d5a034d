/** Version 2 of the API: timelines, searches and users, responses as they were sent. */

import { chunks } from "../../base/chunks.ts";
import type { PaidApi } from "../paid_api.ts";
import { type Clock, isoTime } from "../../base/clock.ts";
import { ApiError } from "../../base/errors.ts";
import type { FieldChoice, Words } from "../../base/api_fields.ts";
import { VERSION } from "../../base/version.ts";
import type {
  Confirm,
  Page,
  PageAt,
  SearchSpan,
  StreamItem,
  StreamWanted,
  TimelineChoice,
  TimelineState,
  TweetsFound,
  UserAnswer,
} from "../api.ts";
import { TRIES_OF_ONE } from "../http/backoff.ts";
import { Bill } from "./bill.ts";
import { ComplianceJobs } from "./compliance.ts";
import { Followed } from "../followed.ts";
import { idTime } from "../bytes/ids.ts";
import { withTweets } from "../bytes/redact.ts";
import { passingRefusal } from "../http/refusals.ts";
import type { SignedAs } from "../http/signer.ts";
import type { Transport } from "../http/transport.ts";
import {
  answerLine,
  listMissing,
  type Provenance,
  readTweets,
  readUsers,
  timelineState,
  type TweetsAnswer,
} from "./answers.ts";
import { RepeatedPage, toPage } from "./page.ts";
import { type Told, tweetParameters, userParameters } from "./fields.ts";
import { beyondRecent, RECENT } from "../reach.ts";
import { type SearchPlace, searchPlace } from "./place.ts";
import {
  ARCHIVE_EVERY_MS,
  LOOKUP_SIZE,
  type PageSize,
  SEARCH_PAGE,
  searchPage,
  TIMELINE_PAGE,
} from "./sizes.ts";
import { filteredStream } from "./stream.ts";
import { type LeftOut, Wording } from "./words.ts";

/** Options of a V2Api. */
export interface V2Options {
  transport: Transport;
  clock: Clock;
  /** The API's clock: its own where this machine's is wrong; by default that of `clock`. */
  time?: Clock;
  /** The fields of every post; by default all. */
  fields?: FieldChoice | undefined;
  /** The words of requests; by default the old ones, which twarc's readers know. */
  words?: Words | undefined;
  /** Milliseconds of keep-alives only, after which a stream is reopened; by default six hours. */
  quietMs?: number;
  /** Whether to collect tweets that are not public as well, as far as the owner of the keys may read them. */
  isProtectedWanted?: boolean | undefined;
}

/** The API in version 2: https://docs.x.com/x-api */
export class V2Api implements PaidApi {
  readonly tellsAuthors = true;
  readonly bill: Bill;
  readonly compliance: ComplianceJobs;
  readonly #transport: Transport;
  readonly time: Clock;
  readonly #fields: FieldChoice;
  /** The facts about authors of tweets that responses have to include. */
  readonly #tells: Told;
  readonly #followed: Followed;
  readonly #wording: Wording;
  readonly #quietMs: number | undefined;

  constructor(
    { transport, clock, time = clock, fields = {}, words, quietMs, isProtectedWanted = false }:
      V2Options,
  ) {
    this.#quietMs = quietMs;
    const wording = new Wording(words);
    this.#fields = fields;
    this.#tells = isProtectedWanted ? "nothing" : "protected";
    this.#wording = wording;
    this.#transport = transport;
    this.time = time;
    this.#followed = new Followed(transport, isProtectedWanted);
    this.bill = new Bill({ transport, clock: time, wording });
    this.compliance = new ComplianceJobs({ transport, clock, wording });
  }

  /** The parts of requests that the API does not support. */
  get leftOut(): readonly LeftOut[] {
    return this.#wording.leftOut;
  }

  /** GET /2/users/:id/tweets: 100 a page, 3,200 back; 10,000 requests as the app, 900 as a user. */
  async timeline(
    userId: string,
    { exclude = [], ...at }: PageAt & TimelineChoice,
    signal: AbortSignal,
  ): Promise<Page | TimelineState> {
    const path = `2/users/${userId}/tweets`;
    return await this.#followed.ask(userId, async (as) => {
      const { answer, page, state } = await this.#page(path, at, {
        wanted: at,
        authorId: userId,
        refusal: (answer: TweetsAnswer) => timelineState(answer, userId),
        size: TIMELINE_PAGE,
        token: "pagination_token",
        tries: TRIES_OF_ONE,
        parameters: {
          ...(exclude.length > 0 ? { exclude: exclude.join(",") } : {}),
          ...tweetParameters(this.#fields, this.#tells === "nothing" ? "authors" : this.#tells),
        },
        as,
        signal,
      });
      return state ?? (answer.author ? { ...page, author: answer.author } : page);
    });
  }

  /**
   * GET /2/tweets/search/recent, seven days back, or /2/tweets/search/all; 100 a page (500 of the archive without
   * context annotations). since_id is never sent together with a time.
   */
  async search(query: string, at: PageAt & SearchSpan, signal: AbortSignal): Promise<Page> {
    const now = this.time.now();
    const { place, span, gap, isBeyond } = searchPlace(at, now);
    const nothing = { lines: [], count: 0 };
    if (isBeyond) return gap ? { ...nothing, gap } : nothing;
    try {
      const page = await this.#requestSearch(query, at, { place, span, signal });
      // Tweets that came by a token from below show that the API reaches there.
      return gap && !(at.next && page.count > 0) ? { ...page, gap } : page;
    } catch (error) {
      // By a clock that is behind, spans that the API no longer reaches look as if it did.
      const refused = at.archive === "all" ? null : refusedEnd(error);
      if (refused === null) throw error;
      const beyond = beyondRecent(at, latestStart(at) + RECENT + 1_000) ?? gap;
      if (refused === "upper") return beyond ? { ...nothing, gap: beyond } : nothing;
      const { sinceId: _, ...below } = place;
      const { start_time: __, ...ends } = span;
      const page = await this.#requestSearch(query, at, { place: below, span: ends, signal });
      return beyond ? { ...page, gap: { ...beyond, to: Math.max(beyond.to, now - RECENT) } } : page;
    }
  }

  /** Returns a page of a search; a smaller one where the archive fails at a large one. */
  async #requestSearch(
    query: string,
    wanted: PageAt & SearchSpan,
    { place, span, signal }: Pick<SearchPlace, "place" | "span"> & { signal: AbortSignal },
  ): Promise<Page> {
    const isArchive = wanted.archive === "all";
    const size = searchPage(wanted.archive, this.#fields);
    const as: readonly SignedAs[] = isArchive ? ["app"] : ["app", "user"];
    const ask = async (size: PageSize) => {
      const { page } = await this.#page(`2/tweets/search/${wanted.archive ?? "recent"}`, place, {
        wanted,
        size,
        token: "next_token",
        parameters: { query, ...span, ...tweetParameters(this.#fields, this.#tells) },
        everyMs: isArchive ? ARCHIVE_EVERY_MS : 0,
        // A smaller page is waited for.
        tries: size.most > SEARCH_PAGE.most ? TRIES_OF_ONE : undefined,
        isAboutAll: true,
        as,
        signal,
      });
      return page;
    };
    try {
      return await ask(size);
    } catch (error) {
      if (size.most <= SEARCH_PAGE.most || !isOfApi(error)) throw error;
      return await ask(SEARCH_PAGE);
    }
  }

  /** GET /2/tweets/search/stream, by rules of the app. */
  stream(
    wanted: StreamWanted,
    signal: AbortSignal,
    confirm?: Confirm,
  ): AsyncIterable<StreamItem> {
    const [transport, clock, wording] = [this.#transport, this.time, this.#wording];
    const [fields, quietMs] = [tweetParameters(this.#fields, this.#tells), this.#quietMs];
    return filteredStream({
      transport,
      clock,
      wanted,
      fields,
      wording,
      quietMs,
      signal,
      confirm,
    });
  }

  /** GET /2/users and /2/users/by: 100 a call, 900 as a user, 300 as the app; missing users come with the reason. */
  async *users(
    by: "id" | "screen_name",
    names: string[],
    signal: AbortSignal,
  ): AsyncGenerator<UserAnswer[]> {
    for (const asked of chunks(names, LOOKUP_SIZE)) {
      const [path, name] = by === "id" ? ["2/users", "ids"] : ["2/users/by", "usernames"];
      const parameters = { [name]: asked.join(","), ...userParameters(this.#fields) };
      const tries = TRIES_OF_ONE;
      const request = { method: "GET", path, as: ["user", "app"], tries } as const;
      const read = (answer: Uint8Array) => readUsers(answer, by, asked);
      yield await this.#wording.ask(
        parameters,
        (parameters) => this.#transport.ask({ ...request, parameters }, read, signal),
      );
    }
  }

  /** GET /2/tweets: 100 a call, 5,000 calls as a user, 3,500 as the app; missing tweets come with the reason. */
  async tweets(ids: string[], signal: AbortSignal): Promise<TweetsFound> {
    const path = "2/tweets";
    const wanted = { ids: ids.join(","), ...tweetParameters(this.#fields, this.#tells) };
    return await this.#wording.ask(wanted, (parameters) => {
      const request = { method: "GET", path, parameters, as: ["user", "app"] } as const;
      return this.#transport.ask(request, (bytes) => {
        const answer = readTweets(bytes);
        const { ids: found, isPage, problems, isOneLine } = answer;
        const count = new Set(found).size;
        // For a hundred missing ids it would at least report them.
        if (!isPage && problems.length === 0) {
          throw new SyntaxError("It has neither tweets nor errors");
        }
        const line = () => answerLine(bytes, this.#provenance(path, parameters), { isOneLine });
        const isFirst = (i: number) => found.indexOf(found[i] ?? "") === i;
        const whole = () => count === found.length ? line() : withTweets(line(), isFirst);
        const lines = count > 0 ? [whole()] : [];
        return { lines, count, asked: ids.length, missing: listMissing(answer, ids) };
      }, signal);
    });
  }

  #provenance(path: string, parameters: Record<string, string>): Provenance {
    return {
      url: `https://api.twitter.com/${path}?${new URLSearchParams(parameters)}`,
      version: `twarc-cloud ${VERSION}`,
      retrieved_at: isoTime(this.time.now()),
    };
  }

  async #page(
    path: string,
    at: PageAt,
    {
      wanted,
      authorId,
      refusal = () => null,
      size,
      token,
      parameters,
      everyMs = 0,
      tries,
      isAboutAll,
      as,
      signal,
    }: {
      /** The place of the walk, of which that of the page may be a part. */
      wanted: PageAt;
      /** The user of a timeline, where it is one. */
      authorId?: string | undefined;
      /** Returns the state in a response without a page, where there is nothing to read. */
      refusal?: (answer: TweetsAnswer) => TimelineState | null;
      size: PageSize;
      /** The name of the parameter that takes the token of the next page. */
      token: string;
      parameters: Record<string, string>;
      everyMs?: number;
      tries?: number | undefined;
      isAboutAll?: true | undefined;
      as: readonly SignedAs[];
      signal: AbortSignal;
    },
  ): Promise<{ answer: TweetsAnswer; page: Page; state: TimelineState | null }> {
    const request = {
      method: "GET",
      path,
      everyMs,
      as,
      ...(tries === undefined ? {} : { tries }),
      ...(isAboutAll === undefined ? {} : { isAboutAll }),
    } as const;
    const asked = { ...parameters, ...pageParameters(at, size, token) };
    let repeated = 0;
    const pageAt = (answer: TweetsAnswer, line: () => Uint8Array) => {
      try {
        return toPage(answer, wanted, line);
      } catch (error) {
        const leadsBack = error instanceof RepeatedPage && at.next && ++repeated >= MOST_REPEATED;
        throw leadsBack ? new ApiError(LEADS_BACK, { status: 400, cause: error }) : error;
      }
    };
    const read = (bytes: Uint8Array, worded: Record<string, string>) => {
      const answer = readTweets(bytes, authorId);
      const state = refusal(answer);
      if (!answer.isPage && state === null) {
        throw new SyntaxError("It has neither tweets nor meta");
      }
      const provenance = () => this.#provenance(path, worded);
      const page = pageAt(answer, () => answerLine(bytes, provenance(), answer));
      return { answer, state, page: { ...page, asked: Number(asked.max_results) } };
    };
    try {
      return await this.#wording.ask(asked, (worded) =>
        this.#transport.ask(
          { ...request, parameters: worded },
          (bytes) => read(bytes, worded),
          signal,
        ));
    } catch (error) {
      // An expired token, or one that leads back: the walk goes on below the oldest tweet that came, or begins where
      // none came.
      const isExpired = error instanceof ApiError && error.status === 400 && at.next;
      if (!isExpired) throw error;
      const { next: _, ...below } = at;
      const again = {
        wanted,
        authorId,
        refusal,
        size,
        token,
        parameters,
        everyMs,
        tries,
        isAboutAll,
        as,
        signal,
      };
      return await this.#page(path, below, again);
    }
  }
}

/** Answers of repeated tweets to one token, after which it is given up: a single one is trouble of the API. */
const MOST_REPEATED = 3;
const LEADS_BACK = "The API's token for the next page leads back to a page before";

/** Returns whether an error may be trouble of the API, or of the network in between. */
function isOfApi(error: unknown): boolean {
  const isServer = error instanceof ApiError && (error.status === 0 || error.status >= 500);
  return isServer || passingRefusal(error) !== null;
}

/** Returns which end of a span the API refuses by its parameter's name; null for an error of another kind. */
function refusedEnd(error: unknown): "lower" | "upper" | null {
  if (!(error instanceof ApiError) || error.status !== 400) return null;
  // The names of all accepted parameters may follow, in brackets.
  const told = error.message.replace(/\bnot one of \[.*$/, "");
  if (/\b(until_id|end_time)\b/.test(told)) return "upper";
  return /\b(since_id|start_time)\b/.test(told) ? "lower" : null;
}

/** Returns when a span begins, in milliseconds since 1970; of two beginnings the later one. */
function latestStart({ sinceId, startTime }: PageAt & SearchSpan): number {
  const since = sinceId === undefined ? 0 : idTime(sinceId);
  return startTime === undefined ? since : Math.max(since, Date.parse(startTime));
}

/** A token encodes the place by itself; without one, until_id (exclusive, as ours is). */
function pageParameters(
  at: PageAt,
  { least, most }: PageSize,
  token: string,
): Record<string, string> {
  const wanted = Math.min(Math.max(at.limit ?? most, least), most);
  return {
    max_results: `${wanted}`,
    ...(at.sinceId ? { since_id: at.sinceId } : {}),
    ...(at.next ? { [token]: at.next } : at.untilId ? { until_id: at.untilId } : {}),
  };
}
