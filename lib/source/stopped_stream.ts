/** A stream that was cut off and then stopped by a person: what it missed until then, and no more, is a gap. */

import type { CollectionConfig } from "../collection/types/registry.ts";
import { STREAM_WALK } from "../collection/walks.ts";
import type { JsonObject } from "../base/json.ts";
import { walksOfGap } from "../bucket/gaps.ts";
import type { Gap } from "../twitter/api.ts";
import { newerId } from "../twitter/bytes/ids.ts";
import { gapQueries, highestId, recordedGap, spanOfGap, unfinishedGaps } from "./gaps.ts";
import { cutAt, streamPosition } from "./stream_position.ts";

/** The reason of the gap before the stop, which a harvest has once at most. */
export const CUT_THEN_STOPPED = "The harvester was interrupted before the stream was stopped";

/**
 * Returns when a stream was cut off, in milliseconds since 1970, so that a later stop is the end of what it missed;
 * null for one that was stopped in good order, or that resumes exactly where it was.
 */
export function cutOffAt(positions: JsonObject): number | null {
  const last = streamPosition(positions);
  return last?.cursor === undefined ? cutAt(last) ?? null : null;
}

/**
 * Returns the gap of a stream that was cut off, up to a stop, and the positions with which the next harvest requests
 * that gap only.
 * @param stop In milliseconds since 1970, after it was cut off.
 */
export function stoppedAt(
  config: CollectionConfig,
  positions: JsonObject,
  stop: number,
): { gap: Gap; positions: JsonObject } | null {
  const [last, from] = [streamPosition(positions), cutOffAt(positions)];
  if (config.type !== "filter" || !last || from === null) return null;
  const { at, ids, connection } = last;
  const gap = { from, to: stop, why: CUT_THEN_STOPPED };
  const newest = [...ids, highestId(unfinishedGaps(positions))].reduce(newerId, undefined);
  const walks = walksOfGap(spanOfGap(gap, newest), gapQueries(config).queries);
  return {
    gap: recordedGap(gap, walks),
    positions: {
      ...positions,
      ...Object.fromEntries(walks.map(({ name, position }) => [name, position])),
      [STREAM_WALK]: {
        at,
        ids,
        ...(connection === undefined ? {} : { connection }),
        isStopped: true,
      },
    },
  };
}
