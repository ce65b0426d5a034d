/** Selects the tweets to export. */

import { hash } from "node:crypto";
import type { JsonObject } from "../base/json.ts";
import { idTime } from "../twitter/bytes/ids.ts";
import { type Post, readAuthor, toKey, toText } from "./post.ts";
import { readUserId } from "./status_columns.ts";

/** The lowest id that encodes its time. */
const FIRST_TIMED = 10n ** 12n;

/** Criteria of a selection; all tweets by default. */
export interface Selection {
  /** Milliseconds since 1970: tweets that were made from then on. */
  from?: number | undefined;
  /** Tweets that were made before then. */
  to?: number | undefined;
  /** Names, without the `@` and in lower case, and ids. */
  users?: ReadonlySet<string> | undefined;
  /** Tags of rules. */
  rules?: ReadonlySet<string> | undefined;
  /** The version of the API whose tweets have the selected columns; undefined for both. */
  api?: "1.1" | "2" | undefined;
  /** Whether tweets that only repeat another one are selected. */
  retweets: boolean;
  /** A random sample: tweets whose number is below the limit. */
  sample?: { seed: string; limit: number } | undefined;
}

/** The reason why a tweet is omitted, as `export.json` has it. */
export type Reason =
  | "other_version"
  | "before_from"
  | "from_to_on"
  | "time_unknown"
  | "other_user"
  | "other_rule"
  | "retweet"
  | "not_in_sample";

/** Returns why a tweet is omitted; null where it is selected. */
export function leftOutBecause(post: Post, selection: Selection): Reason | null {
  const { from, to, users, rules, retweets, sample } = selection;
  if (selection.api !== undefined && post.line.api !== selection.api) return "other_version";
  if (from !== undefined || to !== undefined) {
    const made = readTime(post);
    if (made === undefined) return "time_unknown";
    if (from !== undefined && made < from) return "before_from";
    if (to !== undefined && made >= to) return "from_to_on";
  }
  if (users && !isBy(post, users)) return "other_user";
  if (rules && !post.line.rules.some(({ tag }) => rules.has(toKey(tag)))) return "other_rule";
  if (!retweets && post.isRetweet) return "retweet";
  if (sample && chance(post.id, sample.seed) >= sample.limit) return "not_in_sample";
  return null;
}

/** Returns when a tweet was made, in milliseconds since 1970: by its own time, otherwise by its id. */
export function readTime({ id, json }: { id: string; json: JsonObject }): number | undefined {
  return timeOf(id, toText(json.created_at));
}

/** Returns a tweet's time in milliseconds since 1970, from its id and what it says itself. */
export function timeOf(id: string, created: string | undefined): number | undefined {
  const said = Date.parse(created ?? "");
  if (!Number.isNaN(said)) return said;
  return BigInt(id) < FIRST_TIMED ? undefined : idTime(id);
}

/**
 * Returns a tweet's number between 0 and 1, for a sample: the first 48 bits of the SHA-256 of `<seed>:<id>`, so that
 * every machine draws the same sample, also after a collection has grown.
 */
export function chance(id: string, seed: string): number {
  return parseInt(hash("sha256", `${seed}:${id}`).slice(0, 12), 16) / 2 ** 48;
}

function isBy(post: Post, users: ReadonlySet<string>): boolean {
  const author = readAuthor(post);
  const id = post.line.api === "1.1" ? readUserId(author) : toKey(post.json.author_id);
  const name = toText(author?.username ?? author?.screen_name)?.toLowerCase();
  return (id !== undefined && users.has(id)) || (name !== undefined && users.has(name));
}
