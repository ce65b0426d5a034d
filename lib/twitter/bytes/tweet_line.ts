/** Recorded lines of tweets, read in one pass over their bytes. */

import { name, Outline } from "./outline.ts";

/** A valid line of tweets. */
export interface TweetLine {
  /** The ids of a v1.1 status, or of the `data` of a v2 response. */
  ids: string[];
  /** Whether it has no half of a character. */
  isWellFormed: boolean;
}

const outline = new Outline();
const DATA = name("data");
/** Levels down to the members of a post in a list. */
const LEVELS = 3;

/** Reads a line; null if only a parser can say what it is: it may be invalid, or unusual. */
export function readTweetLine(line: Uint8Array): TweetLine | null {
  if (!outline.read(line, LEVELS) || !outline.isObject(0)) return null;
  const ids: string[] = [];
  for (const tweet of findTweets(outline)) {
    const id = outline.isObject(tweet) ? outline.id(tweet) : null;
    if (id === null) return null;
    ids.push(id);
  }
  return { ids, isWellFormed: outline.traits.isWellFormed ?? false };
}

/** Returns the values in the outline of a line that are to be tweets: 0 where the line itself is one. */
export function findTweets(outline: Outline): number[] {
  const data = outline.find(0, DATA);
  if (data < 0) return [0];
  if (!outline.isArray(data)) return [data];
  const tweets: number[] = [];
  for (let at = outline.first(data); at >= 0; at = outline.next(at, data)) tweets.push(at);
  return tweets;
}
