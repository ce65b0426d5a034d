/** Counts of tweets by day, kind, language, user, hashtag, link and media. */

import { z } from "zod";
import { toCommon } from "./common.ts";
import type { Post } from "./post.ts";

const counts = z.record(z.string(), z.number());

/** Counts, as a file on the person's disk has them. */
export const tallySchema = z.object({
  /** The version of the file: others are counted again. */
  form: z.literal(1),
  tweets: z.number(),
  /** By the day that tweets were made on: `2026-01-31`, UTC; `unknown`. */
  days: counts,
  kinds: counts,
  languages: counts,
  hashtags: counts,
  /** By the site that they lead to. */
  links: counts,
  media: counts,
  /** By their ids. */
  users: counts,
  /** The handle of each user, as it was last. */
  handles: z.record(z.string(), z.string()),
});

/** Counts of tweets. */
export type Tally = z.infer<typeof tallySchema>;

/** Counts by name. */
type Counts = Tally["days"];

/** The tables of a tally. */
const COUNTED = ["days", "kinds", "languages", "hashtags", "links", "media", "users"] as const;

/** Returns empty counts. */
export function emptyTally(): Tally {
  const none = (): Counts => Object.create(null);
  return {
    form: 1,
    tweets: 0,
    days: none(),
    kinds: none(),
    languages: none(),
    hashtags: none(),
    links: none(),
    media: none(),
    users: none(),
    handles: Object.create(null),
  };
}

/** Counts a tweet. Hashtags, links and media of a retweet are those of the tweet that it repeats. */
export function countPost(tally: Tally, post: Post): void {
  const tweet = toCommon(post, { merge: true });
  tally.tweets++;
  const { createdAt, author, kind, lang, hashtags, urls, media } = tweet;
  add(
    tally.days,
    createdAt === undefined ? "unknown" : new Date(createdAt).toISOString().slice(0, 10),
  );
  add(tally.kinds, kind);
  add(tally.languages, lang ?? "unknown");
  for (const tag of new Set(hashtags.map((one) => one.toLowerCase()))) add(tally.hashtags, tag);
  for (const site of new Set(urls.map(toSite))) add(tally.links, site);
  for (const { type } of media) add(tally.media, type ?? "unknown");
  if (author.id === undefined) return;
  add(tally.users, author.id);
  if (author.handle !== undefined) tally.handles[author.id] = author.handle;
}

/** Adds counts to others. @param more Of later files: its handles are newer. */
export function addTally(tally: Tally, more: Tally): void {
  tally.tweets += more.tweets;
  for (const name of COUNTED) {
    for (const [key, n] of Object.entries(more[name])) add(tally[name], key, n);
  }
  for (const [id, handle] of Object.entries(more.handles)) tally.handles[id] = handle;
}

/** Returns the names with the highest counts, each with its count; equal counts are ordered by name. */
export function topCounts(counts: Counts, most: number): [name: string, n: number][] {
  return Object.entries(counts)
    .toSorted(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
    .slice(0, most);
}

function add(counts: Counts, name: string, n = 1): void {
  counts[name] = (counts[name] ?? 0) + n;
}

function toSite(url: string): string {
  return URL.parse(url)?.hostname.replace(/^www\./, "") ?? "unknown";
}
