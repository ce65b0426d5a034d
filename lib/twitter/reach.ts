/** How far back the API goes, and which part of a walk is beyond that. */

import type { Gap } from "./api.ts";
import { idTime } from "./bytes/ids.ts";

/** How far back recent search goes, less a minute for the request, in milliseconds. */
export const RECENT = 7 * 86_400_000 - 60_000;
/** When the first tweet was made: an archive search without a start would go back 30 days only. */
export const FIRST_TWEET = "2006-03-21T00:00:00Z";
/** Posts that a timeline goes back. */
export const TIMELINE_REACH = 3_200;
/** Posts that a timeline goes back where replies are left out. */
export const TIMELINE_REACH_WITHOUT_REPLIES = 800;

/** The lower and the upper end of a span; absent where it has none. */
export interface Wanted {
  /** Only tweets newer than this id. */
  sinceId?: string | undefined;
  /** Only tweets older than this id. */
  untilId?: string | undefined;
  /** ISO 8601. */
  startTime?: string | undefined;
  /** ISO 8601. */
  endTime?: string | undefined;
}

/**
 * Returns the part of a span that recent search no longer reaches; null where it reaches all of it.
 * @param now In milliseconds since 1970.
 */
export function beyondRecent(
  { sinceId, untilId, startTime, endTime }: Wanted,
  now: number,
): Gap | null {
  const reach = now - RECENT;
  const starts = [
    ...(sinceId === undefined ? [] : [idTime(sinceId)]),
    ...(startTime === undefined ? [] : [Date.parse(startTime)]),
  ];
  const ends = [
    reach,
    ...(untilId === undefined ? [] : [idTime(untilId)]),
    ...(endTime === undefined ? [] : [Date.parse(endTime)]),
  ];
  const to = ends.reduce((least, end) => Math.min(least, end));
  // Without a start a walk covers what search reached seven days before it came down to here.
  const from = starts.length > 0
    ? starts.reduce((most, start) => Math.max(most, start))
    : to - (to < reach ? RECENT : 0);
  return from < to ? { from, to, why: "Recent search goes back seven days only" } : null;
}

/** Returns whether recent search reaches nothing of a span. @param now In milliseconds since 1970. */
export function isBeyondRecent({ untilId, endTime }: Wanted, now: number): boolean {
  const reach = now - RECENT;
  return untilId !== undefined && idTime(untilId) <= reach ||
    endTime !== undefined && Date.parse(endTime) <= reach;
}
