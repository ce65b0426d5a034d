/** The port to the API of Twitter/X: the abilities of both versions, so that each walk is written once. */

import type { Clock } from "../base/clock.ts";
import type { Json } from "../base/json.ts";
import type { LeftOut } from "./v2/words.ts";

/** The place of a page. Ids are decimal text. */
export interface PageAt {
  /** Only tweets newer than this id. */
  sinceId?: string;
  /** Only tweets older than this id (exclusive). */
  untilId?: string;
  /** The token from the page before. */
  next?: string;
  /** Returns whether a tweet is new to the walk: a page leaves out the others, and one of nothing else is damaged. */
  isWanted?: (id: string) => boolean;
  /** Returns whether a tweet was recorded before the walk: a page leaves it out, and one of nothing else is valid. */
  isThere?: (id: string) => boolean;
  /** The most tweets to return; a page may hold fewer. */
  limit?: number;
}

/** The tweets of a timeline to collect, with version 2. */
export interface TimelineChoice {
  /** The kinds to leave out. */
  exclude?: ("replies" | "retweets")[];
}

/** The span of time of a search, with version 2: ISO 8601, UTC. */
export interface SearchSpan {
  /** `all` for the full archive, instead of the last seven days. */
  archive?: "recent" | "all";
  startTime?: string;
  /** Exclusive. */
  endTime?: string;
}

/** The known traits of lines, without another look at them; an absent one may hold or not. */
export interface LineTraits {
  /** Set where no account in them is protected. */
  isPublic?: true;
  /** Set where none of them has half a character. */
  isWellFormed?: true;
}

/** One response of the API, its tweets as they were sent. */
export interface Page extends LineTraits {
  /** Lines to record: v1.1 one status each; v2 one line for the whole response. */
  lines: Uint8Array[];
  /** The tweets in these lines. */
  count: number;
  /** Their ids, in the same order, where they are known. */
  ids?: string[];
  newestId?: string;
  oldestId?: string;
  /** How many tweets were requested: it may hold fewer, where some are left out. */
  asked?: number;
  /** The token for the page after; absent on the last one. */
  next?: string;
  /** A span that the API no longer reaches. */
  gap?: Gap;
  /** The author of a timeline's tweets, where the page has it. */
  author?: FoundUser;
  /** Tweets left out, as they are of protected accounts. */
  protected?: number;
}

/** A user as the API returns it. */
export interface FoundUser {
  state: "found" | "protected";
  /** The id or screen name of the request, as given. */
  asked: string;
  id: string;
  screenName: string;
  /** The user as the API sent it. */
  line: Uint8Array;
}

/** The API's answer for one requested user. */
export type UserAnswer = FoundUser | { state: "suspended" | "not_found"; asked: string };

/** A rule of a stream of version 2. */
export interface FilterRule {
  value: string;
  /** The person's name for it. */
  tag?: string | undefined;
}

/** The filter of a stream; the lists as the v1.1 API accepts them, comma separated. */
export interface Filter {
  track?: string;
  follow?: string;
  locations?: string;
  /** With version 2. */
  rules?: FilterRule[];
}

/** A request for a stream. Everything but the filter is for version 2. */
export interface StreamWanted {
  filter: Filter;
  /** The collection's id: it marks rules of the app as its own. */
  owner: string;
  /** Whether other collections may have rules on the same app. */
  share?: boolean;
  /** Minutes before a connection that are sent with it, 0 to 5; for accounts with that access. */
  backfillMinutes?: number;
  /** Milliseconds that a stream which was open is retried while the API refuses it. */
  patienceMs?: number;
  /** The connection that the harvester before left, which may still count as open. */
  connection?: string;
  /** The cursor of the last committed item: later items are sent again, where the network keeps them. */
  after?: Json;
}

/**
 * Awaited before a stream is reopened, which takes it from any other holder, and before rules are removed, which the
 * next one may use. It throws where another harvester has the collection by now.
 */
export type Confirm = () => Promise<void>;

/** A span in which some or all tweets were missed; times in milliseconds since 1970. */
export interface Gap {
  from: number;
  to: number;
  why: string;
  /** The ids that it lies between, without both ends, where they are known: times are rounded. */
  since_id?: string;
  until_id?: string;
  /** Set where recent search is used for it, which finds a part: it returns no retweets. */
  asked_again?: "partial";
  /** The user of its timeline, where it is of one. */
  user_id?: string;
}

/** A tweet of a stream. */
export interface StreamTweet extends LineTraits {
  id: string;
  line: Uint8Array;
}

/** A message of a stream, other than a tweet. */
export interface StreamMessage {
  /** Its name, e.g. `limit`, `delete`, `disconnect`. */
  kind: string;
  line: Uint8Array;
  /** For a `limit` message: tweets that matched and were not delivered since the connection began. */
  undelivered?: number;
}

/**
 * Lines that arrived together on a stream; the first item of a connection is empty and reports that it is open, and
 * so are the one that reports its loss, and those of keep-alives, which report that it is still open.
 */
export interface StreamItem {
  tweets: StreamTweet[];
  messages: StreamMessage[];
  /** Set on the first item of a connection that follows a lost one. */
  gap?: Gap;
  /**
   * Set where the connection was lost, or left by a stop while more was arriving: since when tweets may be missed, in
   * milliseconds since 1970.
   */
  lost?: number;
  /** Set with `lost` where a stop left lines that were still arriving. */
  isUnread?: boolean;
  /** The id of the connection, once it is known. */
  connection?: string;
  /**
   * The position from where the stream resumes exactly after this item, if the network supports it: it is committed
   * with its tweets. Then only the stream itself reports gaps.
   */
  cursor?: Json;
  /** Tweets left out, as they are of protected accounts. */
  protected?: number;
}

/** The API's reason why a timeline cannot be read. */
export type TimelineState = "protected" | "suspended" | "not_found";

/**
 * The API. Every method waits for rate limits and retries by itself. They throw ApiError after the last retry,
 * UserError where the keys are at fault, and an AbortError when `signal` is aborted.
 */
export interface TwitterApi {
  /** Whether a timeline's pages include their author, so that users need not be looked up before. */
  readonly tellsAuthors: boolean;
  /** The parts of requests that the API does not support, in the version whose words change. */
  readonly leftOut?: readonly LeftOut[];
  /** Time by the API's clock, where this machine's is wrong. */
  readonly time?: Clock;
  /** Returns one page of a user's tweets, newest first, or the state that forbids reading them. */
  timeline(
    userId: string,
    at: PageAt & TimelineChoice,
    signal: AbortSignal,
  ): Promise<Page | TimelineState>;
  /** Returns one page of a search, newest first. */
  search(query: string, at: PageAt & SearchSpan, signal: AbortSignal): Promise<Page>;
  /**
   * Yields a live stream that reconnects by itself; ends only by abort. After a stop in good order, tweets that have
   * arrived by then are still yielded.
   */
  stream(wanted: StreamWanted, signal: AbortSignal, confirm?: Confirm): AsyncIterable<StreamItem>;
  /** Yields the answers for users; any number may be requested, the answers come in any order. */
  users(
    by: "id" | "screen_name",
    names: string[],
    signal: AbortSignal,
  ): AsyncIterable<UserAnswer[]>;
  /** Returns tweets by their ids, at most 100. @throws UserError in the version without reasons for missing ones. */
  tweets(ids: string[], signal: AbortSignal): Promise<TweetsFound>;
}

/** A tweet that was requested by its id and is missing, and why. */
export interface MissingTweet {
  id: string;
  /** `not_told` where the response does not mention it, `refused` where the API refuses to answer for it. */
  why: TimelineState | "not_told" | "refused";
  /** The API's explanation. */
  detail?: string;
}

/** The API's answer for tweets that were requested by their ids. */
export interface TweetsFound {
  /** One line for the whole response; none where it has no tweet. */
  lines: Uint8Array[];
  count: number;
  /** How many of the ids it answers, from the first on: all, or those that may be read. */
  asked: number;
  missing: MissingTweet[];
  /** Tweets left out, as they are of protected accounts. */
  protected?: number;
}
