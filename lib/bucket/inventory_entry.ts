/** One line of a collection's inventory: what a harvest or a change has left, with its checksums. */

import { createHash } from "node:crypto";
import { z } from "zod";

const sumSchema = z.object({
  /** In hex, of the file as it is stored. */
  sha1: z.string(),
  /** Of the file as it is stored. */
  bytes: z.number(),
  /** Of a file of tweets. */
  tweets: z.number().optional(),
});

/** What a file is: its checksum and its size. */
export type FileSum = z.infer<typeof sumSchema>;

/** Files by name; null for one that is not there any more. */
const sums = z.record(z.string(), sumSchema.nullable());

/** What an entry says, whatever its place is. */
const draftSchema = z.object({
  /**
   * Why it was made: `harvest`, `change` of the configuration, `compliance`, `redact-keys`, `repair`, or `made later`
   * for what had no entry.
   */
  what: z.string(),
  /** The folder of a harvest, below the collection's, without a `/` at its end. */
  folder: z.string().optional(),
  /** Of the whole harvest. */
  tweets: z.number().optional(),
  /** The harvest's files: all of them in its first entry, later those that changed. */
  files: sums.optional(),
  /** Files of `changesets/`. */
  changesets: sums.optional(),
  /** The checksum of what the checkpoint says once the harvest is settled, in hex. */
  checkpoint: z.string().optional(),
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

/** What is to be appended. */
export type Draft = z.infer<typeof draftSchema>;
/** An entry as it stands in the inventory. */
export type Entry = z.infer<typeof entrySchema>;

/** The last entry of an inventory: how many there are, and the hash of its line. */
export interface Head {
  entries: number;
  sha256: string;
}

/** The hash that the entry after a line has of it. */
export function lineHash(line: string): string {
  return createHash("sha256").update(line).digest("hex");
}

/** The checksum of bytes as inventories and manifests have it, in hex. */
export function sha1Of(bytes: Uint8Array): string {
  return createHash("sha1").update(bytes).digest("hex");
}

/** What a small file is. */
export function sumOf(bytes: Uint8Array): FileSum {
  return { sha1: sha1Of(bytes), bytes: bytes.length };
}
