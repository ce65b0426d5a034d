/** Notes, on this machine's disk, of a stream's cuts that no bucket has yet. */

import { type CheckpointState, commitSchema } from "../../bucket/checkpoint_state.ts";
import type { Cut } from "../cut.ts";
import { LeftFolder } from "./left_folder.ts";
import type { Spool } from "../spool.ts";
import { basename, dirname } from "node:path";
import { jsonOrNull } from "../../base/json.ts";
import { errorMessage } from "../../base/errors.ts";
import { seal, unseal } from "./seal.ts";
import { z } from "zod";
import { getLogger } from "@logtape/logtape";

const log = getLogger(["twarc-cloud", "harvest"]);

/** Of a file in the same folder. */
const name = z.string().regex(/^[\w.-]+$/);
/** Absent members are those that earlier versions did not note. */
const noteSchema = z.object({
  number: z.number(),
  /** The collection's folder for temporary files, which is named after it and its bucket. */
  of: z.string().optional(),
  /** When the harvest began, and when this was cut, in milliseconds since 1970. */
  began: z.number(),
  at: z.number(),
  /** When the harvest before it began, where the stream went on. */
  after: z.number().exactOptional(),
  /** The number of the checkpoint's commits when this was cut: it follows them. */
  commits: z.number().optional(),
  /** The first cut that this one accounts for: a whole segment for its pieces, a gap for a loss. */
  covers: z.number().optional(),
  tweets: z.object({
    segment: z.number(),
    isWhole: z.boolean(),
    file: z.object({ path: name, sha1: z.string(), bytes: z.number(), tweets: z.number() }),
  }).optional(),
  sides: z.array(z.object({ name, bytes: z.number(), sha1: z.string().exactOptional() })),
  commit: commitSchema,
});
/** A noted cut. */
export type Note = z.infer<typeof noteSchema>;

/**
 * Notes a cut of a stream; the documents that are rewritten each time belong to walks.
 * @returns Whether it is noted: a failing disk costs no more than that.
 */
export async function noteCut(
  spool: Spool,
  cut: Cut,
  { commits }: Pick<CheckpointState, "commits">,
): Promise<boolean> {
  const { began, after, number, covers = number, at, tweets, sides, commit } = cut;
  const note: Note = {
    number,
    of: basename(dirname(spool.path)),
    began,
    ...(after === undefined ? {} : { after }),
    at,
    commits,
    covers,
    ...(tweets ? { tweets: { ...tweets, file: withFileName(tweets.file) } } : {}),
    sides,
    commit,
  };
  try {
    const [key = ""] = await spool.place.keys();
    await spool.note(number, seal(JSON.stringify(note), key), tweets?.file.path);
    return true;
  } catch (error) {
    log.warn("The recovery journal on this machine's disk could not be written: {problem}", {
      problem: errorMessage(error),
    });
    return false;
  }
}

/** A note that was found, in its order: absent where it cannot be read itself. */
export interface FoundNote {
  number: number;
  note?: Note;
  /** Whether it is intact, and the tweets that it names. */
  isGood: boolean;
}

/** Returns the notes of a folder, and whether each is intact; null where the folder cannot be read. */
export async function readNotes(
  folder: LeftFolder,
  keys: () => Promise<string[]>,
): Promise<FoundNote[] | null> {
  const noted = await folder.notes();
  if (!noted) return null;
  if (noted.length === 0) return [];
  const { isUnsealed, path } = folder.place;
  const known = await keys();
  const found: FoundNote[] = [];
  for (const { number, text } of noted) {
    const json = unseal(text, known) ?? (isUnsealed ? text : null);
    const note = noteSchema.safeParse(jsonOrNull(json ?? "")).data;
    const isHere = isUnsealed || note?.of === basename(dirname(path));
    if (note?.number !== number || !isHere) {
      found.push({ number, isGood: false });
      continue;
    }
    const { file } = note.tweets ?? {};
    const isGood = !file || await folder.isIntact({ ...file, path: folder.pathFor(file.path) });
    found.push({ number, note, isGood });
  }
  return found;
}

function withFileName<T extends { path: string }>(file: T): T {
  return { ...file, path: basename(file.path) };
}
