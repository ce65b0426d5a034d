/**
 * The recovery of a stream's cuts that are noted on this machine's disk and in no bucket: the next harvester commits
 * them.
 */

import { getLogger } from "@logtape/logtape";
import type { CheckpointState } from "../../bucket/checkpoint_state.ts";
import { belongsTo } from "../../bucket/next_harvest.ts";
import { findCodec } from "../../format/codec.ts";
import { Committer, type CommitterOptions } from "../committer.ts";
import type { Cut } from "../cut.ts";
import type { Late } from "./late_cuts.ts";
import { LeftFolder } from "./left_folder.ts";
import { type CompleteNote, withRequested } from "./left_gaps.ts";
import { countTweets, listLosses, lossBetween } from "./left_losses.ts";
import { type FoundNote, type Note, readNotes } from "./left_notes.ts";
import { withSides } from "./left_sides.ts";
import type { LeftPlace } from "./spool_place.ts";

const log = getLogger(["twarc-cloud", "harvest"]);

/** Options of committing left cuts. */
export interface LeftOptions extends CommitterOptions {
  next: (began: number) => Promise<string>;
}

/** The notes of a folder: null where it cannot be read. */
interface Found {
  folder: LeftFolder;
  notes: FoundNote[] | null;
}

/**
 * Commits the cuts that harvesters left in folders, as `commitLeft` does: those of a harvest before those of the one
 * that follows it.
 * @param keys Those of notes.
 * @returns Data for the next harvest to add, as another one was begun since.
 * @throws as `commitLeft`
 */
export async function commitEachLeft(
  places: LeftPlace[],
  keys: () => Promise<string[]>,
  options: LeftOptions,
): Promise<Late[]> {
  const found: Found[] = [];
  for (const place of places) {
    const folder = new LeftFolder(place);
    found.push({ folder, notes: await readNotes(folder, keys) });
  }
  const late: Late[] = [];
  for (const { folder, notes } of found.toSorted((a, b) => findBeginning(a) - findBeginning(b))) {
    if (!notes) {
      log.warn("The temporary files of an earlier harvester cannot be read: {directory}", {
        directory: folder.path,
      });
      continue;
    }
    const left = await commitLeft(folder, notes, options);
    if (left) late.push(left);
  }
  return late;
}

/** Returns when the harvest began that left the notes. */
function findBeginning({ notes }: Found): number {
  return notes?.find(({ note }) => note)?.note?.began ?? 0;
}

/**
 * Commits the cuts that a harvester left in a folder, where no other harvest was begun since, and removes the folder;
 * files that cannot be read, or that another person noted, stay.
 * @returns Data for the next harvest to add, as another one was begun since; null where there is none.
 * @throws as the committer; UserError, DiskError where this machine's disk fails.
 */
async function commitLeft(
  folder: LeftFolder,
  found: FoundNote[],
  options: LeftOptions,
): Promise<Late | null> {
  const { checkpoint } = options;
  const before = checkpoint.state;
  const first = found.find(({ note }) => note)?.note;
  const isNext = first !== undefined && follows(first, before);
  const isAt = isNext || (first !== undefined && belongsTo(before, first.began));
  const own = { ...options, folder: isAt ? await options.next(first.began) : options.folder };
  const { state } = checkpoint;
  const left = found.filter((one) => isOfAnother(one, state) || one.number > (state.cuts ?? 0));
  if (left.some((one) => isOfAnother(one, state))) return findLate(left, folder);
  const notes = left.flatMap(({ note }) => note ?? []);
  const good = left.flatMap(({ note, isGood }) => isGood && note ? [note] : []);
  const losses = [...isNext ? lossBetween(before, first) : [], ...listLosses(left, state)];
  const repaired = await withSides(good, losses, { ...own, left: folder, all: notes });
  await commitAll(await withRequested(repaired, { ...own, left: folder }), folder, own);
  await clear(left, folder);
  return null;
}

/** Returns whether a note belongs to the harvest that follows the checkpoint's, and is not begun. */
function follows(note: Note, state: CheckpointState): boolean {
  return state.isRestored !== true && note.after === state.began && !belongsTo(state, note.began) &&
    (note.commits ?? 0) <= state.commits;
}

/**
 * Returns whether a note belongs to another harvest, or follows commits that the bucket does not have, as an older
 * copy of it; or that is unknown, as the checkpoint was made again.
 */
function isOfAnother({ note }: FoundNote, state: CheckpointState): boolean {
  return note !== undefined &&
    (state.isRestored === true || !belongsTo(state, note.began) ||
      (note.commits ?? 0) > state.commits);
}

/** Removes a folder, or sets it aside where some of it is damaged, or still needed. */
async function clear(left: FoundNote[], folder: LeftFolder, isWanted = false): Promise<void> {
  if (left.every(({ isGood }) => isGood) && !isWanted) return await folder.close();
  log.warn(
    "Temporary files of an earlier harvester were not uploaded: they are damaged, belong to another user, " +
      "or are not part of this collection's harvests. They are kept in {folder}",
    { folder: await folder.setAside() },
  );
}

/** Returns the data that a harvester left after another one had gone on without it. */
function findLate(left: FoundNote[], folder: LeftFolder): Late | null {
  const notes = left.flatMap(({ note }) => note ?? []);
  const [first, last] = [notes.at(0), notes.at(-1)];
  if (!first || !last) return null;
  const good = left.flatMap(({ note, isGood }) => isGood && note?.tweets ? [note.tweets] : []);
  const whole = new Set(good.filter(({ isWhole }) => isWhole).map(({ segment }) => segment));
  const own = good.filter(({ isWhole, segment }) => isWhole || !whole.has(segment));
  return {
    began: first.began,
    from: first.at,
    to: last.at,
    isAll: left.every(({ isGood }) => isGood),
    path: folder.path,
    files: own.map(({ file: { path, sha1, bytes, tweets } }) => ({
      sha1,
      tweets,
      read: () => findCodec(path).unpack(folder.read(path, bytes)),
    })),
    sides: last.sides,
    close: (isWanted) => clear(left, folder, isWanted),
  };
}

/** Commits cuts, and reports how many tweets they have. */
async function commitAll(
  notes: CompleteNote[],
  folder: LeftFolder,
  options: LeftOptions,
): Promise<void> {
  if (notes.length === 0) return;
  const { checkpoint } = options;
  const before = countTweets(checkpoint.state.files);
  const committer = new Committer(options);
  const { began } = checkpoint.state;
  for (const note of notes) committer.add({ ...toCut(note, folder), began });
  await committer.done();
  log.info("Uploaded {tweets} tweets that an earlier harvester had left on this machine", {
    tweets: countTweets(checkpoint.state.files) - before,
  });
}

/** Returns the cut to commit; a harvest in progress is ended when it is settled, as of the time of the cut. */
function toCut(
  { number, at, tweets, sides, documents, commit }: CompleteNote,
  folder: LeftFolder,
): Omit<Cut, "began"> {
  return {
    spool: folder,
    number,
    at,
    sides,
    documents,
    // It may have been recorded as interrupted meanwhile.
    commit: { state: "harvesting", ended: at, outcome: undefined, reason: undefined, ...commit },
    ...(tweets
      ? { tweets: { ...tweets, file: { ...tweets.file, path: folder.pathFor(tweets.file.path) } } }
      : {}),
  };
}
