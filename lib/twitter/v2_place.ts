/** Where a search or a count of version 2 begins and ends: ids and times are not for one request. */

import type { Gap, PageAt, SearchSpan } from "./api.ts";
import { idTime, isOlder, timeId } from "./ids.ts";

/** How far recent search goes back, with a minute for the way there, in milliseconds. */
const RECENT = 7 * 86_400_000 - 60_000;

/** A place as a request tells it. */
export interface SearchPlace {
  place: PageAt;
  /** The parameters that are times. */
  span: { start_time?: string; end_time?: string };
  /** What recent search cannot reach any more, where since_id is older than seven days. */
  gap: Gap | null;
}

/**
 * The place where a page is: since_id, which is later than any start, is never together with a time.
 * @param now In milliseconds since 1970.
 */
export function searchPlace(at: PageAt & SearchSpan, now: number): SearchPlace {
  const { archive, startTime, endTime, sinceId, ...rest } = at;
  const gap = archive === "all" ? null : tooOld(at, now);
  const isSince = sinceId !== undefined && gap === null;
  const place = isSince ? { ...rest, sinceId, ...endAsId(endTime, rest) } : rest;
  return {
    place,
    span: {
      ...(startTime && !isSince ? { start_time: startTime } : {}),
      ...(endTime && !isSince && !place.untilId ? { end_time: endTime } : {}),
    },
    gap,
  };
}

function tooOld({ sinceId }: PageAt, now: number): Gap | null {
  if (!sinceId) return null;
  const since = idTime(sinceId);
  const reach = now - RECENT;
  if (since >= reach) return null;
  return { from: since, to: reach, why: "Recent search goes back seven days only" };
}

/** The end of a span as an id, for a request that may not have a time: ids tell their times. */
function endAsId(endTime: string | undefined, { untilId }: PageAt): PageAt {
  if (endTime === undefined) return {};
  const end = timeId(Date.parse(endTime));
  return { untilId: untilId !== undefined && isOlder(untilId, end) ? untilId : end };
}
