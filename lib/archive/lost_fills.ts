/** Finds what damaged files lost of a stream's tweets that came beside it: by search for gaps, or late. */

import type { HarvestInfo } from "../collection/harvest_info.ts";
import type { JsonObject } from "../base/json.ts";
import type { ToldGap } from "../bucket/gaps.ts";
import type { Store } from "../store/store.ts";
import { idBelow, isOlder, readIds, timeId } from "../twitter/bytes/ids.ts";
import { member } from "../twitter/bytes/raw_json.ts";
import { gapLook } from "./gap_fill.ts";
import { type Filled, gapName, type GapWalkAt, readGaps } from "./gap_list.ts";
import { isLastPage } from "./lost_walks.ts";

const OPEN_BRACKET = 0x5b;

/** A span of ids, both ends exclusive, that a harvest lost. */
export interface Lost {
  folder: string;
  sinceId: string;
  untilId: string;
}

/** A span that an earlier repair recorded as lost. */
export interface Recorded extends Lost {
  /** The ids in it that were intact then, and are not requested. */
  known: string[];
}

/** A span that was collected beside the stream, and the harvests that may have its tweets. */
interface Fill {
  sinceId: string;
  untilId: string;
  /** The first of them, or with `isAfter` the one before; empty if unknown. */
  folder: string;
  isAfter: boolean;
  /** The last of them; undefined if some of it is still due. */
  end: string | undefined;
  /** The lowest id down to which it was requested, while it is due. */
  oldest: string | undefined;
  /** How its tweets come: newest first; in any order, by several queries; or as the stream's own lines. */
  order: "newest first" | "any" | "late";
  /** The last of its tweets that was read, and whether that was on the last page. */
  last: string | undefined;
  isDone: boolean;
  damages: FillDamage[];
}

/** A damage that may have taken some of it. */
interface FillDamage {
  folder: string;
  /** The last of its tweets before it, and the first one after it. */
  before: string | undefined;
  after: string | undefined;
  /** Returns an id above all tweets that were made before the damaged part had arrived. */
  until: () => string;
}

/** A harvest of the stream. */
export interface StreamHarvest {
  folder: string;
  info: HarvestInfo | null;
}

/** Says which stream is read, and where from. */
export interface FillOptions {
  store: Store;
  collectionId: string;
  /** Oldest first. */
  harvests: StreamHarvest[];
  /** The checkpoint's. */
  positions: JsonObject;
  /** Whether one query finds all: then a gap's tweets come in order. */
  isOrdered: boolean;
}

/** The spans that harvests collected beside the stream. */
export class Fills {
  /** The spans that earlier repairs recorded as lost, with the ids in them that were intact. */
  readonly recorded: Recorded[];
  readonly #all: Fill[];
  /** Those that the current harvest may have tweets of. */
  #here: Fill[] = [];

  private constructor(all: Fill[], recorded: Recorded[]) {
    this.#all = all;
    this.recorded = recorded;
  }

  /** Reads which there are. @throws UserError if a file is damaged; OutsideError */
  static async open(options: FillOptions): Promise<Fills> {
    const { store, collectionId, harvests, positions, isOrdered } = options;
    const gaps: InFolder<ToldGap>[] = [];
    const filled: InFolder<Filled>[] = [];
    await readGaps(store, collectionId, {
      addGaps: (folder, some) => some.forEach((gap) => gaps.push({ ...gap, folder })),
      addFilled: (folder, some) => some.forEach((span) => filled.push({ ...span, folder })),
    });
    const { walks } = gapLook(null, positions, 0);
    const order = isOrdered ? "newest first" : "any";
    const fills = listFills({ gaps: inOrder(gaps), filled: inOrder(filled), walks, order });
    const lost = gaps.filter(({ lost }) => lost);
    const recorded = lost.map((gap) => ({
      ...idsAround(gap),
      folder: gap.folder,
      known: gap.known ?? [],
    }));
    return new Fills([...fills, ...harvests.flatMap(listLate)], recorded);
  }

  /** Returns the first harvest that may have tweets of what a damaged one may have lost; undefined for that one alone. */
  firstBeside(damaged: string[]): string | undefined {
    const folders = this.#all.filter(({ folder, isAfter, end }) =>
      damaged.some((one) =>
        (isAfter ? one > folder : one >= folder) && (end === undefined || one <= end)
      )
    ).map(({ folder }) => folder);
    return folders.toSorted()[0];
  }

  /** Begins a harvest. */
  begin(folder: string): void {
    this.#here = this.#all.filter((fill) =>
      (fill.isAfter ? folder > fill.folder : folder >= fill.folder) &&
      (fill.end === undefined || folder <= fill.end)
    );
  }

  /** Adds a line. @returns The ids in it that came through the stream, in time. */
  takeFrom(line: Uint8Array): string[] {
    const isSearched = isPage(line);
    const ids = readIds(line);
    if (this.#here.length === 0) return isSearched ? [] : ids;
    const live: string[] = [];
    let last: Fill | undefined;
    for (const id of ids) {
      const fill = this.#here.findLast(({ sinceId, untilId, order }) =>
        (order !== "late") === isSearched && isOlder(sinceId, id) && isOlder(id, untilId)
      );
      if (fill) noteTweet(last = fill, id);
      else if (!isSearched) live.push(id);
    }
    if (last?.order === "newest first" && isLastPage(line)) last.isDone = true;
    return live;
  }

  /** Records an unreadable place. @param until See FillDamage. */
  noteDamage(folder: string, until: () => string): void {
    for (const { isDone, last: before, damages } of this.#here) {
      const last = damages.at(-1);
      if (last && last.after === undefined) Object.assign(last, { folder, until });
      else if (!isDone) damages.push({ folder, before, after: undefined, until });
    }
  }

  /** Returns what is lost of them; spans may overlap, and may be recorded already. */
  finish(): Lost[] {
    return this.#all.flatMap((fill) =>
      fill.damages.filter((damage) => isWithin(fill, damage)).map((damage) =>
        listLost(fill, damage)
      )
    ).filter(({ sinceId, untilId }) => isOlder(sinceId, untilId));
  }
}

type InFolder<T> = T & { folder: string };

function noteTweet(fill: Fill, id: string): void {
  fill.last = id;
  const damage = fill.damages.at(-1);
  if (damage) damage.after ??= id;
}

/** Returns whether a damage may have taken some of it: a gap is requested when it is over. */
function isWithin({ order, end, oldest, untilId }: Fill, { before, until }: FillDamage): boolean {
  if (order === "late") return true;
  const isBegun = end !== undefined || oldest !== undefined && isOlder(oldest, untilId);
  return isBegun && (before !== undefined || !isOlder(until(), untilId));
}

function listLost(
  { order, sinceId, untilId, end, oldest }: Fill,
  { folder, before, after }: FillDamage,
): Lost {
  if (end !== undefined) {
    const span = order === "newest first"
      ? { sinceId: after ?? sinceId, untilId: before ?? untilId }
      : { sinceId, untilId };
    // Only what is requested after that harvest is no part of what was lost.
    return { folder: end > folder ? end : folder, ...span };
  }
  // Its walks go on: what requests the part again has another name.
  const below = idBelow(oldest ?? sinceId);
  return order === "newest first"
    ? { folder, sinceId: after ?? below, untilId: before ?? untilId }
    : { folder, sinceId: idBelow(sinceId), untilId };
}

/** Returns whether a line is a page of a search, rather than a tweet of the stream. */
function isPage(line: Uint8Array): boolean {
  const data = member(line, "data");
  return data !== null && line[data.start] === OPEN_BRACKET;
}

/** Returns the gaps that were requested, or of which some was. */
function listFills(
  { gaps, filled, walks, order }: {
    gaps: InFolder<ToldGap>[];
    filled: InFolder<Filled>[];
    walks: GapWalkAt[];
    order: Fill["order"];
  },
): Fill[] {
  const gapsByName = Map.groupBy(gaps, spanName);
  const byEnd = new Map(gaps.map((gap) => [idsAround(gap).untilId, spanName(gap)]));
  // A part of a gap that the API no longer has was not requested.
  const filledByName = Map.groupBy(
    filled,
    (span) => span.since_id ? spanName(span) : byEnd.get(span.until_id ?? "") ?? spanName(span),
  );
  const dueByName = Map.groupBy(walks, ({ name }) => /^gap:\d+-\d*:/.exec(name)?.[0] ?? "");
  const names = new Set([...filledByName.keys(), ...dueByName.keys()]);
  return [...names].flatMap((name) => {
    const [, sinceId, untilId] = /^gap:(\d+)-(\d+):/.exec(name) ?? [];
    if (sinceId === undefined || untilId === undefined) return [];
    // One that was lost again was requested again: each time counts for itself.
    const times = gapsByName.get(name) ?? [undefined];
    return times.flatMap((gap, i): Fill[] => {
      const { folder = "", lost = false } = gap ?? {};
      const next = times[i + 1]?.folder;
      const end = filledByName.get(name)?.findLast((span) =>
        (lost ? span.folder > folder : span.folder >= folder) &&
        (next === undefined || span.folder <= next)
      )?.folder;
      const due = next === undefined ? dueByName.get(name) ?? [] : [];
      if (end === undefined && due.length === 0) return [];
      const left = due.length === 0 ? { end, oldest: undefined } : {
        end: undefined,
        oldest: end === undefined ? lowest(due, untilId) : sinceId,
      };
      return [{ ...fresh({ sinceId, untilId }, order), folder, isAfter: lost, ...left }];
    });
  });
}

/** Returns what a harvest brought in of an earlier one. */
function listLate({ folder, info }: StreamHarvest): Fill[] {
  return (info?.late ?? []).map(({ from, to }) => {
    const span = { sinceId: timeId(Date.parse(from) - 1), untilId: timeId(Date.parse(to) + 1) };
    return { ...fresh(span, "late"), folder, isAfter: false, end: folder, oldest: undefined };
  });
}

function fresh(
  span: Pick<Fill, "sinceId" | "untilId">,
  order: Fill["order"],
): Omit<Fill, "folder" | "isAfter" | "end" | "oldest"> {
  return { ...span, order, last: undefined, isDone: false, damages: [] };
}

/** Returns the lowest id down to which any of a gap's walks has requested it. */
function lowest(due: GapWalkAt[], untilId: string): string {
  return due.reduce((low, { oldest = untilId }) => isOlder(oldest, low) ? oldest : low, untilId);
}

function spanName(span: ToldGap | Filled): string {
  const { sinceId, untilId } = idsAround(span);
  return gapName(sinceId, untilId);
}

/** Returns the ids around a gap, by default the first ones of its times. */
function idsAround(
  { from, to, since_id, until_id }: ToldGap | Filled,
): { sinceId: string; untilId: string } {
  return {
    sinceId: since_id ?? timeId(new Date(from).getTime()),
    untilId: until_id ?? timeId(new Date(to).getTime()),
  };
}

function inOrder<T>(some: InFolder<T>[]): InFolder<T>[] {
  return some.toSorted((a, b) => a.folder < b.folder ? -1 : a.folder > b.folder ? 1 : 0);
}
