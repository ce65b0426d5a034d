/** Lists all gaps of a collection with their status. */

import { z } from "zod";
import { isoTime } from "../base/clock.ts";
import { parseAs } from "../base/json.ts";
import { type Span, SpanSet } from "../base/spans.ts";
import { collectionKeys, FILES, isHarvestFolder } from "../collection/layout.ts";
import { readEach } from "../store/read_ahead.ts";
import type { Got, Store } from "../store/store.ts";
import { folderFor } from "../bucket/folders.ts";
import { GAP_WALK, gapsFrom, type ToldGap } from "../bucket/gaps.ts";
import { idTime, timeId } from "../twitter/bytes/ids.ts";

/** A gap, or the rest of one, and its status. */
export interface ListedGap extends ToldGap {
  /** The folder of the harvest that recorded it. */
  folder: string;
  /**
   * `open`: not requested; `due`: the next harvest requests it; `filled`: it was requested, as far as search finds it
   * (of a stream, no retweets); `beyond reach`: the API no longer has it.
   */
  status: "open" | "due" | "filled" | "beyond reach";
}

/** A walk that requests a gap and is not finished. */
export interface GapWalkAt {
  name: string;
  /** The oldest id down to which it has recorded all; absent where it has recorded nothing. */
  oldest?: string | undefined;
}

/** Facts that determine the status of gaps. */
export interface GapLook {
  /** The walks that the next harvest continues. */
  walks: GapWalkAt[];
  /** The API has nothing before this, in milliseconds since 1970: Infinity if nothing can be requested again. */
  reach: number;
}

const spanSchema = z.object({
  from: z.number(),
  to: z.number(),
  since_id: z.string().optional(),
  until_id: z.string().optional(),
  user_id: z.string().optional(),
});

/** A span of a gap that a harvest requested. */
export type Filled = z.infer<typeof spanSchema>;

/** Returns all gaps of a collection, oldest first. @throws UserError if a file is damaged; OutsideError */
export async function listGaps(store: Store, id: string, look: GapLook): Promise<ListedGap[]> {
  return (await readAll(store, id)).listGaps(look);
}

type Recorded = ToldGap & { folder: string };

function recordedGapName({ since_id = "0", until_id = "", user_id }: Recorded): string {
  return gapName(since_id, until_id, user_id);
}

/** Requested gaps: spans of time, and for those of damaged files the upper ends of their ids. */
interface AllFilled {
  spans: SpanSet;
  lost: Map<string, (Filled & { folder: string })[]>;
}

/** The gaps that harvests recorded, and those that they requested. */
export class GapRecords {
  readonly #gaps: Recorded[] = [];
  readonly #filled: AllFilled = { spans: new SpanSet(), lost: new Map() };

  /** Adds the gaps that a harvest recorded. @param folder The harvest's. */
  addGaps(folder: string, gaps: ToldGap[]): void {
    for (const gap of gaps) this.#gaps.push({ ...gap, folder });
  }

  /** Adds the spans that a harvest requested. @param folder The harvest's. */
  addFilled(folder: string, filled: Filled[]): void {
    const { spans, lost } = this.#filled;
    for (const span of filled) {
      spans.add(span);
      const end = lostEnd(span);
      const known = lost.get(end);
      if (known) known.push({ ...span, folder });
      else lost.set(end, [{ ...span, folder }]);
    }
  }

  /** Returns all gaps with their status, oldest first. */
  listGaps(look: GapLook): ListedGap[] {
    const lost = new Set(this.#gaps.filter((gap) => gap.lost).map(recordedGapName));
    const walks = look.walks.filter(({ name }) =>
      !lost.has(/^gap:\d+-\d*:(?:\d+$)?/.exec(name)?.[0] ?? "")
    );
    const due = walks.flatMap((walk) => spansOfWalk(walk)?.due ?? []);
    const walked = new SpanSet(walks.flatMap((walk) => spansOfWalk(walk)?.walked ?? []));
    const facts = {
      reach: look.reach,
      lost: walksByGap(look.walks),
      filled: this.#filled,
      due,
      walked,
    };
    const listed = this.#gaps.flatMap((gap) => splitGap(gap, facts));
    return listed.toSorted((a, b) => a.from.localeCompare(b.from) || a.to.localeCompare(b.to));
  }
}

async function readAll(store: Store, id: string): Promise<GapRecords> {
  const records = new GapRecords();
  await readGaps(store, id, records);
  return records;
}

/**
 * Reads the gaps that harvests recorded and requested, oldest harvest first.
 * @throws UserError if a file is damaged; OutsideError
 */
export async function readGaps(
  store: Store,
  id: string,
  records: Pick<GapRecords, "addGaps" | "addFilled">,
): Promise<void> {
  const isOfGaps = (key: string) => {
    const folder = folderFor(key);
    return isHarvestFolder(folder) &&
      [FILES.gaps, FILES.filled].some((name) => key === `${folder}${name}`);
  };
  const read = readEach(store, collectionKeys(id).harvests, ({ key }) => isOfGaps(key));
  for await (const { key, found } of read) {
    const folder = folderFor(key);
    if (key.endsWith(`/${FILES.gaps}`)) records.addGaps(folder, gapsFrom(found, key));
    else records.addFilled(folder, filledFrom(found, key));
  }
}

function lostEnd(
  { until_id = "", user_id = "" }: Pick<Filled, "until_id" | "user_id">,
): string {
  return `${user_id} ${until_id}`;
}

/** Returns the gaps that a harvest requested. @throws UserError if the file is damaged; OutsideError */
export async function readFilled(store: Store, folder: string): Promise<Filled[]> {
  const key = `${folder}${FILES.filled}`;
  return filledFrom(await store.get(key), key);
}

function filledFrom(found: Got | null, key: string): Filled[] {
  const text = new TextDecoder().decode(found?.bytes);
  return text.split("\n").filter((line) => line !== "").map((line) =>
    parseAs(spanSchema, line, key)
  );
}

/** Returns the name of the walk that requests a damaged file's gap, without a search's query. */
export function gapName(sinceId: string, untilId: string, userId = ""): string {
  return `${GAP_WALK}${sinceId}-${untilId}:${userId}`;
}

/** Returns the spans that a walk has yet to request, and that it has recorded; null for other walks. */
function spansOfWalk({ name, oldest }: GapWalkAt): { due: Span; walked: Span[] } | null {
  const [, since, until] = /^gap:(\d+)-(\d*):/.exec(name) ?? [];
  if (since === undefined) return null;
  const [from, to] = [idTime(since), until ? idTime(until) : Infinity];
  const at = oldest === undefined ? to : Math.min(to, Math.max(from, idTime(oldest)));
  return { due: { from, to: at }, walked: at < to ? [{ from: at, to }] : [] };
}

/** Returns the walks of each damaged file's gap, by the gap's name: of one user's, or of all queries. */
function walksByGap(walks: GapWalkAt[]): Map<string, GapWalkAt[]> {
  const byGap = new Map<string, GapWalkAt[]>();
  for (const walk of walks) {
    const [ofQueries = walk.name] = /^gap:\d+-\d*:/.exec(walk.name) ?? [];
    for (const name of new Set([walk.name, ofQueries])) {
      const known = byGap.get(name);
      if (known) known.push(walk);
      else byGap.set(name, [walk]);
    }
  }
  return byGap;
}

/** Returns a gap, split where a part of it was requested. */
function splitGap(
  gap: Recorded,
  { filled, lost, due, walked, reach }: {
    filled: AllFilled;
    lost: Map<string, GapWalkAt[]>;
    due: Span[];
    walked: SpanSet;
    reach: number;
  },
): ListedGap[] {
  if (gap.lost) {
    const asked = filled.lost.get(lostEnd(gap)) ?? [];
    // Earlier requests are lost as well.
    const later = asked.filter(({ folder }) => folder > gap.folder);
    return partsOfLost(gap, { filled: later, due: lost.get(recordedGapName(gap)) ?? [], reach });
  }
  const span = { from: Date.parse(gap.from), to: Date.parse(gap.to) };
  // Only searches are requested again.
  const left = gap.user_id === undefined
    ? filled.spans.lacking(span).flatMap((part) => yetToDo(part, { due, walked }))
    : [span];
  // Former versions record that they will request it, and not whether they did.
  const isOld = gap.asked_again !== undefined && gap.until_id === undefined;
  const status = (part: Span): ListedGap["status"] => {
    if (due.some((one) => one.from < part.to && part.from < one.to)) return "due";
    if (isOld) return "filled";
    return gap.user_id !== undefined || part.to <= reach ? "beyond reach" : "open";
  };
  const isAll = left.length === 1 && left[0]?.from === span.from && left[0].to === span.to;
  const done = new SpanSet(left).lacking(span).map((part) => ({
    ...clipGap(gap, part),
    status: "filled" as const,
  }));
  if (isAll) return [{ ...gap, status: status(span) }];
  return [...done, ...left.map((part) => ({ ...clipGap(gap, part), status: status(part) }))];
}

/** Returns the parts of a span that no walk has recorded, or that another query's walk has yet to request. */
function yetToDo(span: Span, { due, walked }: { due: Span[]; walked: SpanSet }): Span[] {
  const left = new SpanSet(walked.lacking(span));
  for (const { from, to } of due) {
    const part = { from: Math.max(from, span.from), to: Math.min(to, span.to) };
    if (part.from < part.to) left.add(part);
  }
  const done = left.lacking(span);
  return new SpanSet(done).lacking(span);
}

/** Returns a damaged file's gap, by ids: a gap of less than a millisecond has no span of time. */
function partsOfLost(
  gap: Recorded,
  { filled, due, reach }: { filled: Filled[]; due: GapWalkAt[]; reach: number },
): ListedGap[] {
  const { since_id = "0" } = gap;
  const [from, to] = [Date.parse(gap.from), Date.parse(gap.to)];
  if (due.length > 0) {
    // A part is done where the walks of all queries are below it.
    const places = due.map(({ oldest }) => oldest === undefined ? to : idTime(oldest));
    const at = places.reduce((highest, place) => Math.max(highest, place));
    if (at <= from || at >= to) return [{ ...gap, status: "due" }];
    return [
      { ...clipGap(gap, { from, to: at }), status: "due" },
      { ...clipGap(gap, { from: at, to }), status: "filled" },
    ];
  }
  const asked = filled.find((one) => (one.since_id ?? since_id) === since_id);
  if (!asked) return [{ ...gap, status: to <= reach && from < to ? "beyond reach" : "open" }];
  if (asked.since_id !== undefined || asked.from <= from) return [{ ...gap, status: "filled" }];
  const [above, below] = [{ from: asked.from, to }, { from, to: asked.from }];
  return [
    { ...clipGap(gap, below), status: "beyond reach" },
    ...(asked.from < to ? [{ ...clipGap(gap, above), status: "filled" as const }] : []),
  ];
}

/** Returns a part of a gap. */
function clipGap({ since_id, until_id, ...gap }: Recorded, span: Span): Recorded {
  const [from, to] = [isoTime(span.from), isoTime(span.to)];
  const since = from === gap.from ? since_id : timeId(span.from);
  const until = to === gap.to ? until_id : timeId(span.to);
  return {
    ...gap,
    from,
    to,
    ...(since === undefined ? {} : { since_id: since }),
    ...(until === undefined ? {} : { until_id: until }),
  };
}
