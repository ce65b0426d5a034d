/** The files beside the tweets that a harvester left: their losses are accounted for. */

import { getLogger } from "@logtape/logtape";
import type { Counts } from "../../bucket/checkpoint_state.ts";
import { isoTime } from "../../base/clock.ts";
import { FILES } from "../../collection/layout.ts";
import type { Gap } from "../../twitter/api.ts";
import type { SideCut } from "../cut_files.ts";
import { joinLines } from "../../format/lines.ts";
import type { Note } from "./left_notes.ts";
import type { LeftFolder } from "./left_folder.ts";
import type { CommitterOptions } from "../committer.ts";

const log = getLogger(["twarc-cloud", "harvest"]);

/** The names of the counts of each file. */
const COUNTED = {
  [FILES.users]: "users",
  [FILES.messages]: "messages",
  [FILES.gaps]: "gaps",
  [FILES.missing]: "missing",
} as const satisfies Record<string, keyof Counts>;

/** The files beside the tweets, and the notes that name them. */
export interface SidesOptions extends Pick<CommitterOptions, "store" | "folder" | "checkpoint"> {
  left: LeftFolder;
  /** Every note that can be read, also those whose tweets are damaged. */
  all: Note[];
}

/** The intact content of a file beside the tweets, with the counts as of then. */
interface Base {
  content: AsyncIterable<Uint8Array>;
  counts: Counts | undefined;
  /** As of when, in milliseconds since 1970. */
  at: number;
}

/**
 * Limits each note to the intact files beside the tweets. In the last one, a damaged file is taken from the bucket,
 * or up to its intact length; the span of a loss becomes a gap, and gaps are added to the known ones.
 * @param notes The notes to commit, in their order.
 */
export async function withSides(
  notes: Note[],
  losses: Gap[],
  options: SidesOptions,
): Promise<Note[]> {
  const last = notes.at(-1);
  if (!last) return notes;
  const intact = await measureIntact(options);
  const isThere = ({ name, bytes }: SideCut) => bytes <= (intact.get(name) ?? 0);
  const { left } = options;
  const damaged = last.sides.filter((side) => !isThere(side));
  const sides = last.sides.filter(isThere);
  let counts = last.commit.counts;
  let since = Infinity;
  for (const { name } of damaged) {
    const base = await findBase(name, intact.get(name) ?? 0, options);
    since = Math.min(since, base.at);
    counts = countedAt(counts, base.counts, name);
    sides.push(await left.rewrite(name, base.content));
  }
  const why = "This machine's disk damaged data beside the tweets before it was uploaded";
  const gaps = since < Infinity ? [...losses, { from: since, to: last.at, why }] : losses;
  if (gaps.length > 0) {
    tell(gaps);
    const known = sides.find(({ name }) => name === FILES.gaps);
    const base = known
      ? left.readSideFile(known)
      : (await findBase(FILES.gaps, 0, options)).content;
    const added = await left.rewrite(FILES.gaps, concatenate(base, encodeGaps(gaps)));
    sides.splice(known ? sides.indexOf(known) : sides.length, 1, added);
    counts = counts && { ...counts, gaps: counts.gaps + gaps.length };
  }
  const commit = { ...last.commit, ...(counts ? { counts } : {}) };
  const before = notes.slice(0, -1).map((note) => ({ ...note, sides: note.sides.filter(isThere) }));
  return [...before, { ...last, sides, commit }];
}

/** Returns the intact length of each file beside the tweets, in bytes, as of one of its cuts. */
async function measureIntact({ left, all }: SidesOptions): Promise<Map<string, number>> {
  const sides = all.flatMap((note) => note.sides);
  const intact = new Map<string, number>();
  for (const name of new Set(sides.map((side) => side.name))) {
    intact.set(name, await left.intact(name, sides.filter((side) => side.name === name)));
  }
  return intact;
}

/** Returns the longest content of a file: in the bucket, or here. @param bytes How many here are intact. */
async function findBase(
  name: string,
  bytes: number,
  { store, folder, checkpoint: { state }, left, all }: SidesOptions,
): Promise<Base> {
  const key = `${folder}${name}`;
  let size = 0;
  for await (const found of store.list(key)) if (found.key === key) size = found.size;
  if (size > bytes) return { content: await store.read(key), counts: state.counts, at: state.at };
  const isSo = (side: SideCut) => side.name === name && side.bytes === bytes;
  const noted = all.findLast(({ sides }) => sides.some(isSo));
  const content = left.readSideFile({ name, bytes });
  return { content, counts: noted?.commit.counts, at: noted?.at ?? state.at };
}

/** Returns the counts as of when a file had the content that is left. */
function countedAt(
  counts: Counts | undefined,
  then: Counts | undefined,
  name: string,
): Counts | undefined {
  const counted = Object.entries(COUNTED).find(([file]) => file === name)?.[1];
  if (!counts || !counted) return counts;
  const none = { users: 0, messages: {}, gaps: 0, missing: {} };
  return { ...counts, [counted]: then?.[counted] ?? none[counted] };
}

function tell(gaps: Gap[]): void {
  for (const { from, to } of gaps) {
    log.error(
      "Data received from {from} to {to} is lost: this machine's disk damaged it before it was uploaded",
      {
        from: isoTime(from),
        to: isoTime(to),
      },
    );
  }
}

async function* concatenate(
  base: AsyncIterable<Uint8Array>,
  more: Uint8Array,
): AsyncGenerator<Uint8Array> {
  yield* base;
  yield more;
}

function encodeGaps(gaps: Gap[]): Uint8Array {
  return joinLines(gaps.map((gap) => new TextEncoder().encode(JSON.stringify(gap))));
}
