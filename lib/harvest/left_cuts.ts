/** What a stream brought and no bucket has yet is noted on this machine's disk; the next harvester commits it. */

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { basename } from "node:path";
import { pipeline } from "node:stream/promises";
import { getLogger } from "@logtape/logtape";
import { z } from "zod";
import { commitSchema } from "../bucket/checkpoint.ts";
import { jsonOrNull } from "../json.ts";
import { Committer, type CommitterOptions, type Cut } from "./committer.ts";
import type { Late } from "./late_cuts.ts";
import { type FoundNote, lossesIn, tweetsIn, withGaps } from "./left_losses.ts";
import { Spool } from "./spool.ts";

const log = getLogger(["twarc-cloud", "harvest"]);

/** Of a file in the same folder. */
const name = z.string().regex(/^[\w.-]+$/);
const noteSchema = z.object({
  number: z.number(),
  /** When the harvest began, and when this was cut, in milliseconds since 1970. */
  began: z.number(),
  at: z.number(),
  tweets: z.object({
    segment: z.number(),
    isWhole: z.boolean(),
    file: z.object({ path: name, sha1: z.string(), bytes: z.number(), tweets: z.number() }),
  }).optional(),
  sides: z.array(z.object({ name, bytes: z.number() })),
  commit: commitSchema,
});
/** A cut as it is noted. */
export type Note = z.infer<typeof noteSchema>;

/** Notes a cut of a stream; the documents that are written anew each time are those of walks. */
export async function noteCut(
  spool: Spool,
  { number, tweets, sides, commit }: Cut,
  { began, at }: { began: number; at: number },
): Promise<void> {
  const note: Note = {
    number,
    began,
    at,
    ...(tweets ? { tweets: { ...tweets, file: named(tweets.file) } } : {}),
    sides,
    commit,
  };
  // What is noted has to be there, whatever becomes of this machine's power.
  if (tweets) await spool.sync(tweets.file.path);
  await spool.note(number, note);
}

/** What committing cuts works with. */
export type LeftOptions = Omit<CommitterOptions, "spool">;

/**
 * Commits the cuts that a harvester left in a folder, where nobody has begun another harvest since, and removes the
 * folder; what cannot be read of it stays.
 * @returns What the next harvest is to add, as another one was begun since; null where there is nothing.
 * @throws as the committer.
 */
export async function commitLeft(directory: string, options: LeftOptions): Promise<Late | null> {
  const { began, cuts: committed = 0, at, files } = options.checkpoint.state;
  const spool = Spool.left(directory);
  const found = await foundIn(spool);
  if (!found) {
    log.warn("What a harvester left on this machine cannot be read: {directory}", { directory });
    return null;
  }
  const isOther = ({ note }: FoundNote) => note !== undefined && note.began !== began;
  const left = found.filter((one) => isOther(one) || one.number > committed);
  if (left.some(isOther)) return lateOf(left, spool);
  const good = left.flatMap(({ note, isGood }) => isGood && note ? [note] : []);
  await commitAll(await withGaps(good, lossesIn(left, files, at), spool), options, spool);
  await clear(left, spool);
  return null;
}

/** Removes a folder, or puts it aside where some of it is damaged, or wanted still. */
async function clear(left: FoundNote[], spool: Spool, isWanted = false): Promise<void> {
  if (left.every(({ isGood }) => isGood) && !isWanted) return await spool.close();
  log.warn(
    "What a harvester left on this machine, and the bucket does not have, is kept: {folder}",
    {
      folder: await spool.setAside(),
    },
  );
}

/** What a harvester left that another one has gone on before. */
function lateOf(left: FoundNote[], spool: Spool): Late | null {
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
    path: spool.pathOf(""),
    files: own.map(({ file: { path, sha1, tweets } }) => ({
      sha1,
      tweets,
      read: async () => (await Deno.open(spool.pathOf(path))).readable,
    })),
    sides: last.sides,
    close: (isWanted) => clear(left, spool, isWanted),
  };
}

/** Commits cuts, and tells how many tweets came with them. */
async function commitAll(notes: Note[], options: LeftOptions, spool: Spool): Promise<void> {
  if (notes.length === 0) return;
  const { checkpoint } = options;
  const before = tweetsIn(checkpoint.state.files);
  const committer = new Committer({ ...options, spool });
  for (const note of notes) committer.add(cutOf(note, spool));
  await committer.done();
  log.info("{tweets} tweets that the harvester before could not store are in the bucket now", {
    tweets: tweetsIn(checkpoint.state.files) - before,
  });
}

/** The notes of a folder, and whether each is as it was written; null where the folder cannot be read. */
async function foundIn(spool: Spool): Promise<FoundNote[] | null> {
  const noted = await spool.notes();
  return noted && await Promise.all(noted.map(async ({ number, text }) => {
    const note = noteSchema.safeParse(jsonOrNull(text)).data;
    if (note?.number !== number) return { number, isGood: false };
    const { file } = note.tweets ?? {};
    const isGood = !file || await sha1Of(spool.pathOf(file.path)) === file.sha1;
    const sides = await Array.fromAsync(
      note.sides,
      async (side) => await spool.has(side) ? [side] : [],
    );
    return { number, note: { ...note, sides: sides.flat() }, isGood };
  }));
}

/** What is to be committed; a harvest that went on is ended when it is settled, as of when the cut was made. */
function cutOf({ number, at, tweets, sides, commit }: Note, spool: Spool): Cut {
  return {
    number,
    at,
    sides,
    documents: [],
    // It may have been told as interrupted meanwhile.
    commit: { state: "harvesting", ended: at, outcome: undefined, reason: undefined, ...commit },
    ...(tweets
      ? { tweets: { ...tweets, file: { ...tweets.file, path: spool.pathOf(tweets.file.path) } } }
      : {}),
  };
}

function named<T extends { path: string }>(file: T): T {
  return { ...file, path: basename(file.path) };
}

/** Of a file's content; null where it cannot be read. */
async function sha1Of(path: string): Promise<string | null> {
  const sha1 = createHash("sha1");
  return await pipeline(createReadStream(path), sha1).then(() => sha1.digest("hex"), () => null);
}
