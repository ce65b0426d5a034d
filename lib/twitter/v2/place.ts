/** Where a search or a count of version 2 begins and ends: one request cannot have both ids and times. */

import type { Gap, PageAt, SearchSpan } from "../api.ts";
import { isOlder, timeId } from "../bytes/ids.ts";
import { beyondRecent, FIRST_TWEET, isBeyondRecent, type Wanted } from "../reach.ts";

/** Twice the minute that RECENT leaves for the request, in milliseconds. */
const MARGIN = 120_000;

/** A place as the parameters of a request. */
export interface SearchPlace {
  place: PageAt;
  /** The parameters that are times. */
  span: { start_time?: string; end_time?: string };
  /** The span that recent search no longer reaches. */
  gap: Gap | null;
  /** Whether it reaches nothing of the span: then it is not requested. After a token, the API reports that itself. */
  isBeyond: boolean;
}

/**
 * Returns the place of a page: since_id, which is later than any start, is never together with a time. A start that
 * recent search no longer reaches is left out, so that it begins where it can.
 * @param now In milliseconds since 1970.
 */
export function searchPlace(at: PageAt & SearchSpan, now: number): SearchPlace {
  const { archive, startTime, endTime, sinceId, ...rest } = at;
  const isRecent = archive !== "all";
  // A walk that the API follows itself comes down to within the margin of its estimated reach.
  const gap = isRecent ? beyondRecent(at, at.next === undefined ? now : now - MARGIN) : null;
  const isIn = (wanted: Wanted) => !isRecent || beyondRecent(wanted, now) === null;
  const isSince = sinceId !== undefined && isIn({ sinceId });
  const place = isSince ? { ...rest, sinceId, ...endAsId(endTime, rest) } : rest;
  const start = startTime ?? (isRecent ? undefined : FIRST_TWEET);
  return {
    place,
    span: {
      ...(start && !isSince && isIn({ startTime: start }) ? { start_time: start } : {}),
      ...(endTime && !isSince && !place.untilId ? { end_time: endTime } : {}),
    },
    gap,
    isBeyond: isRecent && at.next === undefined && isBeyondRecent(at, now),
  };
}

/** Returns the end of a span as an id, for a request that may not have a time: ids encode their times. */
function endAsId(endTime: string | undefined, { untilId }: PageAt): PageAt {
  if (endTime === undefined) return {};
  const end = timeId(Date.parse(endTime));
  return { untilId: untilId !== undefined && isOlder(untilId, end) ? untilId : end };
}
