/** An entry of a collection's inventory: what a harvest or a change has left, with checksums. */

import { createHash } from "node:crypto";
import { z } from "zod";

const sumSchema = z.object({
  /** In hex, of the file as stored. */
  sha1: z.string(),
  /** Of the file as stored. */
  bytes: z.number(),
  /** For a file of tweets. */
  tweets: z.number().optional(),
});

/** A file's checksum and size. */
export type FileSum = z.infer<typeof sumSchema>;

/** Files by name; null for one that was removed. */
const sums = z.record(z.string(), sumSchema.nullable());

/** The schema of an entry without its position. */
const draftSchema = z.object({
  /**
   * Its reason: `harvest`, `change` of the configuration, `compliance`, `redact-keys`, `repair`, or `made later` for
   * what had no entry; `frozen` and `unfrozen`.
   */
  what: z.string(),
  /** The folder of a harvest, relative to the collection's, without a `/` at its end. */
  folder: z.string().optional(),
  /** Of the whole harvest. */
  tweets: z.number().optional(),
  /** The harvest's files: all of them where it is over, those that changed in other entries. */
  files: sums.optional(),
  /** Files of `changesets/`. */
  changesets: sums.optional(),
  /** The checksum of the checkpoint once the harvest is settled, in hex. */
  checkpoint: z.string().optional(),
  /** Since when it is frozen, or goes on; by whom, why, and with how many faults. */
  since: z.string().optional(),
  by: z.string().optional(),
  note: z.string().optional(),
  faults: z.number().optional(),
});

/** An entry of an inventory. */
export const entrySchema = draftSchema.extend({
  /** Its number, from 1 on. */
  entry: z.number(),
  at: z.string(),
  /** The version of the program that made it. */
  program: z.string(),
  /** The SHA-256 of the line before, without its line break, in hex; null in the first. */
  before: z.string().nullable(),
});

/** An entry to append. */
export type Draft = z.infer<typeof draftSchema>;
/** An entry as it stands in the inventory. */
export type Entry = z.infer<typeof entrySchema>;

/** The last entry of an inventory: the number of entries, and the hash of its line. */
export interface Head {
  entries: number;
  sha256: string;
}

/** Returns the hash of a line, as the next entry has it. */
export function lineHash(line: string): string {
  return createHash("sha256").update(line).digest("hex");
}

/** Returns the checksum of bytes as inventories and manifests have it, in hex. */
export function sha1Hex(bytes: Uint8Array): string {
  return createHash("sha1").update(bytes).digest("hex");
}

/** Returns the checksum and size of a small file. */
export function fileSum(bytes: Uint8Array): FileSum {
  return { sha1: sha1Hex(bytes), bytes: bytes.length };
}
