/** Version 1.1 of the API: timelines, search, the filter stream and users, statuses as they were sent. */

import { takeOver } from "../../base/memory.ts";
import { chunks } from "../../base/chunks.ts";
import { z } from "zod";
import type { Clock } from "../../base/clock.ts";
import { ApiError, UserError } from "../../base/errors.ts";
import type {
  Confirm,
  FoundUser,
  LineTraits,
  Page,
  PageAt,
  StreamItem,
  StreamWanted,
  TimelineState,
  TweetsFound,
  TwitterApi,
  UserAnswer,
} from "../api.ts";
import { TRIES_OF_ONE } from "../http/backoff.ts";
import { Followed } from "../followed.ts";
import { idAt, idBelow, isOlder } from "../bytes/ids.ts";
import { name, Outline } from "../bytes/outline.ts";
import { items, line, member, type Span } from "../bytes/raw_json.ts";
import { beyondRecent } from "../reach.ts";
import { strictlyParsed } from "../bytes/strict_json.ts";
import type { SignedAs } from "../http/signer.ts";
import { liveStream } from "../stream.ts";
import type { Transport } from "../http/transport.ts";
import { readStreamLine } from "./messages.ts";

/**
 * All parts of a status or a user: the whole text, entities, cards, descriptions of pictures, and whether a user pays
 * for the blue badge.
 */
const WHOLE = {
  tweet_mode: "extended",
  include_entities: "true",
  include_ext_alt_text: "true",
  include_ext_is_blue_verified: "true",
  include_card_uri: "true",
};
const TIMELINE_PAGE = 200;
const SEARCH_PAGE = 100;
const LOOKUP_SIZE = 100;
/** Three keep-alives of 30 s missed. */
const STALL_MS = 90_000;

/** Codes of errors about a user: https://developer.x.com/en/support/x-api/error-troubleshooting */
const [NOBODY_MATCHES, NO_SUCH_USER, SUSPENDED, PROTECTED] = [17, 50, 63, 179];

const searchSchema = z.object({ statuses: z.array(z.unknown()) });
const userSchema = z.object({
  id_str: z.string().optional(),
  screen_name: z.string(),
  protected: z.boolean().nullish(),
});

/** Options of a V1Api. */
export interface V1Options {
  transport: Transport;
  clock: Clock;
  /** The API's clock: its own where this machine's is wrong; by default that of `clock`. */
  time?: Clock;
  /** Milliseconds of silence after which a stream is reopened; by default 90,000. */
  stallMs?: number;
  /** Whether protected timelines are requested in the name of the keys' owner, who may follow them. */
  isProtectedWanted?: boolean | undefined;
}

/** The API in version 1.1: https://developer.x.com/en/docs/x-api/v1 */
export class V1Api implements TwitterApi {
  readonly tellsAuthors = false;
  readonly #transport: Transport;
  readonly time: Clock;
  readonly #stallMs: number;
  readonly #followed: Followed;

  constructor(
    { transport, clock, time = clock, stallMs = STALL_MS, isProtectedWanted = false }: V1Options,
  ) {
    this.#transport = transport;
    this.time = time;
    this.#stallMs = stallMs;
    this.#followed = new Followed(transport, isProtectedWanted);
  }

  /** GET statuses/user_timeline: 200 a page, 3,200 back, retweets included; 1,500 requests as the app, 900 as a user. */
  async timeline(
    userId: string,
    at: PageAt,
    signal: AbortSignal,
  ): Promise<Page | TimelineState> {
    const parameters = {
      user_id: userId,
      ...WHOLE,
      include_rts: "true",
      ...pageParameters(at, TIMELINE_PAGE),
    };
    const path = "1.1/statuses/user_timeline.json";
    const ask = async (as: readonly SignedAs[]) => {
      const request = { method: "GET", path, parameters, as, tries: TRIES_OF_ONE } as const;
      try {
        return await this.#transport.ask(request, (answer) => {
          const page = toPage(answer, statusesInList(answer), at);
          return { ...page, asked: Number(parameters.count) };
        }, signal);
      } catch (error) {
        const state = error instanceof ApiError ? timelineState(error) : null;
        if (state) return state;
        throw error;
      }
    };
    return await this.#followed.ask(userId, ask);
  }

  /** GET search/tweets: 100 a page, about seven days back. */
  async search(query: string, at: PageAt, signal: AbortSignal): Promise<Page> {
    const parameters = {
      q: query,
      ...WHOLE,
      result_type: "recent",
      ...pageParameters(at, SEARCH_PAGE),
    };
    const request = {
      method: "GET",
      path: "1.1/search/tweets.json",
      parameters,
      as: ["app", "user"],
      isAboutAll: true,
    } as const;
    const gap = beyondRecent(at, this.time.now());
    const page = await this.#transport.ask(
      request,
      (answer) => toPage(answer, statusesInSearch(answer), at),
      signal,
    );
    return gap ? { ...page, gap } : page;
  }

  /** POST statuses/filter. */
  stream(
    { filter, patienceMs }: StreamWanted,
    signal: AbortSignal,
    confirm?: Confirm,
  ): AsyncIterable<StreamItem> {
    const { rules: _, ...lists } = filter;
    const parameters = { ...lists, ...WHOLE, stall_warnings: "true" };
    const as = ["user"] as const;
    const request = { method: "POST", path: "1.1/statuses/filter.json", parameters, as } as const;
    return liveStream({
      open: (connection) => this.#transport.open(request, connection),
      read: readStreamLine,
      clock: this.time,
      waits: this.#transport.waits,
      stallMs: this.#stallMs,
      patienceMs,
      confirm,
      signal,
    });
  }

  /** POST users/lookup, 100 a call; GET users/show for those that it leaves out, to learn why. */
  async *users(
    by: "id" | "screen_name",
    names: string[],
    signal: AbortSignal,
  ): AsyncGenerator<UserAnswer[]> {
    for (const asked of chunks(names, LOOKUP_SIZE)) {
      const found = await this.#lookup(by, asked, signal);
      const answers: UserAnswer[] = [];
      for (const name of asked) {
        answers.push(found.get(name.toLowerCase()) ?? await this.#show(by, name, signal));
      }
      yield answers;
    }
  }

  tweets(): Promise<TweetsFound> {
    return Promise.reject(
      new UserError("Version 1.1 of the API does not say why a tweet is missing", {
        hint: 'Hydrate with version 2: "api": "2".',
      }),
    );
  }

  async #lookup(
    by: "id" | "screen_name",
    asked: string[],
    signal: AbortSignal,
  ): Promise<Map<string, UserAnswer>> {
    const names = new Map(asked.map((name) => [name.toLowerCase(), name]));
    const parameters = { [parameterFor(by)]: asked.join(","), ...WHOLE };
    const as = ["user", "app"] as const;
    const [path, tries] = ["1.1/users/lookup.json", TRIES_OF_ONE];
    const request = { method: "POST", path, parameters, as, tries } as const;
    const found = new Map<string, UserAnswer>();
    const read = (answer: Uint8Array) => {
      checkList(answer);
      for (const span of items(answer)) {
        const user = readUser(answer, span);
        const name = (by === "id" ? user.id : user.screenName).toLowerCase();
        found.set(name, { ...user, asked: names.get(name) ?? name });
      }
      return found;
    };
    try {
      return await this.#transport.ask(request, read, signal);
    } catch (error) {
      if (error instanceof ApiError && error.code === NOBODY_MATCHES) return new Map();
      throw error;
    }
  }

  async #show(
    by: "id" | "screen_name",
    asked: string,
    signal: AbortSignal,
  ): Promise<UserAnswer> {
    const parameters = { [parameterFor(by)]: asked, ...WHOLE };
    const as = ["user", "app"] as const;
    const [path, tries] = ["1.1/users/show.json", TRIES_OF_ONE];
    const request = { method: "GET", path, parameters, as, tries } as const;
    try {
      const read = (answer: Uint8Array) => readUser(answer, { start: 0, end: answer.length });
      return { ...await this.#transport.ask(request, read, signal), asked };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.code === SUSPENDED) return { state: "suspended", asked };
      if (error.code === NO_SUCH_USER) return { state: "not_found", asked };
      throw error;
    }
  }
}

function parameterFor(by: "id" | "screen_name"): "user_id" | "screen_name" {
  return by === "id" ? "user_id" : "screen_name";
}

/** `max_id` is inclusive and `untilId` is not: one less, in 64-bit arithmetic. */
function pageParameters(
  at: PageAt,
  size: number,
): { count: string; since_id?: string; max_id?: string } {
  return {
    count: `${Math.min(at.limit ?? size, size)}`,
    ...(at.sinceId ? { since_id: at.sinceId } : {}),
    ...(at.untilId ? { max_id: idBelow(at.untilId) } : {}),
  };
}

/** @throws SyntaxError for a response other than a list: an object would look like an empty one. */
function checkList(answer: Uint8Array): void {
  if (!Array.isArray(strictlyParsed(answer))) throw new SyntaxError("It is not a list");
}

const outline = new Outline();
const STATUSES = name("statuses");

/** A status in a response. */
interface Placed extends Span {
  id: string;
}

/** The statuses of a response. */
interface Statuses {
  all: Placed[];
  traits: LineTraits;
  /** Whether each of them is on one line, as far as that is known. */
  isOneLine: boolean;
}

/** Returns the statuses of a response that is a list of them. @throws SyntaxError for any other */
function statusesInList(answer: Uint8Array): Statuses {
  const outlined = outline.read(answer, 2) ? findStatuses(0) : null;
  if (outlined) return outlined;
  checkList(answer);
  return { all: parseStatuses(answer, 0), traits: {}, isOneLine: false };
}

/** Returns the statuses of a search. @throws SyntaxError for a response without statuses */
function statusesInSearch(answer: Uint8Array): Statuses {
  const list = outline.read(answer, 3) && outline.isObject(0) ? outline.find(0, STATUSES) : -1;
  const outlined = list < 0 ? null : findStatuses(list);
  if (outlined) return outlined;
  const statuses = searchSchema.safeParse(strictlyParsed(answer)).success &&
    member(answer, "statuses");
  if (!statuses) throw new SyntaxError("It has no statuses");
  return { all: parseStatuses(answer, statuses.start), traits: {}, isOneLine: false };
}

/** Returns the statuses of a list in the outline; null where one has to be parsed for its id, or the lack of one. */
function findStatuses(list: number): Statuses | null {
  if (!outline.isArray(list)) return null;
  const all: Placed[] = [];
  for (let value = outline.first(list); value >= 0; value = outline.next(value, list)) {
    const id = outline.isObject(value) ? outline.id(value) : null;
    if (id === null) return null;
    all.push({ id, start: outline.start(value), end: outline.end(value) });
  }
  return { all, traits: outline.traits, isOneLine: outline.isOneLine };
}

/** @throws SyntaxError */
function parseStatuses(answer: Uint8Array, start: number): Placed[] {
  return [...items(answer, start)].map((span) => ({ ...span, id: idAt(answer, span.start) }));
}

/**
 * Returns the page of a response, whose memory it may take over. Only an empty one is the last; statuses outside the
 * requested span, repeated ones, and those that are there are left out.
 * @throws SyntaxError for one of repeated statuses only.
 */
function toPage(
  answer: Uint8Array<ArrayBuffer>,
  statuses: Statuses,
  at: PageAt,
): Page {
  const ids = new Map<string, Span>();
  const all: string[] = [];
  let [repeated, past] = [0, 0];
  for (const { id, ...span } of statuses.all) {
    if (at.untilId && !isOlder(id, at.untilId)) repeated++;
    else if (at.sinceId && !isOlder(at.sinceId, id)) past++;
    else {
      all.push(id);
      if (!at.isThere?.(id) && !ids.has(id)) ids.set(id, span);
    }
  }
  const [first, ...others] = all;
  // A page that has come down to since_id is the last, whatever it repeats.
  if (first === undefined && repeated > 0 && past === 0) {
    throw new SyntaxError("It repeats the previous page");
  }
  if (first === undefined) return { lines: [], count: 0 };
  const newest = others.reduce((most, id) => isOlder(most, id) ? id : most, first);
  const oldest = others.reduce((least, id) => isOlder(id, least) ? id : least, first);
  return {
    lines: linesOf(answer, [...ids.values()], statuses),
    count: ids.size,
    ids: [...ids.keys()],
    newestId: newest,
    oldestId: oldest,
    next: oldest,
    ...statuses.traits,
  };
}

function linesOf(
  answer: Uint8Array<ArrayBuffer>,
  spans: Span[],
  { isOneLine }: Statuses,
): Uint8Array[] {
  if (spans.length === 0) return [];
  return isOneLine ? cutStatuses(answer, spans) : spans.map((span) => line(answer, span));
}

/** Returns statuses as lines, each a part of one block: a copy of each would cost more than finding it. */
function cutStatuses(answer: Uint8Array<ArrayBuffer>, spans: Span[]): Uint8Array[] {
  const start = spans[0]?.start ?? 0;
  const used = spans.reduce((sum, span) => sum + span.end - span.start, 0);
  const block = takeOver(answer, { start, end: spans.at(-1)?.end ?? 0, used });
  return spans.map((span) => block.subarray(span.start - start, span.end - start));
}

/** @throws SyntaxError */
function readUser(
  answer: Uint8Array,
  span: Span,
): FoundUser {
  const parsed = userSchema.safeParse(strictlyParsed(answer.subarray(span.start, span.end)));
  if (!parsed.success) throw new SyntaxError("A user is invalid");
  return {
    state: parsed.data.protected ? "protected" : "found",
    asked: "",
    id: idAt(answer, span.start),
    screenName: parsed.data.screen_name,
    line: line(answer, span),
  };
}

/**
 * Returns the state of a user in an error response to a timeline; null if it has none. A 404 has none: it may be the
 * page of a gateway, and missing users were found before, by a look-up.
 */
function timelineState(error: ApiError): TimelineState | null {
  if (error.code === SUSPENDED) return "suspended";
  return error.code === PROTECTED || error.status === 401 ? "protected" : null;
}
