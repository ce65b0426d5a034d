/** The losses in the cuts that a harvester left, recorded as gaps, as no other process knows of them. */

import type { CheckpointState, HarvestFile } from "../../bucket/checkpoint_state.ts";
import type { Gap } from "../../twitter/api.ts";
import type { FoundNote, Note } from "./left_notes.ts";

/** The reason of a gap whose tweets were received. */
const DAMAGED = "This machine's disk damaged tweets before they were uploaded";

/**
 * Returns the spans of which tweets are lost: those of a note that is damaged or missing, or whose tweets are, and
 * that nothing else has. After the last good one there is none: the next stream begins there.
 */
export function listLosses(
  found: FoundNote[],
  { files, at: since, cuts = 0 }: Pick<CheckpointState, "files" | "at" | "cuts">,
): Gap[] {
  const losses: Gap[] = [];
  let from = since;
  let isLost = false;
  for (const one of withMissing(found, cuts)) {
    if (one.isGood && one.note) {
      if (isLost) losses.push({ from, to: one.note.at, why: DAMAGED });
      from = one.note.at;
      isLost = false;
    } else {
      isLost ||= !isElsewhere(one, found, files);
    }
  }
  return losses;
}

/**
 * Returns the lost span of a harvest whose stream went on with the next, where its last cut is missing: up to when
 * the next began.
 */
export function lossBetween(
  { state, ended, at }: Pick<CheckpointState, "state" | "ended" | "at">,
  next: Pick<Note, "began">,
): Gap[] {
  return state === "harvesting" ? [{ from: ended ?? at, to: next.began, why: DAMAGED }] : [];
}

/** Returns the notes with the missing ones, where no later one accounts for them. */
function withMissing(found: FoundNote[], committed: number): FoundNote[] {
  const all: FoundNote[] = [];
  let accounted = Infinity;
  for (const [i, one] of [...found.entries()].toReversed()) {
    all.push(one);
    accounted = Math.min(accounted, firstCut(one));
    const before = found[i - 1]?.number ?? committed;
    if (before + 1 < accounted) all.push({ number: before + 1, isGood: false });
  }
  return all.toReversed();
}

/** Returns the first cut that a note accounts for; earlier versions did not note which cuts it replaces. */
function firstCut({ number, note }: FoundNote): number {
  if (!note) return number;
  return note.of === undefined ? 0 : note.covers ?? number;
}

/** Returns whether the tweets of a note are in its whole segment, or in all of the segment's pieces. */
function isElsewhere({ note }: FoundNote, found: FoundNote[], files: HarvestFile[]): boolean {
  if (!note) return false;
  if (!note.tweets) return true;
  const { segment, isWhole, file } = note.tweets;
  const good = found.flatMap((one) => one.isGood ? one.note?.tweets ?? [] : [])
    .filter((tweets) => tweets.segment === segment);
  if (!isWhole) return good.some((tweets) => tweets.isWhole);
  const stored = files.filter(({ pieceOf }) => pieceOf === segment);
  const pieces = [...stored, ...good.map((tweets) => tweets.file)];
  return countTweets(pieces) === file.tweets;
}

/** Returns how many tweets some files have together. */
export function countTweets(files: { tweets: number }[]): number {
  return files.reduce((sum, { tweets }) => sum + tweets, 0);
}
