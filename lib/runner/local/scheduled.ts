/** The schedules that this machine carries out. */

import { z } from "zod";
import { isoTime } from "../../base/clock.ts";
import { checkedId } from "../../collection/layout.ts";
import { toFlags } from "../../collection/limits.ts";
import { jsonOrNull, parseAs } from "../../base/json.ts";
import { jsonBytes } from "../../base/json_bytes.ts";
import { flagsSchema } from "./flags_schema.ts";
import type { Documents } from "./documents.ts";
import type { Job, ScheduledJob } from "../runner.ts";
import { isSameSchedule, nextTime, type Schedule } from "../schedule.ts";

/** The folder of their documents. */
export const SCHEDULES = "runner/schedules/";

/** A run that was due and has not begun, or ended by a fault: it is retried. */
const retrySchema = z.object({
  /** When it was due first, in ISO 8601, UTC, like the other times. */
  since: z.iso.datetime({ offset: true }),
  /** When it is retried next. */
  next: z.iso.datetime({ offset: true }),
  /** How many tries failed. */
  tries: z.int().nonnegative(),
  /** Why the last try failed; absent during the first. */
  problem: z.string().exactOptional(),
});

/** A schedule's document: what to run, how often, and when it was due last. */
export const scheduledSchema = z.object({
  collection_id: z.string(),
  expression: z.string(),
  timezone: z.string().exactOptional(),
  /** When it was due last, or was created, in ISO 8601, UTC. */
  last_due: z.iso.datetime({ offset: true }),
  /** The flags of its harvests. */
  flags: flagsSchema.default({}),
  retry: retrySchema.exactOptional(),
  /** The id of the scheduler that wrote it, so that it recognises its writes. */
  by: z.string().exactOptional(),
});

/** A schedule's document. */
export type Scheduled = z.output<typeof scheduledSchema>;

/** Returns the schedule of a document. */
export function toSchedule({ expression, timezone }: Scheduled): Schedule {
  return timezone === undefined ? { expression } : { expression, timezone };
}

/** Returns the key of a collection's schedule. */
export function scheduleKey(collectionId: string): string {
  return `${SCHEDULES}${checkedId(collectionId)}.json`;
}

/**
 * Stores a schedule, replacing the collection's; of an equal one, only the flags. @param now Milliseconds since 1970.
 */
export async function keepSchedule(
  documents: Documents,
  { collectionId: collection_id, flags }: Job,
  { schedule, now }: { schedule: Schedule; now: number },
): Promise<void> {
  const before = await keptSchedule(documents, collection_id);
  const isInForce = before !== null && isSameSchedule(toSchedule(before), schedule);
  if (isInForce && toFlags(before.flags).join() === toFlags(flags).join()) return;
  const kept = isInForce
    ? { ...before, flags }
    : { collection_id, ...schedule, last_due: isoTime(now), flags };
  await documents.put(scheduleKey(collection_id), jsonBytes(kept));
}

/** Returns the document of a collection's schedule; null where there is none, or it is damaged. */
async function keptSchedule(documents: Documents, collectionId: string): Promise<Scheduled | null> {
  const found = await documents.get(scheduleKey(collectionId));
  const text = new TextDecoder().decode(found?.bytes);
  return scheduledSchema.safeParse(jsonOrNull(text)).data ?? null;
}

/** Returns a collection's schedule, and when it is due next; null where it has none, or it is damaged. */
export async function readScheduledJob(
  documents: Documents,
  collectionId: string,
): Promise<ScheduledJob | null> {
  const kept = await keptSchedule(documents, collectionId);
  return kept && toScheduledJob(kept);
}

/** Ends a schedule; false where there is none. */
export async function endSchedule(documents: Documents, collectionId: string): Promise<boolean> {
  const key = scheduleKey(collectionId);
  if (!await documents.get(key)) return false;
  await documents.delete(key);
  return true;
}

/** Yields every schedule. */
export async function* keptSchedules(documents: Documents): AsyncGenerator<ScheduledJob> {
  for await (const { key } of documents.list(SCHEDULES)) {
    const found = await documents.get(key);
    if (!found) continue;
    yield toScheduledJob(parseAs(scheduledSchema, found.bytes, key));
  }
}

/** Returns the scheduled job of a document. */
function toScheduledJob(kept: Scheduled): ScheduledJob {
  const { collection_id: collectionId, last_due, retry } = kept;
  const schedule = toSchedule(kept);
  const next = nextTime(schedule, Date.parse(last_due));
  return {
    collectionId,
    schedule,
    flags: kept.flags,
    ...(next === null ? {} : { next: isoTime(next) }),
    ...(retry ? { retry } : {}),
  };
}
