/** Where tweets of walks are missing that a damage took: between what is there before it and what is there after it. */

import { isOlder } from "../twitter/bytes/ids.ts";

/** What a damage took of a walk: ids between two others, neither of them among them. */
export interface Hole {
  /** The harvest's, with a `/` at its end. */
  folder: string;
  walk: string;
  /** Absent where the walk goes down to the first tweet. */
  sinceId?: string;
  untilId: string;
  /** How many tweets of the walk are there that are newer. */
  newer: number;
}

/** A walk that ends at other ids than where the collection stands: one that asked for a gap. */
export interface Fill {
  walk: string;
  /** Absent where it goes down to the first tweet. */
  sinceId?: string;
  untilId: string;
}

/** Where a walk stands that is not whole; ids. */
export interface Stand {
  newest: string;
  oldest: string;
}

/** How walks go, and what is known of their ends. */
export interface HoleOptions {
  /** Whether they go up through ids, in place of down from the newest tweet. */
  goesUp: boolean;
  /** Where a walk stands by now. */
  standOf: (walk: string) => Stand | undefined;
}

/** A damage, as one walk has it. */
interface Damage {
  folder: string;
  /** The last id before it, and the first one after it. */
  before: string | undefined;
  after: string | undefined;
  /** How many tweets of the walk came before it. */
  count: number;
}

/** What was read of a walk so far. */
interface Trace {
  /** Where it ends below. */
  since: string | undefined;
  /** Where it ends above, where that is known from the beginning; not among its ids. */
  until: string | undefined;
  last: string | undefined;
  /** Tweets since it began, and since anything was read. */
  count: number;
  total: number;
  /** Whether its last page says that there is no other. */
  isDone: boolean;
  damages: Damage[];
}

/**
 * The holes of walks, as harvests are read from the oldest to the newest, in the order in which tweets came. Memory grows
 * with walks and damages, not with tweets.
 */
export class Holes {
  readonly #options: HoleOptions;
  readonly #traces = new Map<string, Trace>();
  readonly #found: (Hole & { total: number })[] = [];
  #folder = "";
  /** The walks of the harvest that is read. */
  #walks: Iterable<string> = [];

  constructor(options: HoleOptions) {
    this.#options = options;
  }

  /**
   * Begins a harvest.
   * @param sinceOf Where a walk ended before, as the harvest was begun with; null where that is not known.
   * @param fills Walks that this harvest ended, and that asked for gaps.
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

  /** Takes in a tweet of a walk. @param fill Where the walk asked for a gap. */
  add(walk: string, id: string, fill?: Fill): void {
    const trace = fill ? this.#fill(fill) : this.#traces.get(walk);
    if (!trace) return;
    trace.last = id;
    trace.count++;
    trace.total++;
    const damage = trace.damages.at(-1);
    if (damage) damage.after ??= id;
  }

  /** Takes in whether a walk's last page, whose tweets were added, is its last one, as it says. */
  ended(walk: string, isDone: boolean): void {
    const trace = this.#traces.get(walk);
    if (trace) trace.isDone = isDone;
  }

  /** Takes in that something is lost here, of whichever walk. */
  damaged(): void {
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

  /** Returns all holes, by walks. @param sinceOf Where each walk ended last, as is known by now. */
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

  /** @param end The newest id of the walk, which is whole; undefined where it is not. */
  #close(walk: string, { since, until, damages, total }: Trace, end: string | undefined): void {
    const { goesUp, standOf } = this.#options;
    const stand = end === undefined ? standOf(walk) : undefined;
    const isOver = end !== undefined || until !== undefined && !stand;
    const top = until ?? above(end ?? stand?.newest);
    const bottom = isOver || goesUp ? since ?? "0" : stand && `${BigInt(stand.oldest) - 1n}`;
    for (const { folder, before, after, count } of damages) {
      const untilId = (goesUp ? after : before) ?? top;
      const sinceId = (goesUp ? before : after) ?? bottom;
      // Of a walk that was not begun, as far as is known, all is asked for.
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
  return id === undefined ? undefined : `${BigInt(id) + 1n}`;
}

/** Returns what of a hole is in none of some spans that are known. */
export function lackingIn(hole: Hole, known: { since_id?: string; until_id?: string }[]): Hole[] {
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
  // The ends of the known span were there then, and may be lost by now.
  const [upper, lower] = [`${BigInt(until) - 1n}`, `${BigInt(since) + 1n}`];
  if (BigInt(untilId) - BigInt(upper) > 1n) parts.push({ ...hole, sinceId: upper });
  if (BigInt(lower) - BigInt(sinceId) > 1n) parts.push({ ...hole, untilId: lower });
  return parts;
}
