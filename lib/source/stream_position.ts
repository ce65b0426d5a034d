/** The position of a stream at a commit, from which the next harvest goes on. */

import { z } from "zod";
import type { Json } from "../base/json.ts";
import { STREAM_WALK } from "../collection/walks.ts";
import { idTime, newerId } from "../twitter/bytes/ids.ts";
import type { Positions } from "./source.ts";

const schema = z.object({
  /** Until when what was sent has arrived, in milliseconds since 1970. */
  at: z.number(),
  /** The ids that arrived last. */
  ids: z.array(z.string()),
  /** The connection that was open. */
  connection: z.string().optional(),
  /** Set where it was stopped in good order: later tweets are no gap. */
  isStopped: z.literal(true).optional(),
  /** The position from where the stream resumes exactly, if the network returned one. */
  cursor: z.custom<Json>((value) => value !== undefined).optional(),
  /** How many tweets it has collected since its start, where that is limited; absent once a person has stopped it. */
  collected: z.number().optional(),
});

/** The position of a stream at a commit. */
export type StreamPosition = z.infer<typeof schema>;

/** Returns the position of a stream; undefined where it has none. */
export function streamPosition(positions: Positions): StreamPosition | undefined {
  return schema.safeParse(positions[STREAM_WALK]).data;
}

/** Milliseconds by which tweets of a stream may come late; older ones say nothing of what else is on its way. */
const MAX_LATE_MS = 15 * 60_000;

/**
 * Returns by how many milliseconds what arrived last was late: what came with it and is not read yet is newer than the
 * newest tweet, and may be older than now.
 * @param ids Of the tweets that arrived last; none for a keep-alive.
 */
export function lateness(ids: string[], now: number): number {
  const newest = ids.reduce<string | undefined>(newerId, undefined);
  const ms = newest === undefined ? 0 : now - idTime(newest);
  return ms > MAX_LATE_MS ? 0 : Math.max(ms, 0);
}

/** Returns when the harvest before was cut off; nothing where it was stopped in good order. */
export function cutAt(last: StreamPosition | undefined): number | undefined {
  return last?.isStopped ? undefined : last?.at;
}
