/** The gaps of a stream, filled through recent search: one walk a gap and query. */

import { getLogger } from "@logtape/logtape";
import { z } from "zod";
import { GAP_WALK, type GapWalk, type MissedSpan } from "../bucket/gaps.ts";
import type { Clock } from "../base/clock.ts";
import { filter as filterRules, type FilterConfig } from "../collection/types/filter.ts";
import type { ApiError } from "../base/errors.ts";
import { isObject } from "../base/json.ts";
import type { Gap, Page, PageAt, TwitterApi } from "../twitter/api.ts";
import { compareIds, idTime, isOlder, timeId } from "../twitter/bytes/ids.ts";
import { answerBehind, passingRefusal } from "../twitter/http/refusals.ts";
import type { Batch, FilledSpan, Positions } from "./source.ts";
import { searchQueries } from "../twitter/rules.ts";
import { type Reach, walk } from "./walk.ts";

const log = getLogger(["twarc-cloud", "stream"]);

/** The position of a walk, with the ids that it leaves out. */
const knownSchema = z.object({ known: z.array(z.string()).optional().catch(undefined) });
/** Milliseconds until a post can be found by search, and until a late one has come through the stream. */
const INDEXED_AFTER_MS = 15_000;

/** The statuses of a search that is refused for good. */
const REFUSED = new Set([400, 413, 414, 422]);

/**
 * Returns the span of a gap: from the newest id before it, if there is one, to when the stream was reopened, which is
 * unknown to a clock that is behind.
 */
export function spanOfGap({ from, to }: Gap, newestId: string | undefined): MissedSpan {
  const [sinceId, untilId] = [newestId ?? timeId(from), timeId(to)];
  return isOlder(sinceId, untilId) ? { sinceId, untilId } : { sinceId };
}

/** Returns the queries of recent search for gaps of a stream; none where it is not to be used. */
export function gapQueries(config: FilterConfig): ReturnType<typeof searchQueries> {
  const { api, filter: { fill_gaps = true } } = config;
  if (api !== "2" || !fill_gaps) return { queries: [], tooLong: [] };
  return searchQueries(filterRules.plan(config).reading.filter);
}

/** Returns a gap as it is recorded: search finds no retweets, so that it stays partial. */
export function recordedGap(gap: Gap, walks: GapWalk[]): Gap {
  return walks.length > 0 ? { ...gap, ...idsOfWalks(walks), asked_again: "partial" } : gap;
}

/** The parts of the name of a gap's walk: the ids that it lies between, and the query. */
const NAME = /^gap:(\d+)-(\d*):([^]*)$/;

/**
 * Returns the ids that the walks of a gap lie between, as a gap is recorded; nothing where the upper one is unknown.
 */
function idsOfWalks([walk]: GapWalk[]): Pick<Gap, "since_id" | "until_id"> {
  const [, since_id, until_id] = NAME.exec(walk?.name ?? "") ?? [];
  return since_id && until_id ? { since_id, until_id } : {};
}

/**
 * Returns the highest id that walks of gaps go up to: they cover what is below, also of gaps that are found later.
 */
export function highestId(walks: GapWalk[]): string | undefined {
  const ends = walks.map(({ name }) => /^gap:\d+-(\d+):/.exec(name)?.[1] ?? "0");
  return ends.toSorted(compareIds).at(-1);
}

/** Returns the ids that the walk of a gap goes through, without both ends, and its query. */
export function spanOfWalk(
  { name }: GapWalk,
): { sinceId: string; untilId: string | undefined; query: string } | null {
  const [, sinceId, untilId, query = ""] = NAME.exec(name) ?? [];
  return sinceId === undefined ? null : { sinceId, untilId: untilId || undefined, query };
}

/** Returns whether an id is in the span that the walk of a gap goes through. */
export function isOfWalk(walk: GapWalk, id: string): boolean {
  const span = spanOfWalk(walk);
  if (!span || !isOlder(span.sinceId, id)) return false;
  return span.untilId === undefined || isOlder(id, span.untilId);
}

/** Returns the walks of gaps that a harvest before left unfinished. */
export function unfinishedGaps(from: Positions): GapWalk[] {
  return Object.entries(from).map(([name, position]) => ({ name, position }))
    .filter(({ name, position }) => name.startsWith(GAP_WALK) && position !== "whole");
}

/** Options of filling gaps. */
export interface GapFilling {
  api: TwitterApi;
  clock: Clock;
  signal: AbortSignal;
}

/** A gap that is not filled yet. */
export interface OpenGap {
  /** Those that are not whole, as they are recorded. */
  walks: GapWalk[];
  /** Returns the ids in it that came late, through the stream itself, and are recorded. */
  cameLate: () => string[];
  /** Whether it is being filled. */
  isBegun: boolean;
}

/**
 * Yields the batches that fill a gap. Search returns no retweets, so that it is filled in part only. A query that
 * search does not accept is reported in a message and dropped; a search that fails otherwise, or is refused for now,
 * is left for the next harvest, and ends no stream.
 */
export async function* fillGap(
  gap: OpenGap,
  { api, clock, signal }: GapFilling,
): AsyncGenerator<Batch> {
  const { walks, cameLate } = gap;
  const wait = INDEXED_AFTER_MS - ageMs(walks, clock.now());
  // A gap of an earlier harvest is filled at once: this harvest may be as short.
  if (wait > 0) await clock.sleep(wait, signal);
  gap.isBegun = true;
  for (const one of walks) {
    if (signal.aborted) return;
    const search = (query: string, at: PageAt) => api.search(query, at, signal);
    yield* filledWalk(leavingOut(one, cameLate()), { search, signal });
  }
}

/** Returns the milliseconds since a gap ended; 0 where that is unknown. */
function ageMs([walk]: GapWalk[], now: number): number {
  const [, , untilId] = NAME.exec(walk?.name ?? "") ?? [];
  return untilId ? now - idTime(untilId) : 0;
}

/** Options of filling one walk. */
export interface Filling {
  /** Null where nothing may be read now. */
  search: (query: string, at: PageAt) => Promise<Page | null>;
  signal: AbortSignal;
  /** The most tweets to collect: the next harvest goes on from there. */
  most?: number | undefined;
  /** How far back a timeline goes, where the gap is of one. */
  reach?: Reach;
  /** The user of that timeline. */
  userId?: string;
}

/**
 * Yields the batches of one walk that fills a gap; the last has the span that was covered. What search no longer
 * reaches belongs to the known gap, and makes no other one. A refusal ends no harvest: as `fillGap`.
 */
export async function* filledWalk(
  { name, position }: GapWalk,
  { search, signal, most, reach, userId }: Filling,
): AsyncGenerator<Batch> {
  const [, sinceId, untilId, query = ""] = NAME.exec(name) ?? [];
  const learn = () => ({ update: {}, delete: [] });
  try {
    const batches = walk({
      name,
      ask: (at) => search(query, at),
      from: position,
      most,
      ...(reach ? { reach } : {}),
      learn,
    });
    for await (const { gap, update: _, ...batch } of batches) {
      const span = batch.position === "whole" ? askedSpan({ sinceId, untilId, userId }, gap) : null;
      yield { ...batch, ...(span ? { filled: span } : {}) };
    }
  } catch (error) {
    if (signal.aborted) return;
    const answer = answerBehind(error);
    if (!answer) throw error;
    log.warn("A gap could not be filled: {problem}", { problem: answer.message });
    if (isOfQuery(answer)) yield giveUpWalk(name, answer.message);
  }
}

/**
 * Returns the span of a gap that was covered, above what search does not reach; null where there is none, or its end
 * is unknown.
 */
function askedSpan(
  { sinceId, untilId, userId }: {
    sinceId: string | undefined;
    untilId: string | undefined;
    userId: string | undefined;
  },
  beyond: Gap | undefined,
): FilledSpan | null {
  if (!sinceId || !untilId) return null;
  const to = idTime(untilId);
  const whose = userId === undefined ? {} : { user_id: userId };
  const since = sinceId === "0" ? {} : { since_id: sinceId };
  if (!beyond) return { from: idTime(sinceId), to, ...since, until_id: untilId, ...whose };
  if (beyond.to < to) return { from: beyond.to, to, until_id: untilId, ...whose };
  // How far a search goes back is always known; how far a timeline does, only now.
  return userId === undefined ? null : { from: to, to, until_id: untilId, ...whose };
}

/** Returns whether a search is refused for its query, and not for the keys, the access or the address. */
function isOfQuery(answer: ApiError): boolean {
  return REFUSED.has(answer.status) && passingRefusal(answer) === null;
}

/** Returns a walk that leaves out ids, as they came otherwise: others around them may not have come. */
export function leavingOut({ name, position }: GapWalk, ids: string[]): GapWalk {
  if (ids.length === 0 || !isObject(position)) return { name, position };
  const { known = [] } = knownSchema.parse(position);
  return { name, position: { ...position, known: [...new Set([...known, ...ids])] } };
}

/** Returns the ids that a walk leaves out; undefined for one that leaves out none. */
export function leftOut({ position }: GapWalk): string[] | undefined {
  return isObject(position) ? knownSchema.parse(position).known : undefined;
}

/** Returns a message for a walk that is dropped, and why. */
function giveUpWalk(walk: string, why: string): Batch {
  const line = new TextEncoder().encode(JSON.stringify({ gap_not_filled: { walk, why } }));
  return {
    walk,
    position: "whole",
    tweets: [],
    count: 0,
    messages: [{ kind: "gap_not_filled", line }],
  };
}
