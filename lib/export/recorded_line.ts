/** Recorded lines: read by one pass over their bytes, and parsed only where something needs more than that. */

import type { JsonObject } from "../base/json.ts";
import { parseTweetLine, type TweetLine } from "../format/tweets.ts";
import { REFERENCES, REPEATS } from "../format/words.ts";
import { name, Outline } from "../twitter/bytes/outline.ts";
import { text } from "../twitter/bytes/raw_json.ts";
import { checkDepth } from "../twitter/bytes/strict_json.ts";
import { findTweets } from "../twitter/bytes/tweet_line.ts";
import { isPlainString } from "./keyed.ts";
import { Names } from "./names.ts";
import { type Place, type Post, readReferences, toObject } from "./post.ts";

/** Levels of a line that are recorded: the deepest that a column is made of is the seventh. */
const LEVELS = 10;
const [ID, ID_STR, TYPE] = [name("id"), name("id_str"), name("type")];
const RETWEETED_STATUS = name("retweeted_status");
const LISTS = REFERENCES.map(name);
const REPEAT_TYPES = new Names(REPEATS.map((type) => JSON.stringify(type)));

const shared = new Outline();
/** Whether the outline is of a line that is as the API sends them. */
let isUsual = false;

/**
 * Returns the outline of a line, which holds until another line is asked for; null where only a parser can say what it
 * is.
 */
export function readOutline(line: Uint8Array): Outline | null {
  if (shared.bytes !== line) isUsual = shared.read(line, LEVELS) && shared.isObject(0);
  return isUsual ? shared : null;
}

/**
 * Returns the tweets of a line, in its order.
 * @param readsAll Whether what each of them says is needed: the line is parsed at once then.
 * @throws SyntaxError for a line without tweets, or that is not JSON; TypeError where it is not UTF-8
 */
export function readRecordedPosts(bytes: Uint8Array, place: Place, readsAll = false): Post[] {
  return (readsAll ? null : outlinedPosts(bytes, place)) ?? parsedPosts(bytes, place);
}

/** Returns whether a parsed tweet only repeats another one. */
export function isRepeating({ json, line }: Pick<Post, "json" | "line">): boolean {
  if (line.api === "1.1") return toObject(json.retweeted_status) !== undefined;
  return readReferences({ json, line }).some(({ type }) => type === "retweeted");
}

function parsedPosts(bytes: Uint8Array, place: Place): Post[] {
  checkDepth(bytes);
  const line = parseTweetLine(bytes);
  return line.tweets.map(({ id, json }, number) => {
    const isRetweet = isRepeating({ json, line });
    return { id, json, line, bytes, place, number, isRetweet, isReferenced: false };
  });
}

function outlinedPosts(bytes: Uint8Array, place: Place): Post[] | null {
  const outline = readOutline(bytes);
  if (!outline) return null;
  const tweets = findTweets(outline);
  const line = new OutlinedLine(bytes, tweets[0] === 0 ? versionOfTweet(outline) : "2");
  const posts: Post[] = [];
  for (const tweet of tweets) {
    const id = outline.isObject(tweet) ? idOf(outline, tweet) : null;
    if (id === null) return null;
    const isRetweet = line.api === "1.1" ? hasStatus(outline, tweet) : hasRepeat(outline, tweet);
    if (isRetweet === null) return null;
    posts.push(new OutlinedPost({ id, line, place, isRetweet, number: posts.length }));
  }
  return posts;
}

/** Returns a tweet's id; null where only a parser can say what it is. */
function idOf(outline: Outline, tweet: number): string | null {
  const text = outline.find(tweet, ID_STR);
  if (text >= 0) return outline.isString(text) ? outline.digits(text) : null;
  const number = outline.find(tweet, ID);
  return number < 0 ? null : outline.digits(number);
}

/** Returns the version of the API of a line that is a tweet itself, as `parseTweetLine` does. */
function versionOfTweet(outline: Outline): "1.1" | "2" {
  const id = outline.find(0, ID);
  const isFlat = id >= 0 && outline.isString(id) && outline.find(0, ID_STR) < 0;
  return isFlat ? "2" : "1.1";
}

function hasStatus(outline: Outline, tweet: number): boolean {
  const status = outline.find(tweet, RETWEETED_STATUS);
  return status >= 0 && outline.isObject(status);
}

/** Returns whether a tweet of version 2 only repeats another one; null for references that are not as the API has them. */
function hasRepeat(outline: Outline, tweet: number): boolean | null {
  const [list = -1, ...others] = LISTS.map((one) => outline.find(tweet, one))
    .filter((found) => found >= 0);
  if (list < 0) return false;
  if (!outline.isArray(list) || others.length > 0) return null;
  let hasFound = false;
  for (let at = outline.first(list); at >= 0; at = outline.next(at, list)) {
    const [type, id] = outline.isObject(at)
      ? [outline.find(at, TYPE), outline.find(at, ID)]
      : [-1, -1];
    if (type < 0 || id < 0 || !outline.isString(type) || !outline.isString(id)) return null;
    if (isRepeat(outline, type)) hasFound = true;
  }
  return hasFound;
}

/** Returns whether a string is the type of a reference that repeats; a text is made only of one with escapes. */
function isRepeat(outline: Outline, type: number): boolean {
  const [start, end] = [outline.start(type), outline.end(type)];
  if (REPEAT_TYPES.find(outline.bytes, start, end) >= 0) return true;
  return !isPlainString(outline, type) &&
    REPEATS.includes(text(outline.bytes, outline.span(type)));
}

/** A line that is parsed once something in it is asked for. */
class OutlinedLine implements TweetLine {
  readonly bytes: Uint8Array;
  readonly api: TweetLine["api"];
  #parsed: TweetLine | undefined;

  constructor(bytes: Uint8Array, api: TweetLine["api"]) {
    this.bytes = bytes;
    this.api = api;
  }

  get tweets(): TweetLine["tweets"] {
    return this.#parse().tweets;
  }

  get includes(): TweetLine["includes"] {
    return this.#parse().includes;
  }

  get rules(): TweetLine["rules"] {
    return this.#parse().rules;
  }

  get retrieved(): TweetLine["retrieved"] {
    return this.#parse().retrieved;
  }

  #parse(): TweetLine {
    return this.#parsed ??= parseTweetLine(this.bytes);
  }
}

/** A tweet of such a line. */
class OutlinedPost implements Post {
  readonly id: string;
  readonly line: OutlinedLine;
  readonly place: Place;
  readonly number: number;
  readonly isRetweet: boolean;
  readonly isReferenced = false;

  constructor(
    { id, line, place, number, isRetweet }:
      & Pick<Post, "id" | "place" | "isRetweet">
      & { line: OutlinedLine; number: number },
  ) {
    this.id = id;
    this.line = line;
    this.place = place;
    this.number = number;
    this.isRetweet = isRetweet;
  }

  get bytes(): Uint8Array {
    return this.line.bytes;
  }

  get json(): JsonObject {
    return this.line.tweets[this.number]?.json ?? {};
  }
}
