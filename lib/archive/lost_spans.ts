/** Spans of ids that a stream lost: what of them is to be requested, and which ids in them are intact. */

import { compareIds, idAbove, idBelow, isOlder, readIds } from "../twitter/bytes/ids.ts";
import { IdSpans } from "./id_spans.ts";
import type { Lost, Recorded } from "./lost_fills.ts";

/** A span that may have to be requested. */
interface Candidate extends Lost {
  /** Set if an earlier repair had it requested, but for these ids: they were intact then. */
  wereKnown?: Set<string>;
}

/** The spans that several damages took of a stream, with those that earlier repairs recorded. */
export class LostSpans {
  /** In order, and apart from each other: each tweet is requested once. */
  readonly #all: Candidate[];

  constructor(spans: Lost[], recorded: Recorded[]) {
    const gaps = new IdSpans(recorded);
    const found = spans.flatMap((span) => {
      // A span that was requested before that harvest is lost again.
      const here = gaps.overlapping(span).filter(({ folder }) => folder >= span.folder);
      return here.length === 0 ? [span] : [...unrecorded(span, here), ...onceKnown(span, here)];
    });
    this.#all = joinSpans(found);
  }

  /**
   * Returns what is to be requested, with the ids in it that are intact, in whatever order they came.
   * @param readAgain Calls `take` with each readable line.
   */
  async lost(
    readAgain: (take: (line: Uint8Array) => void) => Promise<void>,
  ): Promise<Recorded[]> {
    if (this.#all.length === 0) return [];
    const known = this.#all.map((): string[] => []);
    await readAgain((line) => {
      for (const id of readIds(line)) {
        const n = countBelow(this.#all, id) - 1;
        const span = this.#all[n];
        if (span && isOlder(id, span.untilId)) known[n]?.push(id);
      }
    });
    return this.#all.flatMap((span, n) => toRequest(span, known[n] ?? []));
  }
}

/** Returns the parts of a span that no repair has recorded. @param gaps In order. */
function unrecorded({ folder, sinceId, untilId }: Lost, gaps: Recorded[]): Candidate[] {
  const left: Candidate[] = [];
  let since = sinceId;
  for (const gap of gaps) {
    // The ends of a gap existed then, and may be lost now.
    add(left, { folder, sinceId: since, untilId: idAbove(gap.sinceId) });
    const last = idBelow(gap.untilId);
    if (isOlder(since, last)) since = last;
  }
  add(left, { folder, sinceId: since, untilId });
  return left;
}

/** Adds a span that has room for an id. */
function add(spans: Candidate[], span: Candidate): void {
  if (isOlder(idAbove(span.sinceId), span.untilId)) spans.push(span);
}

/**
 * Returns the part of a span with the ids that no repair has had requested, as they were intact.
 * @param gaps In order.
 */
function onceKnown(span: Lost, gaps: Recorded[]): Candidate[] {
  /** By ids, in how many gaps they were intact. */
  const intact = new Map<string, number>();
  for (const gap of gaps) {
    for (const id of new Set(gap.known)) {
      if (isWithin(id, span) && isWithin(id, gap)) intact.set(id, (intact.get(id) ?? 0) + 1);
    }
  }
  const begins = gaps.map(({ sinceId }) => sinceId);
  const ends = gaps.map(({ untilId }) => untilId).toSorted(compareIds);
  const ids = new Set<string>();
  let [begun, ended] = [0, 0];
  for (const id of [...intact.keys()].toSorted(compareIds)) {
    while (begun < begins.length && isOlder(begins[begun] ?? id, id)) begun++;
    while (ended < ends.length && !isOlder(id, ends[ended] ?? id)) ended++;
    if (intact.get(id) === begun - ended) ids.add(id);
  }
  return ids.size === 0 ? [] : [{ ...around(ids), folder: span.folder, wereKnown: ids }];
}

/** Returns a candidate as it is to be requested, if anything in it is lost. */
function toRequest(
  { folder, sinceId, untilId, wereKnown }: Candidate,
  known: string[],
): Recorded[] {
  if (!wereKnown) return [{ folder, sinceId, untilId, known }];
  const lost = wereKnown.difference(new Set(known));
  if (lost.size === 0) return [];
  const span = around(lost);
  return [{ ...span, folder, known: known.filter((id) => isWithin(id, span)) }];
}

function isWithin(id: string, { sinceId, untilId }: Pick<Lost, "sinceId" | "untilId">): boolean {
  return isOlder(sinceId, id) && isOlder(id, untilId);
}

/** Returns the span of some ids. */
function around(ids: Set<string>): Pick<Lost, "sinceId" | "untilId"> {
  const [first = "0"] = ids;
  let [low, high] = [first, first];
  for (const id of ids) {
    if (isOlder(id, low)) low = id;
    if (isOlder(high, id)) high = id;
  }
  return { sinceId: idBelow(low), untilId: idAbove(high) };
}

/** Returns how many of spans in order begin below an id. */
function countBelow(spans: Lost[], id: string): number {
  let [low, high] = [0, spans.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isOlder(spans[middle]?.sinceId ?? id, id)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Returns spans in order, with those that overlap joined. */
function joinSpans(spans: Candidate[]): Candidate[] {
  const all: Candidate[] = [];
  for (const span of spans.toSorted((a, b) => compareIds(a.sinceId, b.sinceId))) {
    const last = all.at(-1);
    if (!last || !isOlder(span.sinceId, last.untilId)) {
      all.push(span.wereKnown ? { ...span, wereKnown: new Set(span.wereKnown) } : { ...span });
      continue;
    }
    if (last.folder < span.folder) last.folder = span.folder;
    if (isOlder(last.untilId, span.untilId)) last.untilId = span.untilId;
    if (!last.wereKnown || !span.wereKnown) delete last.wereKnown;
    else for (const id of span.wereKnown) last.wereKnown.add(id);
  }
  return all;
}
