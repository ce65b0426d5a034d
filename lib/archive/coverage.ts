/** Computes which spans since a collection began were covered, and which were not and why. */

import { isoTime } from "../base/clock.ts";
import { type Span, SpanSet } from "../base/spans.ts";
import { STOP_REQUESTED } from "../collection/end_reasons.ts";
import type { CoverageRecord } from "../bucket/coverage.ts";
import type { Traits } from "../collection/types/traits.ts";
import { folderStamp } from "../collection/layout.ts";
import type { ListedGap } from "./gap_list.ts";

/** State of a span of time. */
export type CoverageState =
  | "harvested"
  | "silent on purpose"
  | "missed"
  | "beyond reach"
  | "not asked for yet";

/** A span of time and its state. */
export interface Covered {
  from: string;
  to: string;
  state: CoverageState;
  why?: string;
  /** The person who stopped or scheduled it, and their note. */
  by?: string;
  note?: string;
}

/** Facts for the coverage of a collection. */
export interface CoverageFacts {
  records: CoverageRecord[];
  gaps: ListedGap[];
  traits: Traits;
  /** In milliseconds since 1970. */
  now: number;
  /** The API has nothing before this: -Infinity if it has everything, Infinity if nothing can be requested again. */
  reach: number;
  /** The span of the current harvest, as far as known. */
  running?: Span | undefined;
}

type Part = Span & Omit<Covered, "from" | "to">;

/** Returns the state of each span from the first known one to now, oldest first. */
export function listCoverage(facts: CoverageFacts): Covered[] {
  const harvested = facts.traits.asksOnlyForNewer ? eachLessItsGaps(facts) : allLessGaps(facts);
  const gaps = gapParts(facts);
  const silent = facts.traits.endsByItself ? betweenSchedules(facts) : betweenStreams(facts);
  const layers: Part[][] = [
    harvested.map((span) => ({ ...span, state: "harvested" })),
    silent.filter(({ state }) => state === "silent on purpose"),
    gaps,
    silent.filter(({ state }) => state !== "silent on purpose"),
    stillToAsk(facts, harvested),
  ];
  const parts: Part[] = [];
  const known = new SpanSet();
  for (const layer of layers) {
    for (const part of layer) {
      for (const left of known.lacking(part)) parts.push({ ...part, ...left });
      known.add(part);
    }
  }
  return joinParts(parts).map(({ from, to, ...part }) => ({
    from: isoTime(from),
    to: isoTime(to),
    ...part,
  }));
}

/** Returns what harvests covered, however they ended: a record has the span of what is complete. */
function listCovered({ records, traits }: Pick<CoverageFacts, "records" | "traits">) {
  return records.flatMap(({ what, from, to, harvest_timestamp, walks, outcome, reason }) => {
    const isOfSome = traits.isPerUser && walks !== undefined;
    if (what !== "harvest" || !from || !to || isOfSome) return [];
    const span = { from: Date.parse(from), to: Date.parse(to) };
    return [{ ...span, began: Date.parse(harvest_timestamp ?? ""), outcome, reason }];
  }).toSorted((a, b) => a.from - b.from || a.to - b.to);
}

/** Returns what was covered where spans can be requested again: one harvest may have filled another's gap. */
function eachLessItsGaps(facts: CoverageFacts): readonly Span[] {
  const { gaps } = facts;
  const gapsOf = gapsByHarvest(facts);
  const covered = new SpanSet();
  for (const harvest of listCovered(facts)) {
    const open = listOpen(gapsOf(harvest));
    const left = open.length === 0 ? [harvest] : new SpanSet(open).lacking(harvest);
    for (const span of left) covered.add(span);
  }
  for (const span of listFilled(gaps)) covered.add(span);
  return covered.spans;
}

/** Returns what was covered of a stream, where each gap is a loss for all. */
function allLessGaps(facts: CoverageFacts): readonly Span[] {
  const { gaps, running } = facts;
  const all = new SpanSet([...listCovered(facts), ...(running ? [running] : [])]);
  const open = new SpanSet(listOpen(gaps));
  const left = all.spans.flatMap((span) => open.lacking(span));
  return new SpanSet([...left, ...listFilled(gaps)]).spans;
}

/** Returns a function that returns the gaps that a harvest recorded itself. */
function gapsByHarvest({ gaps }: CoverageFacts): (harvest: { began: number }) => ListedGap[] {
  const byFolder = Map.groupBy(gaps, ({ folder }) => folder.slice(folder.lastIndexOf("harvests/")));
  return ({ began }) => byFolder.get(`harvests/${folderStamp(began)}/`) ?? [];
}

function listOpen(gaps: ListedGap[]): Span[] {
  return gaps.filter(isOfAll).filter(({ status }) => status !== "filled").map(toSpan);
}

function listFilled(gaps: ListedGap[]): Span[] {
  return gaps.filter(isOfAll).filter(({ status }) => status === "filled").map(toSpan);
}

/** Returns whether a gap concerns all: one user's timeline says nothing about the others. */
function isOfAll({ user_id }: ListedGap): boolean {
  return user_id === undefined;
}

function toSpan({ from, to }: { from: string; to: string }): Span {
  return { from: Date.parse(from), to: Date.parse(to) };
}

function gapParts({ gaps, traits }: CoverageFacts): Part[] {
  return gaps.filter(isOfAll).map((gap) => ({
    ...toSpan(gap),
    // A stream cannot be requested again: its gaps stay.
    state: gap.status === "beyond reach" && traits.canBeAskedAgain ? "beyond reach" : "missed",
    why: gap.why,
  }));
}

/** A person's start or stop of a stream, and its time in milliseconds since 1970. */
type TimedDeed = CoverageRecord & { time: number };

/** Returns the spans in which a stream was not open: stopped on purpose until started again, or failed. */
function betweenStreams(facts: CoverageFacts): Part[] {
  const { records, now, running } = facts;
  const harvests = listCovered(facts);
  const deeds = records.filter(({ what }) => what === "start" || what === "stop")
    .map((deed) => ({ ...deed, time: Date.parse(deed.at) }));
  const gapsOf = gapsByHarvest(facts);
  const opened = (n: number) => harvests[n]?.from ?? running?.from ?? now;
  const between = harvests.flatMap((harvest, i) => {
    const until = opened(i + 1);
    if (until <= harvest.to) return [];
    // A gap that it recorded itself before it was stopped is no silence.
    const own = gapsOf(harvest).filter(isOfAll).map(toSpan);
    const to = own.reduce((latest, gap) => Math.max(latest, gap.to), harvest.to);
    const span = { from: Math.min(to, until), to: until };
    const later = deeds.filter(({ time }) => time > harvest.to);
    return byDeeds(span, stateAfter(harvest, deeds, until), later);
  });
  return [...beforeFirst(deeds, opened(0)), ...between];
}

/** Returns what is so after a stream's harvest. @param until When it was open again. */
function stateAfter(
  { outcome, reason: why = "The harvest ended", began, to }: ReturnType<typeof listCovered>[number],
  deeds: TimedDeed[],
  until: number,
): Omit<Part, "from" | "to"> {
  if (outcome !== "stopped") return { state: "missed", why };
  const again = deeds.find(({ what, time }) => what === "start" && time > to)?.time ?? until;
  // The stop is recorded once the harvest has ended, or before.
  const stop = deeds.findLast(({ what, time }) =>
    what === "stop" && time >= began && time <= Math.min(again, until)
  );
  return { state: "silent on purpose", why, ...byWhom(stop) };
}

/** Returns the spans before a stream was open for the first time, if it was stopped before that. */
function beforeFirst(deeds: TimedDeed[], opened: number): Part[] {
  const early = deeds.filter(({ time }) => time < opened);
  const [first, ...later] = early;
  if (!first || !later.some(({ what }) => what === "stop")) return [];
  return byDeeds({ from: first.time, to: opened }, NOT_OPEN, later);
}

const NOT_OPEN = { state: "missed", why: "The stream was not open yet" } as const;

/** Returns a span in which a stream is not open: missed from a start on, and silent on purpose from a stop on. */
function byDeeds(
  { from, to }: Span,
  beginning: Omit<Part, "from" | "to">,
  deeds: TimedDeed[],
): Part[] {
  const parts: Part[] = [{ ...beginning, from, to }];
  for (const { time, ...deed } of deeds) {
    const last = parts.at(-1);
    const next = deed.what === "start"
      ? NOT_OPEN
      : { state: "silent on purpose" as const, why: STOP_REQUESTED, ...byWhom(deed) };
    if (time >= to || !last || last.state === next.state) continue;
    last.to = Math.max(from, time);
    parts.push({ ...next, from: last.to, to });
  }
  return parts.filter(({ from, to }) => from < to);
}

/** Returns the spans from the end of a schedule to the next schedule or harvest. */
function betweenSchedules({ records, now }: CoverageFacts): Part[] {
  const ends = records.filter(({ what }) => what === "unschedule");
  return ends.map((end) => {
    const from = Date.parse(end.at);
    const next = records.find(({ what, at }) => Date.parse(at) > from && what !== "unschedule");
    const to = next ? Date.parse(next.at) : now;
    return { from, to, state: "silent on purpose", why: "Its schedule was ended", ...byWhom(end) };
  });
}

function byWhom(record: CoverageRecord | undefined): Pick<Covered, "by" | "note"> {
  const { by, note } = record ?? {};
  return { ...(by === undefined ? {} : { by }), ...(note === undefined ? {} : { note }) };
}

/** Returns the span not requested since the last harvest, and the part that the API no longer has. */
function stillToAsk({ traits, now, reach }: CoverageFacts, harvested: readonly Span[]): Part[] {
  const last = harvested.at(-1);
  if (!last || !traits.endsByItself || last.to >= now) return [];
  const split = Math.min(Math.max(reach, last.to), now);
  const isLost = traits.canBeAskedAgain && Number.isFinite(reach) && split > last.to;
  const parts: Part[] = [
    ...(isLost
      ? [{
        from: last.to,
        to: split,
        state: "beyond reach" as const,
        why: "No harvest asked for it in time",
      }]
      : []),
    { from: isLost ? split : last.to, to: now, state: "not asked for yet" },
  ];
  return parts.filter(({ from, to }) => from < to);
}

/** Joins adjacent spans of the same state, in order. */
function joinParts(parts: Part[]): Part[] {
  const all: Part[] = [];
  for (const part of parts.toSorted((a, b) => a.from - b.from)) {
    const last = all.at(-1);
    const isAlike = last && last.to === part.from && last.state === part.state &&
      last.why === part.why && last.by === part.by && last.note === part.note;
    if (isAlike) last.to = part.to;
    else all.push({ ...part });
  }
  return all;
}
