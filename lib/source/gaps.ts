/** What a stream missed, asked for again through recent search: one walk a gap and query. */

import { getLogger } from "@logtape/logtape";
import { z } from "zod";
import { GAP_WALK } from "../bucket/gaps.ts";
import type { Clock } from "../base/clock.ts";
import type { ApiError } from "../base/errors.ts";
import type { Gap, PageAt, TwitterApi } from "../twitter/api.ts";
import { isOlder, timeId } from "../twitter/bytes/ids.ts";
import { answerBehind, passingRefusal } from "../twitter/http/refusals.ts";
import type { Batch, Position, Positions } from "./source.ts";
import { walk } from "./walk.ts";

const log = getLogger(["twarc-cloud", "stream"]);

/** The position of a walk that was not begun. */
const spanSchema = z.strictObject({ since: z.string().optional(), oldest: z.string() });
/** Milliseconds until a post can be found by search, and until a late one has come through the stream. */
const INDEXED_AFTER = 15_000;

/** What a search is answered that cannot be. */
const REFUSED = new Set([400, 413, 414, 422]);

/** A span of ids that is to be searched. */
export interface MissedSpan {
  /** The newest id that the stream had delivered. */
  sinceId: string;
  /** Below the oldest id that it delivered after the gap; absent where only the stream itself will tell. */
  untilId?: string;
}

/** A walk that searches a gap, and where it stands. */
export interface GapWalk {
  name: string;
  position: Position;
}

/**
 * The span of a gap: from the newest id before it, if there is one, to when the stream was open again, which a
 * clock that is behind cannot tell.
 */
export function spanOfGap({ from, to }: Gap, newestId: string | undefined): MissedSpan {
  const [sinceId, untilId] = [newestId ?? timeId(from), timeId(to)];
  return isOlder(sinceId, untilId) ? { sinceId, untilId } : { sinceId };
}

/** The walks that a gap begins, each with the position that it has before anything was asked. */
export function walksOfGap({ sinceId, untilId }: MissedSpan, queries: string[]): GapWalk[] {
  return queries.map((query) => ({
    name: `${GAP_WALK}${sinceId}-${untilId ?? ""}:${query}`,
    position: { since: sinceId, ...(untilId === undefined ? {} : { oldest: untilId }) },
  }));
}

/** The newest id that walks of gaps go up to: what is below is theirs to ask for, of any gap that is found later. */
export function highestOf(walks: GapWalk[]): string | undefined {
  const ends = walks.map(({ name }) => /^gap:\d+-(\d+):/.exec(name)?.[1] ?? "0");
  return ends.toSorted((a, b) => isOlder(a, b) ? -1 : 1).at(-1);
}

/** The walks of gaps that a harvest before left unfinished. */
export function unfinishedGaps(from: Positions): GapWalk[] {
  return Object.entries(from).map(([name, position]) => ({ name, position }))
    .filter(({ name, position }) => name.startsWith(GAP_WALK) && position !== "whole");
}

/** What fills gaps. */
export interface GapFilling {
  api: TwitterApi;
  clock: Clock;
  signal: AbortSignal;
}

/** A gap that waits to be filled. */
export interface OpenGap {
  walks: GapWalk[];
  /** The oldest id that came through the stream since it is open again. */
  oldestSince: () => string | undefined;
  /** Whether it is being asked for. */
  isBegun: boolean;
}

/**
 * The batches that fill a gap. Search returns no retweets, so that it is filled in part only. A query that the
 * search does not take is told by a message and left; a search that fails otherwise, or is refused for now, is left
 * for the next harvest, and ends no stream.
 */
export async function* filled(
  gap: OpenGap,
  { api, clock, signal }: GapFilling,
): AsyncGenerator<Batch> {
  const { walks, oldestSince } = gap;
  await clock.sleep(INDEXED_AFTER, signal);
  gap.isBegun = true;
  for (const { name, position } of walks) {
    if (signal.aborted) return;
    const query = name.slice(name.indexOf(":", GAP_WALK.length) + 1);
    const ask = (at: PageAt) => api.search(query, below(at, oldestSince()), signal);
    const learn = () => ({ update: {}, delete: [] });
    try {
      yield* walk({ name, ask, from: position, learn });
    } catch (error) {
      if (signal.aborted) return;
      const answer = answerBehind(error);
      if (!answer) throw error;
      log.warn("What the stream missed could not be asked for: {problem}", {
        problem: answer.message,
      });
      if (isOfQuery(answer)) yield given(name, answer.message);
    }
  }
}

/** Whether a search is refused for what it asks, and not for the keys, the access or the address. */
function isOfQuery(answer: ApiError): boolean {
  return REFUSED.has(answer.status) && passingRefusal(answer) === null;
}

/** The walks of a gap whose newest part, down to an id, came through the stream. */
export function above(walks: GapWalk[], id: string): GapWalk[] {
  return walks.flatMap(({ name, position }) => {
    const { oldest, since } = spanSchema.safeParse(position).data ?? {};
    if (oldest === undefined || !isOlder(id, oldest)) return [];
    return [{ name, position: { ...(since === undefined ? {} : { since }), oldest: id } }];
  });
}

/** The place, not above the oldest post that the stream itself brought. */
function below(at: PageAt, oldest: string | undefined): PageAt {
  const { untilId } = at;
  if (oldest === undefined || at.next !== undefined) return at;
  return untilId === undefined || isOlder(oldest, untilId) ? { ...at, untilId: oldest } : at;
}

/** A walk that is given up, and why. */
function given(walk: string, why: string): Batch {
  const line = new TextEncoder().encode(JSON.stringify({ gap_not_filled: { walk, why } }));
  return {
    walk,
    position: "whole",
    tweets: [],
    count: 0,
    messages: [{ kind: "gap_not_filled", line }],
  };
}
