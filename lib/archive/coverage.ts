/** What of the time since a collection began was covered, and what was not, and why. */

import { isoTime } from "../base/clock.ts";
import { type Span, SpanSet } from "../base/spans.ts";
import type { CoverageRecord } from "../bucket/coverage.ts";
import type { Traits } from "../collection/types/traits.ts";
import { folderStamp } from "../collection/layout.ts";
import type { ListedGap } from "./gap_list.ts";

/** What became of a span of time. */
export type CoverageState =
  | "harvested"
  | "silent on purpose"
  | "missed"
  | "beyond reach"
  | "not asked for yet";

/** A span of time, and what became of it. */
export interface Covered {
  from: string;
  to: string;
  state: CoverageState;
  why?: string;
  /** Who stopped or scheduled it, and the note of that. */
  by?: string;
  note?: string;
}

/** What the coverage of a collection follows from. */
export interface CoverageFacts {
  records: CoverageRecord[];
  gaps: ListedGap[];
  traits: Traits;
  /** In milliseconds since 1970. */
  now: number;
  /** Before this nothing can be had: -Infinity where all can, Infinity where nothing can be asked for again. */
  reach: number;
  /** The span that a harvest covers which goes on, as far as is known. */
  running?: Span | undefined;
}

type Part = Span & Omit<Covered, "from" | "to">;

/** Returns what became of each span from the first that is known to now, oldest first. */
export function coverageOf(facts: CoverageFacts): Covered[] {
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
  return joined(parts).map(({ from, to, ...part }) => ({
    from: isoTime(from),
    to: isoTime(to),
    ...part,
  }));
}

function harvestsIn(records: CoverageRecord[]) {
  return records.flatMap((record) => {
    const { what, from, to, harvest_timestamp, walks } = record;
    if (what !== "harvest" || !from || !to || walks !== undefined) return [];
    const span = { from: Date.parse(from), to: Date.parse(to) };
    return [{ ...record, ...span, began: Date.parse(harvest_timestamp ?? "") }];
  }).toSorted((a, b) => a.from - b.from || a.to - b.to);
}

/** Of what can be asked for again, a gap of one harvest may be what another one brought. */
function eachLessItsGaps({ records, gaps }: CoverageFacts): readonly Span[] {
  const gapsOf = Map.groupBy(gaps, ({ folder }) => folder.slice(folder.lastIndexOf("harvests/")));
  const left = harvestsIn(records).flatMap((harvest) => {
    const own = gapsOf.get(`harvests/${folderStamp(harvest.began)}/`) ?? [];
    return new SpanSet(openIn(own)).lacking(harvest);
  });
  return new SpanSet([...left, ...filledIn(gaps)]).spans;
}

/** What a stream missed came to nobody. */
function allLessGaps({ records, gaps, running }: CoverageFacts): readonly Span[] {
  const all = new SpanSet([...harvestsIn(records), ...(running ? [running] : [])]);
  const open = new SpanSet(openIn(gaps));
  const left = all.spans.flatMap((span) => open.lacking(span));
  return new SpanSet([...left, ...filledIn(gaps)]).spans;
}

function openIn(gaps: ListedGap[]): Span[] {
  return gaps.filter(isOfAll).filter(({ status }) => status !== "filled").map(spanOf);
}

function filledIn(gaps: ListedGap[]): Span[] {
  return gaps.filter(isOfAll).filter(({ status }) => status === "filled").map(spanOf);
}

/** What one user's timeline lacks says nothing of the others. */
function isOfAll({ user_id }: ListedGap): boolean {
  return user_id === undefined;
}

function spanOf({ from, to }: { from: string; to: string }): Span {
  return { from: Date.parse(from), to: Date.parse(to) };
}

function gapParts({ gaps, traits }: CoverageFacts): Part[] {
  return gaps.filter(isOfAll).map((gap) => ({
    ...spanOf(gap),
    // Nobody can ask a stream again: what it missed is missed.
    state: gap.status === "beyond reach" && traits.canBeAskedAgain ? "beyond reach" : "missed",
    why: gap.why,
  }));
}

/** Between two harvests of a stream: it was stopped on purpose, and until it was started again; else it failed. */
function betweenStreams({ records, now, running }: CoverageFacts): Part[] {
  const harvests = harvestsIn(records);
  const deeds = records.filter(({ what }) => what === "start" || what === "stop");
  return harvests.flatMap((harvest, i) => {
    const until = harvests[i + 1]?.from ?? running?.from ?? now;
    if (until <= harvest.to) return [];
    const why = harvest.reason ?? "The harvest ended";
    const isOnPurpose = harvest.outcome === "stopped";
    const end = { from: harvest.to, to: until };
    const within = deeds.filter(({ at }) =>
      Date.parse(at) >= harvest.began && Date.parse(at) <= until
    );
    const stop = within.findLast(({ what }) => what === "stop");
    if (!isOnPurpose) return [{ ...end, state: "missed", why } satisfies Part];
    const again = within.find(({ what, at }) => what === "start" && Date.parse(at) > harvest.to);
    const started = again ? Math.max(Date.parse(again.at), end.from) : until;
    const parts: Part[] = [
      { from: end.from, to: started, state: "silent on purpose", why, ...byWhom(stop) },
      { from: started, to: until, state: "missed", why: "The stream was not open yet" },
    ];
    return parts.filter(({ from, to }) => from < to);
  });
}

/** From the end of a schedule to the next one, or to the next harvest. */
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

/** What nobody asked for since the last harvest, and what of that the API does not give any more. */
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

/** In their order, with those as one that meet and are alike. */
function joined(parts: Part[]): Part[] {
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
