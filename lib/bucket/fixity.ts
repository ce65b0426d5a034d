/** The record of verifications and repairs: when, by which version, what was read, found and done. */

import { z } from "zod";
import { type Clock, isoTime } from "../base/clock.ts";
import { jsonOrNull } from "../base/json.ts";
import { VERSION } from "../base/version.ts";
import { collectionKeys } from "../collection/layout.ts";
import type { Store } from "../store/store.ts";
import { appendLines, readLines } from "./journal.ts";

/** Faults and repairs that a line lists individually. */
const MOST = 50;
/** Milliseconds after which everything is read again. */
const DUE = 90 * 86_400_000;

const recordSchema = z.object({
  began: z.string(),
  at: z.string(),
  program: z.string(),
  what: z.enum(["verify", "repair"]),
  /** Whether everything was read, or only what was new. */
  scope: z.enum(["all", "since last"]),
  read: z.object({
    harvests: z.number(),
    files: z.number(),
    tweets: z.number(),
    bytes: z.number(),
  }),
  faults: z.number(),
  found: z.array(z.object({ key: z.string(), says: z.string() })),
  did: z.array(z.string()),
  /** The last entry of the inventory that it was compared with. */
  inventory: z.object({ entries: z.number(), sha256: z.string() }).nullable(),
});

/** A line of the record. */
export type FixityRecord = z.infer<typeof recordSchema>;

/** The facts of a verification or repair. */
export interface Fixity extends Pick<FixityRecord, "what" | "scope" | "read" | "inventory"> {
  /** In milliseconds since 1970. */
  began: number;
  found: FixityRecord["found"];
  did: string[];
}

/** Appends a line. @throws OutsideError where the store fails. */
export async function recordFixity(
  { store, clock, collectionId }: { store: Store; clock: Clock; collectionId: string },
  { began, found, did, ...fixity }: Fixity,
): Promise<void> {
  const line = JSON.stringify(
    {
      began: isoTime(began),
      at: isoTime(clock.now()),
      program: `twarc-cloud ${VERSION}`,
      ...fixity,
      faults: found.length,
      found: found.slice(0, MOST),
      did: did.slice(0, MOST),
    } satisfies FixityRecord,
  );
  const journal = fixityJournal(store, collectionId);
  await appendLines(journal, (newest) => newest.includes(line) ? [] : [line]);
}

/** Returns the last line; null if there is none. @throws OutsideError where the store fails. */
export async function lastFixity(
  store: Store,
  collectionId: string,
): Promise<FixityRecord | null> {
  let last: FixityRecord | null = null;
  for await (const record of readRecords(store, collectionId)) last = record;
  return last;
}

/** The part that an earlier verification read, and that need not be read again. */
export interface ReadBefore {
  /** The last entry of the inventory at that time. */
  inventory: { entries: number; sha256: string };
  /** The keys with faults, which are read again. */
  faulty: string[];
}

/**
 * Returns what was read before; null if everything must be read: never verified, not completely for 90 days, or more
 * faults than the record lists.
 * @param now In milliseconds since 1970.
 * @throws OutsideError where the store fails.
 */
export async function readBefore(
  store: Store,
  collectionId: string,
  now: number,
): Promise<ReadBefore | null> {
  let whole: FixityRecord | undefined;
  let last: FixityRecord | undefined;
  for await (const record of readRecords(store, collectionId)) {
    if (!record.inventory) continue;
    last = record;
    if (record.scope === "all") whole = record;
  }
  const isDue = !whole || !(now - Date.parse(whole.began) < DUE);
  if (isDue || !last?.inventory || last.faults > last.found.length) return null;
  return { inventory: last.inventory, faulty: last.found.map(({ key }) => key) };
}

/** Yields the valid records, oldest first. */
async function* readRecords(store: Store, collectionId: string): AsyncGenerator<FixityRecord> {
  for await (const line of readLines(fixityJournal(store, collectionId))) {
    const { data } = recordSchema.safeParse(jsonOrNull(line));
    if (data) yield data;
  }
}

function fixityJournal(store: Store, collectionId: string) {
  const { fixity: key, fixityParts: parts } = collectionKeys(collectionId);
  return { store, key, parts };
}
