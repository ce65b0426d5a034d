/** Carries out the schedules of a folder bucket. */

import { type Clock, isoTime } from "../clock.ts";
import { ConflictError, LockedError, messageOf, TwarcCloudError } from "../errors.ts";
import { jsonBytes, parseAs } from "../json.ts";
import type { Store } from "../store/store.ts";
import type { Runner } from "./runner.ts";
import { nextTime, type Schedule } from "./schedule.ts";
import { type Scheduled, scheduledSchema, scheduleOf, SCHEDULES } from "./scheduled.ts";

/** Milliseconds between two looks at the schedules, at most, where nothing else is said. */
const POLL = 5_000;

/** What the scheduler works with. */
export interface SchedulerOptions {
  bucket: string;
  store: Store;
  runner: Runner;
  clock: Clock;
  signal: AbortSignal;
  /** Told what is done, a line each. */
  report: (line: string) => void;
  /** Milliseconds between two looks at the schedules, at most. */
  pollMs?: number;
}

/**
 * Starts each collection when its schedule is due, until the signal is aborted. Runs that were missed
 * are caught up once. That a run is done is written down, by a conditional write, before it is started:
 * of two schedulers one starts it.
 */
export async function runScheduler(options: SchedulerOptions): Promise<void> {
  const { store, clock, signal, pollMs = POLL } = options;
  const told = new Map<string, string>();
  while (!signal.aborted) {
    let next = clock.now() + pollMs;
    for await (const { key } of store.list(SCHEDULES)) {
      if (signal.aborted) return;
      next = Math.min(next, await runUnlessBroken(key, told, options) ?? Infinity);
    }
    await clock.sleep(Math.max(next - clock.now(), 0), signal);
  }
}

/** Like `runIfDue`, but a schedule that is no good is told once, and does not end the others. */
async function runUnlessBroken(
  key: string,
  told: Map<string, string>,
  options: SchedulerOptions,
): Promise<number | null> {
  try {
    const next = await runIfDue(key, options);
    told.delete(key);
    return next;
  } catch (error) {
    if (!(error instanceof TwarcCloudError)) throw error;
    if (told.get(key) !== error.message) {
      options.report(`${isoTime(options.clock.now())} ${key} is left out: ${error.message}`);
    }
    told.set(key, error.message);
    return null;
  }
}

/** Runs a schedule that is due; when it is due next, in milliseconds since 1970. */
async function runIfDue(key: string, options: SchedulerOptions): Promise<number | null> {
  const { store, clock } = options;
  const found = await store.get(key);
  if (!found) return null;
  const scheduled = parseAs(scheduledSchema, found.bytes, key);
  const schedule = scheduleOf(scheduled);
  const due = nextTime(schedule, Date.parse(scheduled.last_due));
  if (due === null || due > clock.now()) return due;
  const done = latestDue(schedule, due, clock.now());
  try {
    const next = { ...scheduled, last_due: isoTime(done) };
    await store.put(key, jsonBytes(next), { ifVersion: found.version });
  } catch (error) {
    if (error instanceof ConflictError) return clock.now();
    throw error;
  }
  await start(scheduled, options);
  return nextTime(schedule, done);
}

/** The last time at which a schedule was due until now: those before it are caught up with it. */
function latestDue(schedule: Schedule, due: number, now: number): number {
  if (schedule.expression.startsWith("rate(")) {
    const period = (nextTime(schedule, due) ?? now) - due;
    return due + Math.floor((now - due) / period) * period;
  }
  return now;
}

async function start(
  { collection_id: collectionId, flags }: Scheduled,
  options: SchedulerOptions,
): Promise<void> {
  const { bucket, runner, report, clock } = options;
  try {
    const started = await runner.once({ bucket, collectionId, flags });
    const outcome = await started.outcome();
    report(
      outcome?.message
        ? `${isoTime(clock.now())} ${collectionId} failed: ${outcome.message}`
        : `${isoTime(clock.now())} ${collectionId} started`,
    );
  } catch (error) {
    const what = error instanceof LockedError ? "skipped, it is still being harvested" : "failed";
    report(`${isoTime(clock.now())} ${collectionId} ${what}: ${messageOf(error)}`);
  }
}
