/** The schedules of a folder bucket, which are kept in it. */

import { z } from "zod";
import { isoTime } from "../clock.ts";
import { checkedId } from "../collection/layout.ts";
import { jsonBytes, parseAs } from "../json.ts";
import type { Store } from "../store/store.ts";
import type { Job, ScheduledJob } from "./runner.ts";
import { nextTime, type Schedule } from "./schedule.ts";

/** Where the schedules of a folder bucket are kept. */
export const SCHEDULES = "runner/schedules/";

/** The flags of harvests as they are kept. */
export const flagsSchema = z.object({
  tweetsPerFile: z.int().positive().exactOptional(),
  secsPerFile: z.int().positive().exactOptional(),
  flushSecs: z.int().positive().exactOptional(),
  hoursPerHarvest: z.int().nonnegative().exactOptional(),
});

/** A run that was due and has not begun, or ended by a fault: it is tried again. */
const retrySchema = z.object({
  /** When it was due first, in ISO 8601, UTC, like the other times. */
  since: z.iso.datetime({ offset: true }),
  /** When it is tried next. */
  next: z.iso.datetime({ offset: true }),
  /** How often it was tried in vain. */
  tries: z.int().nonnegative(),
  /** Why the last try was in vain; absent while the first is under way. */
  problem: z.string().exactOptional(),
});

/** A schedule as it is kept: what to run, how often, and when it was due last. */
export const scheduledSchema = z.object({
  collection_id: z.string(),
  expression: z.string(),
  timezone: z.string().exactOptional(),
  /** When it was due last, or was made, in ISO 8601, UTC. */
  last_due: z.iso.datetime({ offset: true }),
  /** The flags of its harvests. */
  flags: flagsSchema.default({}),
  retry: retrySchema.exactOptional(),
  /** The scheduler that wrote it, by an id of its own, so that it knows its writes. */
  by: z.string().exactOptional(),
});

/** A schedule as it is kept. */
export type Scheduled = z.output<typeof scheduledSchema>;

/** A schedule as it is kept, as a schedule. */
export function scheduleOf({ expression, timezone }: Scheduled): Schedule {
  return timezone === undefined ? { expression } : { expression, timezone };
}

/** The key under which a collection's schedule is kept. */
export function scheduleKey(collectionId: string): string {
  return `${SCHEDULES}${checkedId(collectionId)}.json`;
}

/** Keeps a schedule, in place of one that the collection has. @param now Milliseconds since 1970. */
export async function keepSchedule(
  store: Store,
  { collectionId: collection_id, flags }: Job,
  { schedule: { expression, timezone }, now }: { schedule: Schedule; now: number },
): Promise<void> {
  const last_due = isoTime(now);
  const kept = { collection_id, expression, timezone, last_due, flags };
  await store.put(scheduleKey(collection_id), jsonBytes(kept));
}

/** Ends a schedule; false where there is none. */
export async function endSchedule(store: Store, collectionId: string): Promise<boolean> {
  const key = scheduleKey(collectionId);
  if (!await store.get(key)) return false;
  await store.delete(key);
  return true;
}

/** Every schedule. */
export async function* keptSchedules(store: Store): AsyncGenerator<ScheduledJob> {
  for await (const { key } of store.list(SCHEDULES)) {
    const found = await store.get(key);
    if (!found) continue;
    const scheduled = parseAs(scheduledSchema, found.bytes, key);
    const { collection_id: collectionId, retry } = scheduled;
    const schedule = scheduleOf(scheduled);
    const next = nextTime(schedule, Date.parse(scheduled.last_due));
    yield {
      collectionId,
      schedule,
      ...(next === null ? {} : { next: isoTime(next) }),
      ...(retry ? { retry } : {}),
    };
  }
}
