/** The record of the spans that a collection's harvests covered, and of deliberate starts and stops. */

import { z } from "zod";
import { type Clock, isoTime } from "../base/clock.ts";
import { jsonOrNull } from "../base/json.ts";
import { collectionKeys } from "../collection/layout.ts";
import type { Store } from "../store/store.ts";
import type { CheckpointState } from "./checkpoint_state.ts";
import { appendLines, type Journal, readLines } from "./journal.ts";

const recordSchema = z.object({
  /** Its time; ISO 8601. */
  at: z.string(),
  /** `harvest`; `start` and `stop` of a stream; `schedule` and `unschedule`. */
  what: z.enum(["harvest", "start", "stop", "schedule", "unschedule"]),
  /** The span that a harvest covered, except for its recorded gaps. */
  from: z.string().optional(),
  to: z.string().optional(),
  /** The harvest, and how it ended. */
  harvest_timestamp: z.string().optional(),
  outcome: z.string().optional(),
  reason: z.string().optional(),
  tweets: z.number().optional(),
  /** Completed walks, and the total, if it ended before all were complete: what it covered still holds. */
  walks_done: z.number().optional(),
  walks: z.number().optional(),
  /** The person who acted, and the reason. */
  by: z.string().optional(),
  note: z.string().optional(),
  expression: z.string().optional(),
});

/** A line of the record. */
export type CoverageRecord = z.infer<typeof recordSchema>;

/** A person's deliberate act on a collection. */
export type Deed = Pick<CoverageRecord, "by" | "note" | "expression"> & {
  what: Exclude<CoverageRecord["what"], "harvest">;
};

/** Records what a finished harvest covered. Idempotent. @throws as `appendLines` */
export async function recordHarvest(
  place: { store: Store; collectionId: string; guard?: () => void | Promise<void> },
  state: CheckpointState,
): Promise<void> {
  const { covered, walks, walks_done } = state.counts;
  if (!covered) return;
  const { outcome, reason } = state;
  const isPartial = outcome !== "complete" && walks_done < walks;
  const record: CoverageRecord = {
    at: isoTime(state.ended ?? state.at),
    what: "harvest",
    ...covered,
    harvest_timestamp: isoTime(state.began),
    ...(outcome ? { outcome } : {}),
    ...(reason ? { reason } : {}),
    tweets: state.files.reduce((total, { tweets }) => total + tweets, 0),
    ...(isPartial ? { walks_done, walks } : {}),
  };
  await appendLines(coverageJournal(place), (newest) => {
    const isSaid = newest.some((line) =>
      parseRecord(line)?.harvest_timestamp === record.harvest_timestamp
    );
    return isSaid ? [] : [JSON.stringify(record)];
  });
}

/** Records an act of a person. @throws OutsideError where the store fails. */
export async function recordDeed(
  { store, clock, collectionId }: { store: Store; clock: Clock; collectionId: string },
  { what, ...deed }: Deed,
): Promise<void> {
  const line = JSON.stringify({ at: isoTime(clock.now()), what, ...deed });
  await appendLines(
    coverageJournal({ store, collectionId }),
    (newest) => newest.includes(line) ? [] : [line],
  );
}

/** Returns the records of a collection in order. @throws OutsideError where the store fails. */
export async function readCoverage(store: Store, collectionId: string): Promise<CoverageRecord[]> {
  const records: CoverageRecord[] = [];
  for await (const line of readLines(coverageJournal({ store, collectionId }))) {
    const record = parseRecord(line);
    if (record) records.push(record);
  }
  return records;
}

function coverageJournal(
  { store, collectionId, guard }: {
    store: Store;
    collectionId: string;
    guard?: Journal["guard"];
  },
): Journal {
  const { coverage: key, coverageParts: parts } = collectionKeys(collectionId);
  return { store, key, parts, ...(guard ? { guard } : {}) };
}

function parseRecord(line: string): CoverageRecord | null {
  return recordSchema.safeParse(jsonOrNull(line)).data ?? null;
}
