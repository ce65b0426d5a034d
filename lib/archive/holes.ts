/** Finds ids that damaged files leave out of walks: between the last ones before and the first ones after. */

import { idAbove, idBelow, isOlder } from "../twitter/bytes/ids.ts";

/** A damaged part of a walk: the ids between two others, both exclusive. */
export interface Hole {
  /** The harvest's, with a `/` at its end. */
  folder: string;
  walk: string;
  /** Absent if the walk goes down to the first tweet. */
  sinceId?: string;
  untilId: string;
  /** Number of the walk's newer tweets that are intact. */
  newer: number;
}

/** A walk with its own end, not the collection's: one that requested a gap. */
export interface Fill {
  walk: string;
  /** Absent if it goes down to the first tweet. */
  sinceId?: string;
  untilId: string;
}

/** Position of an unfinished walk; ids. */
export interface Stand {
  newest: string;
  oldest: string;
}

/** The direction of walks and their positions. */
export interface HoleOptions {
  /** Whether they go up through ids, rather than down from the newest tweet. */
  goesUp: boolean;
  /** Returns a walk's current position. */
  standOf: (walk: string) => Stand | undefined;
}

/** A damage, as seen by one walk. */
interface Damage {
  folder: string;
  /** The last id before it, and the first one after it. */
  before: string | undefined;
  after: string | undefined;
  /** Number of the walk's tweets before it. */
  count: number;
}

/** The part of a walk that was read so far. */
interface Trace {
  /** Its lower end. */
  since: string | undefined;
  /** Its upper end (exclusive), if known from the beginning. */
  until: string | undefined;
  last: string | undefined;
  /** Number of tweets since it began, and in total. */
  count: number;
  total: number;
  /** Whether its last page has no next one. */
  isDone: boolean;
  damages: Damage[];
}

/**
 * Collects the holes of walks from harvests, oldest to newest, with tweets in the order of their arrival. Memory grows
 * with walks and damages, not with tweets.
 */
export class Holes {
  readonly #options: HoleOptions;
  readonly #traces = new Map<string, Trace>();
  readonly #found: (Hole & { total: number })[] = [];
  #folder = "";
  /** The walks of the current harvest. */
  #walks: Iterable<string> = [];

  constructor(options: HoleOptions) {
    this.#options = options;
  }

  /**
   * Begins a harvest.
   * @param sinceOf Returns where a walk ended before, by the configuration at the beginning; null if unknown.
   * @param fills Walks that this harvest finished and that requested gaps.
   */
  begin(
    folder: string,
    { walks, sinceOf, fills }: {
      walks: string[];
      sinceOf: ((walk: string) => string | undefined) | null;
      fills: Fill[];
    },
  ): void {
    this.#folder = folder;
    this.#walks = [...walks, ...fills.map(({ walk }) => walk)];
    for (const fill of fills) this.#fill(fill);
    for (const walk of walks) {
      const trace = this.#traces.get(walk) ?? beginning(sinceOf?.(walk));
      this.#traces.set(walk, trace);
      const since = sinceOf ? sinceOf(walk) : trace.since;
      if (since === trace.since) continue;
      this.#close(walk, trace, since);
      this.#traces.set(walk, { ...beginning(since), total: trace.total });
    }
  }

  /** Adds a tweet of a walk. @param fill Set if the walk requested a gap. */
  add(walk: string, id: string, fill?: Fill): void {
    const trace = fill ? this.#fill(fill) : this.#traces.get(walk);
    if (!trace) return;
    trace.last = id;
    trace.count++;
    trace.total++;
    const damage = trace.damages.at(-1);
    if (damage) damage.after ??= id;
  }

  /** Records whether a walk's last added page is its last one. */
  noteEnd(walk: string, isDone: boolean): void {
    const trace = this.#traces.get(walk);
    if (trace) trace.isDone = isDone;
  }

  /** Records a damage, which may concern any walk. */
  noteDamage(): void {
    for (const walk of this.#walks) {
      const trace = this.#traces.get(walk);
      const last = trace?.damages.at(-1);
      const isKnown = trace?.isDone || last !== undefined && last.after === undefined;
      if (!trace || isKnown) continue;
      trace.damages.push({
        folder: this.#folder,
        before: trace.last,
        after: undefined,
        count: trace.count,
      });
    }
  }

  /** Returns all holes, by walk. @param sinceOf Returns where each walk last ended, as known now. */
  finish(sinceOf: (walk: string) => string | undefined): Hole[] {
    for (const [walk, trace] of this.#traces) {
      const end = trace.until === undefined ? sinceOf(walk) : undefined;
      this.#close(walk, trace, end === trace.since ? undefined : end);
    }
    return this.#found.map(({ total, ...hole }) => ({
      ...hole,
      newer: hole.newer + (this.#traces.get(hole.walk)?.total ?? total) - total,
    }));
  }

  #fill({ walk, sinceId, untilId }: Fill): Trace {
    const trace = this.#traces.get(walk) ?? { ...beginning(sinceId), until: untilId };
    this.#traces.set(walk, trace);
    return trace;
  }

  /** @param end The newest id of a finished walk; undefined for an unfinished one. */
  #close(walk: string, { since, until, damages, total }: Trace, end: string | undefined): void {
    const { goesUp, standOf } = this.#options;
    const stand = end === undefined ? standOf(walk) : undefined;
    const isOver = end !== undefined || until !== undefined && !stand;
    const top = until ?? above(end ?? stand?.newest);
    const bottom = isOver || goesUp ? since ?? "0" : stand && idBelow(stand.oldest);
    for (const { folder, before, after, count } of damages) {
      const untilId = (goesUp ? after : before) ?? top;
      const sinceId = (goesUp ? before : after) ?? bottom;
      // A walk that was not begun, as far as known, is requested completely.
      if (untilId === undefined || sinceId === undefined) continue;
      if (BigInt(untilId) - BigInt(sinceId) <= 1n) continue;
      const lower = sinceId === "0" ? {} : { sinceId };
      this.#found.push({ folder, walk, ...lower, untilId, newer: count, total });
    }
  }
}

function beginning(since: string | undefined): Trace {
  return {
    since,
    until: undefined,
    last: undefined,
    count: 0,
    total: 0,
    isDone: false,
    damages: [],
  };
}

function above(id: string | undefined): string | undefined {
  return id === undefined ? undefined : idAbove(id);
}

/** Returns the parts of a hole that are outside of known spans. */
export function listMissingParts(
  hole: Hole,
  known: { since_id?: string; until_id?: string }[],
): Hole[] {
  let left = [hole];
  for (const { since_id: since = "0", until_id: until } of known) {
    if (until === undefined) continue;
    left = left.flatMap((one) => without(one, since, until));
  }
  return left;
}

function without(hole: Hole, since: string, until: string): Hole[] {
  const { sinceId = "0", untilId } = hole;
  const apart = !isOlder(since, untilId) || !isOlder(sinceId, until);
  if (apart) return [hole];
  const parts: Hole[] = [];
  // The ends of the known span existed then, and may be lost now.
  const [upper, lower] = [idBelow(until), idAbove(since)];
  if (BigInt(untilId) - BigInt(upper) > 1n) parts.push({ ...hole, sinceId: upper });
  if (BigInt(lower) - BigInt(sinceId) > 1n) parts.push({ ...hole, untilId: lower });
  return parts;
}
