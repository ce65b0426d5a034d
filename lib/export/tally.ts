/** Counts of tweets by day, kind, language, user, hashtag, link and media. */

import { z } from "zod";

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
export const COUNTED = [
  "days",
  "kinds",
  "languages",
  "hashtags",
  "links",
  "media",
  "users",
  "handles",
] as const;

/** One of these. */
export type Counted = (typeof COUNTED)[number];

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

/**
 * Adds counts to others.
 * @param more Of later files: its handles are newer.
 * @param tables Those that are added.
 */
export function addTally(tally: Tally, more: Tally, tables: readonly Counted[]): void {
  tally.tweets += more.tweets;
  for (const table of tables) {
    if (table === "handles") Object.assign(tally.handles, more.handles);
    else addCounts(tally[table], more[table]);
  }
}

function addCounts(counts: Counts, more: Counts): void {
  for (const name in more) counts[name] = (counts[name] ?? 0) + (more[name] ?? 0);
}

/** Returns the names with the highest counts, each with its count; equal counts are ordered by name. */
export function topCounts(counts: Counts, most: number): [name: string, n: number][] {
  return Object.entries(counts)
    .toSorted(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
    .slice(0, most);
}
