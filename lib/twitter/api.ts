/** The port to the API of Twitter/X: what both versions can do, so that each walk is written once. */

import type { Clock } from "../base/clock.ts";
import type { Json } from "../base/json.ts";
import type { LeftOut } from "./v2/words.ts";

/** Where to ask for a page. Ids are decimal text. */
export interface PageAt {
  /** Only what is newer than this id. */
  sinceId?: string;
  /** Only what is older than this id (exclusive). */
  untilId?: string;
  /** The token that the page before gave. */
  next?: string;
  /** Whether a tweet is new to the walk: a page leaves out what is not, and one of nothing else is damaged. */
  isWanted?: (id: string) => boolean;
  /** Whether a tweet was recorded before the walk: a page leaves it out, and one of nothing else is as it should be. */
  isThere?: (id: string) => boolean;
  /** The most tweets wanted; a page may hold fewer. */
  limit?: number;
}

/** What of a timeline is wanted, with version 2. */
export interface TimelineChoice {
  /** What is left out. */
  exclude?: ("replies" | "retweets")[];
}

/** The span of time that a search is about, with version 2: ISO 8601, UTC. */
export interface SearchSpan {
  /** `all` for the full archive, in place of the last seven days. */
  archive?: "recent" | "all";
  startTime?: string;
  /** Exclusive. */
  endTime?: string;
}

/** One answer of the API, its tweets as they were sent. */
export interface Page {
  /** Lines to record: v1.1 one status each; v2 one line for the whole answer. */
  lines: Uint8Array[];
  /** The tweets in these lines. */
  count: number;
  /** Their ids, in the same order, where whoever made the page knows them. */
  ids?: string[];
  /** Set where nobody in these lines is protected, as far as is known without another look. */
  isPublic?: true;
  newestId?: string;
  oldestId?: string;
  /** How many tweets were asked for: it may hold fewer, where some are left out. */
  asked?: number;
  /** The token for the page after; absent on the last one. */
  next?: string;
  /** A span that the API cannot reach any more. */
  gap?: Gap;
  /** Who wrote a timeline's tweets, where the page tells it. */
  author?: FoundUser;
  /** Tweets that are not in it, as protected accounts wrote them. */
  protected?: number;
}

/** A user as the API knows them. */
export interface FoundUser {
  state: "found" | "protected";
  /** What was asked for: an id or a screen name, as given. */
  asked: string;
  id: string;
  screenName: string;
  /** The user as the API sent it. */
  line: Uint8Array;
}

/** What the API knows of one user that was asked for. */
export type UserAnswer = FoundUser | { state: "suspended" | "not_found"; asked: string };

/** A rule of a stream of version 2. */
export interface FilterRule {
  value: string;
  /** The person's name for it. */
  tag?: string | undefined;
}

/** What a filter stream is to deliver; the lists as the v1.1 API takes them, comma separated. */
export interface Filter {
  track?: string;
  follow?: string;
  locations?: string;
  /** With version 2. */
  rules?: FilterRule[];
}

/** A stream that is wanted. Everything but the filter is for version 2. */
export interface StreamWanted {
  filter: Filter;
  /** The collection's id: by it, rules of the app are known as its own. */
  owner: string;
  /** Whether other collections may have rules on the same app. */
  share?: boolean;
  /** Minutes before a connection that are sent with it, 0 to 5; for accounts that have it. */
  backfillMinutes?: number;
  /** Milliseconds that a stream which was open is asked for again while the API refuses it. */
  patienceMs?: number;
  /** The connection that the harvester before left, which may still count as open. */
  connection?: string;
  /** The cursor of the item that was committed last: what came after it comes again, where the network keeps it. */
  after?: Json;
}

/**
 * Awaited before a stream is opened again, which takes it from whoever has it, and before rules are taken away, which the
 * next one may use. It throws where somebody else has the collection by now.
 */
export type Confirm = () => Promise<void>;

/** A span of which nothing, or not all, was collected; times in milliseconds since 1970. */
export interface Gap {
  from: number;
  to: number;
  why: string;
  /** The ids that it lies between, neither of them in it, where they are known: times are rounded. */
  since_id?: string;
  until_id?: string;
  /** Set where recent search is asked for it, which finds a part: it returns no retweets. */
  asked_again?: "partial";
  /** Whose timeline has it, where it is one's. */
  user_id?: string;
}

/** A tweet of a stream. */
export interface StreamTweet {
  id: string;
  line: Uint8Array;
  /** Set where nobody in it is protected, as far as is known without another look. */
  isPublic?: true;
}

/** A message of a stream that is no tweet. */
export interface StreamMessage {
  /** Its name, e.g. `limit`, `delete`, `disconnect`. */
  kind: string;
  line: Uint8Array;
  /** Of a `limit` message: tweets that matched and were not delivered since the connection began. */
  undelivered?: number;
}

/**
 * What arrived together on a stream; the first item of a connection is empty and says that it is open, and so are the
 * one that says that it was lost, and those of keep-alives, which say that it is open still.
 */
export interface StreamItem {
  tweets: StreamTweet[];
  messages: StreamMessage[];
  /** Set on the first item of a connection that follows a lost one. */
  gap?: Gap;
  /**
   * Set where the connection was lost, or left by a stop while more was arriving: since when something may be missing,
   * in milliseconds since 1970.
   */
  lost?: number;
  /** Set with `lost` where a stop left what was still arriving. */
  isUnread?: boolean;
  /** The id of the connection, once it is known. */
  connection?: string;
  /**
   * From where the stream goes on exactly after this item, where the network can: it is committed with its tweets. Then
   * a gap is what the stream itself says it cannot give.
   */
  cursor?: Json;
  /** Tweets that are not in it, as protected accounts wrote them. */
  protected?: number;
}

/** What the API says of a timeline that cannot be read. */
export type TimelineState = "protected" | "suspended" | "not_found";

/**
 * The API. Every method waits for rate limits and retries by itself. They throw ApiError after the
 * last retry, UserError where the keys are at fault, and an AbortError when `signal` is aborted.
 */
export interface TwitterApi {
  /** Whether a timeline's pages tell who wrote them, so that users need not be looked up before. */
  readonly tellsAuthors: boolean;
  /** What the API did not take of what it was asked for, in the version whose words change. */
  readonly leftOut?: readonly LeftOut[];
  /** Time as the API has it, where this machine's clock is wrong. */
  readonly time?: Clock;
  /** One page of a user's tweets, newest first, or the state that forbids reading them. */
  timeline(
    userId: string,
    at: PageAt & TimelineChoice,
    signal: AbortSignal,
  ): Promise<Page | TimelineState>;
  /** One page of a search, newest first. */
  search(query: string, at: PageAt & SearchSpan, signal: AbortSignal): Promise<Page>;
  /**
   * Yields a live stream that reconnects by itself; ends only by abort. After one without a reason of its own, what has
   * arrived by then still comes.
   */
  stream(wanted: StreamWanted, signal: AbortSignal, confirm?: Confirm): AsyncIterable<StreamItem>;
  /** Yields what is known of users; any number may be asked for, the answers come in any order. */
  users(
    by: "id" | "screen_name",
    names: string[],
    signal: AbortSignal,
  ): AsyncIterable<UserAnswer[]>;
  /** Tweets by their ids, at most 100. @throws UserError in the version that does not say why some are missing. */
  tweets(ids: string[], signal: AbortSignal): Promise<TweetsFound>;
}

/** A tweet that was asked for by its id and is not given, and why. */
export interface MissingTweet {
  id: string;
  /** `not_told` where the answer says nothing of it, `refused` where the API refuses to answer for it. */
  why: TimelineState | "not_told" | "refused";
  /** What the API says of it. */
  detail?: string;
}

/** What the API knows of tweets that were asked for by their ids. */
export interface TweetsFound {
  /** One line for the whole answer; none where it has no tweet. */
  lines: Uint8Array[];
  count: number;
  /** How many of the ids it answers, from the first on: all, or those that may be read. */
  asked: number;
  missing: MissingTweet[];
  /** Tweets that are not in it, as protected accounts wrote them. */
  protected?: number;
}
