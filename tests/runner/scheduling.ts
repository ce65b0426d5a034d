/** What the tests of the scheduler share: schedules in a store, and runners that a test decides on. */

import assert from "node:assert/strict";
import { jsonBytes } from "../../lib/base/json_bytes.ts";
import type { Job, Runner, Started } from "../../lib/runner/runner.ts";
import { scheduleKey } from "../../lib/runner/local/scheduled.ts";
import { runScheduler } from "../../lib/runner/local/scheduler.ts";
import type { Store } from "../../lib/store/store.ts";
import type { ManualClock } from "../fakes/manual_clock.ts";

export const [SECOND, MINUTE, HOUR] = [1_000, 60_000, 3_600_000];

/** A runner that writes down what it is asked to start. */
export function recording(started: string[], fail?: () => Error): Runner {
  const unused = () => assert.fail("the scheduler starts harvests and does nothing else");
  return {
    pace: 250,
    once({ collectionId }: Job): Promise<Started> {
      if (fail) return Promise.reject(fail());
      started.push(collectionId);
      return Promise.resolve({
        collectionId,
        bucket: "./b",
        status: "RUNNING",
        outcome: () => Promise.resolve(null),
      });
    },
    start: unused,
    stop: unused,
    running: unused,
    info: unused,
    schedule: unused,
    findSchedule: unused,
    unschedule: unused,
    listSchedules: unused,
    logs: unused,
  };
}

/** Keeps a schedule with what is said of it. */
export async function put(store: Store, id: string, scheduled: Record<string, unknown>) {
  await store.put(scheduleKey(id), jsonBytes({ collection_id: id, ...scheduled }));
}

/** Keeps a schedule that was due last at a time. */
export async function schedule(store: Store, id: string, expression: string, last: number) {
  const scheduled = { collection_id: id, expression, last_due: new Date(last).toISOString() };
  await store.put(scheduleKey(id), jsonBytes(scheduled));
}

/** A scheduler that runs, whose time the test moves. */
export function begun(
  store: Store,
  clock: ManualClock,
  runner: Runner,
  pollMs = 10 * MINUTE,
): { lines: string[]; end: () => Promise<void> } {
  const stop = new AbortController();
  const lines: string[] = [];
  const report = (line: string) => lines.push(line);
  const { signal } = stop;
  const done = runScheduler({ store, documents: store, runner, clock, signal, report, pollMs });
  const end = async () => {
    stop.abort();
    await clock.advance(0);
    await done;
  };
  return { lines, end };
}

/** What is kept of a schedule. */
export async function kept(store: Store, id: string) {
  const { bytes } = await store.get(scheduleKey(id)) ?? assert.fail(`${id} has no schedule`);
  return JSON.parse(new TextDecoder().decode(bytes));
}

/** A runner each of whose runs a test decides on: an error, or what their outcomes give. */
export function deciding(decide: (run: number) => Error | Started["outcome"], clock: ManualClock) {
  /** When each was tried, in seconds. */
  const tries: number[] = [];
  const runner: Runner = {
    ...recording([]),
    once({ collectionId }: Job): Promise<Started> {
      const decided = decide(tries.push(clock.monotonic() / SECOND) - 1);
      if (decided instanceof Error) return Promise.reject(decided);
      return Promise.resolve({ collectionId, bucket: "./b", status: "RUNNING", outcome: decided });
    },
  };
  return { runner, tries };
}

/** The outcome of a run that goes on. */
export const goesOn = () => Promise.resolve(null);
