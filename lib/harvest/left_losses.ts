/** What a damaged disk lost of the cuts that a harvester left: told as gaps, as nobody else would know. */

import { getLogger } from "@logtape/logtape";
import type { HarvestFile } from "../bucket/checkpoint.ts";
import { isoTime } from "../clock.ts";
import { FILES } from "../collection/layout.ts";
import type { Gap } from "../twitter/api.ts";
import type { Note } from "./left_cuts.ts";
import type { Spool } from "./spool.ts";

const log = getLogger(["twarc-cloud", "harvest"]);

/** A note that was found, in its order: absent where it cannot be read itself. */
export interface FoundNote {
  number: number;
  note?: Note;
  /** Whether it can be read, and the tweets that it names. */
  isGood: boolean;
}

/**
 * The spans of which tweets are lost: those of a note that is damaged, or whose tweets are, and that nothing else
 * has. After the last good one there is none: the next stream begins there.
 * @param since When the last commit was made, in milliseconds since 1970.
 */
export function lossesIn(found: FoundNote[], files: HarvestFile[], since: number): Gap[] {
  const losses: Gap[] = [];
  let from = since;
  let isLost = false;
  for (const one of found) {
    if (one.isGood && one.note) {
      if (isLost) losses.push({ from, to: one.note.at, why: "The disk had damaged what had come" });
      from = one.note.at;
      isLost = false;
    } else {
      isLost ||= !isElsewhere(one, found, files);
    }
  }
  return losses;
}

/** Whether the tweets of a note are in its whole segment, or in all of the segment's pieces. */
function isElsewhere({ note }: FoundNote, found: FoundNote[], files: HarvestFile[]): boolean {
  if (!note) return false;
  if (!note.tweets) return true;
  const { segment, isWhole, file } = note.tweets;
  const good = found.flatMap((one) => one.isGood ? one.note?.tweets ?? [] : [])
    .filter((tweets) => tweets.segment === segment);
  if (!isWhole) return good.some((tweets) => tweets.isWhole);
  const stored = files.filter(({ pieceOf }) => pieceOf === segment);
  const pieces = [...stored, ...good.map((tweets) => tweets.file)];
  return tweetsIn(pieces) === file.tweets;
}

/** How many tweets some files have together. */
export function tweetsIn(files: { tweets: number }[]): number {
  return files.reduce((sum, { tweets }) => sum + tweets, 0);
}

/**
 * Adds gaps to what the last of the cuts brings, where the gaps that were known are there still.
 * @returns The cuts with them.
 */
export async function withGaps(notes: Note[], gaps: Gap[], spool: Spool): Promise<Note[]> {
  const last = notes.at(-1);
  if (!last || gaps.length === 0) return notes;
  for (const { from, to } of gaps) {
    log.error("Tweets that came from {from} to {to} are lost: this machine's disk is damaged", {
      from: isoTime(from),
      to: isoTime(to),
    });
  }
  const known = last.sides.find(({ name }) => name === FILES.gaps);
  if (!known && (last.commit.counts?.gaps ?? 0) > 0) return notes;
  const lines = gaps.map((gap) => new TextEncoder().encode(JSON.stringify(gap)));
  const bytes = await spool.extend(FILES.gaps, known?.bytes ?? 0, lines);
  const sides = [...last.sides.filter((side) => side !== known), { name: FILES.gaps, bytes }];
  const { counts } = last.commit;
  const counted = counts && { counts: { ...counts, gaps: counts.gaps + gaps.length } };
  return [...notes.slice(0, -1), { ...last, sides, commit: { ...last.commit, ...counted } }];
}
