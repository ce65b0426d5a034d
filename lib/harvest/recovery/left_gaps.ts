/**
 * What was requested again since a harvester left its cuts, as by a repair: they do not undo it, and what they bring of
 * it is known from then on, so that it comes once.
 */

import { FILES } from "../../collection/layout.ts";
import { STREAM_WALK } from "../../collection/walks.ts";
import { UserError } from "../../base/errors.ts";
import { isObject, type Json, type JsonObject } from "../../base/json.ts";
import type { HarvestFile } from "../../bucket/checkpoint_state.ts";
import { type GapWalk, recordedFrom, type RecordedGap } from "../../bucket/gaps.ts";
import type { Store } from "../../store/store.ts";
import { findCodec } from "../../format/codec.ts";
import { joinLines, lendLines } from "../../format/lines.ts";
import { isOfWalk, leavingOut, leftOut, unfinishedGaps } from "../../source/gaps.ts";
import { isOlder, readIds } from "../../twitter/bytes/ids.ts";
import type { CommitterOptions } from "../committer.ts";
import type { Cut } from "../cut.ts";
import type { LeftFolder } from "./left_folder.ts";
import type { Note } from "./left_notes.ts";

const encoder = new TextEncoder();

/** A note, with the documents of its cut. */
export type CompleteNote = Note & Pick<Cut, "documents">;

/** Where the notes are, and what they are committed to. */
export interface RequestedOptions
  extends Pick<CommitterOptions, "store" | "folder" | "checkpoint"> {
  left: LeftFolder;
}

/**
 * Returns notes whose commits keep the walks that were requested since, and the gaps that a repair recorded in their
 * harvest; the tweets of each note, and of those before it, are known in these.
 * @param notes Those to commit, in their order.
 * @throws OutsideError where the store fails; UserError, DiskError where this machine's disk does.
 */
export async function withRequested(
  notes: Note[],
  { store, folder, checkpoint, left }: RequestedOptions,
): Promise<CompleteNote[]> {
  if (notes.length === 0) return [];
  const { positions } = checkpoint.state;
  const key = `${folder}${FILES.gaps}`;
  const recorded = await readRecorded(store, key);
  const lost = recorded.filter((gap) => gap.lost);
  const complete: CompleteNote[] = [];
  const came = new Set<string>();
  for (const note of notes) {
    const own = note.commit.positions ?? positions;
    const walks = unfinishedGaps(positions).filter(({ name }) => !Object.hasOwn(own, name));
    const isRequested = (id: string) =>
      lost.some((gap) => isWithin(gap, id)) || walks.some((walk) => isOfWalk(walk, id));
    const isNew = !isStored(note, checkpoint.state.files, notes);
    if (isNew && lost.length + walks.length > 0) await addIds(came, note, { left, isRequested });
    const commit = walks.length === 0
      ? note.commit
      : { ...note.commit, positions: withWalks(own, walks, [...came]) };
    if (lost.length === 0) {
      complete.push({ ...note, commit, documents: [] });
      continue;
    }
    const side = note.sides.find(({ name }) => name === FILES.gaps);
    const others = side
      ? recordedFrom(await new Response(left.read(side.name, side.bytes)).bytes(), key)
      : recorded;
    const gaps = [...others.filter((gap) => !gap.lost), ...lost.map((gap) => withKnown(gap, came))];
    const content = () => joinLines(gaps.map((gap) => encoder.encode(JSON.stringify(gap))));
    complete.push({
      ...note,
      commit,
      sides: note.sides.filter(({ name }) => name !== FILES.gaps),
      documents: [{ name: FILES.gaps, bytes: content().length, content }],
    });
  }
  return complete;
}

/** Returns the gaps that a harvest has in the store; none where they are damaged, which is found by others. */
async function readRecorded(store: Store, key: string): Promise<RecordedGap[]> {
  const found = await store.get(key);
  try {
    return recordedFrom(found?.bytes, key);
  } catch (error) {
    if (error instanceof UserError) return [];
    throw error;
  }
}

/**
 * Returns whether the committer takes a note's whole segment for its only piece, which it leaves as it is in the store:
 * it may be what is damaged.
 */
function isStored({ tweets }: Note, files: HarvestFile[], notes: Note[]): boolean {
  if (!tweets?.isWhole) return false;
  const { segment, file } = tweets;
  const stored = files.filter(({ pieceOf }) => pieceOf === segment);
  const noted = notes.flatMap((one) => one.tweets?.segment === segment ? one.tweets : [])
    .filter(({ isWhole }) => !isWhole);
  return stored.length + noted.length === 1 && stored[0]?.tweets === file.tweets;
}

/** Adds the ids of a note's tweets that were requested. */
async function addIds(
  ids: Set<string>,
  { tweets }: Note,
  { left, isRequested }: { left: LeftFolder; isRequested: (id: string) => boolean },
): Promise<void> {
  if (!tweets) return;
  const { path, bytes } = tweets.file;
  for await (const { line } of lendLines(findCodec(path).unpack(left.read(path, bytes)))) {
    if (line.length === 0) continue;
    for (const id of readIds(line)) if (isRequested(id)) ids.add(id);
  }
}

/**
 * Returns positions with walks that leave out what came. The stream's last ids are without those that the walks are to
 * bring: these would be taken for repeated ones.
 */
function withWalks(positions: JsonObject, walks: GapWalk[], came: string[]): JsonObject {
  const grown = walks.map((walk) => leavingOut(walk, came.filter((id) => isOfWalk(walk, id))));
  const stream = positions[STREAM_WALK];
  const begun = Object.fromEntries(grown.map(({ name, position }) => [name, position]));
  if (!isObject(stream) || !Array.isArray(stream.ids)) return { ...positions, ...begun };
  const spans = grown.flatMap((walk) => {
    // One without such ids, of an outage, brings what nobody had.
    const known = leftOut(walk);
    return known ? [{ walk, known: new Set(known) }] : [];
  });
  const isLost = (id: Json) =>
    typeof id === "string" && spans.some(({ walk, known }) => isOfWalk(walk, id) && !known.has(id));
  const ids = stream.ids.filter((id) => !isLost(id));
  return { ...positions, ...begun, [STREAM_WALK]: { ...stream, ids } };
}

function withKnown(gap: RecordedGap, came: Set<string>): RecordedGap {
  const known = new Set(gap.known);
  for (const id of came) if (isWithin(gap, id)) known.add(id);
  return { ...gap, known: [...known] };
}

function isWithin({ since_id = "0", until_id = "0" }: RecordedGap, id: string): boolean {
  return isOlder(since_id, id) && isOlder(id, until_id);
}
