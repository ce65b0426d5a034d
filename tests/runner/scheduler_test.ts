import assert from "node:assert/strict";
import { LockedError, OutsideError } from "../../lib/errors.ts";
import { jsonBytes } from "../../lib/json.ts";
import { scheduleKey } from "../../lib/runner/local.ts";
import type { Job, Runner, Started } from "../../lib/runner/runner.ts";
import { runScheduler } from "../../lib/runner/scheduler.ts";
import { ManualClock } from "../fakes/manual_clock.ts";
import { MemoryStore } from "../fakes/memory_store.ts";

const HOUR = 3_600_000;

/** A runner that writes down what it is asked to start. */
function recording(started: string[], fail?: () => Error): Runner {
  const unused = () => assert.fail("the scheduler starts harvests and does nothing else");
  return {
    once({ collectionId, bucket }: Job): Promise<Started> {
      if (fail) return Promise.reject(fail());
      started.push(collectionId);
      return Promise.resolve({
        collectionId,
        bucket,
        status: "RUNNING",
        outcome: () => Promise.resolve(null),
      });
    },
    start: unused,
    stop: unused,
    running: unused,
    info: unused,
    schedule: unused,
    unschedule: unused,
    scheduled: unused,
    logs: unused,
  };
}

async function schedule(store: MemoryStore, id: string, expression: string, last: number) {
  const scheduled = { collection_id: id, expression, last_due: new Date(last).toISOString() };
  await store.put(scheduleKey(id), jsonBytes(scheduled));
}

/** Runs schedulers side by side for a while. */
async function running(
  store: MemoryStore,
  clock: ManualClock,
  runners: Runner[],
  ms: number,
): Promise<string[]> {
  const stop = new AbortController();
  const lines: string[] = [];
  const report = (line: string) => lines.push(line);
  const schedulers = runners.map((runner) =>
    runScheduler({
      bucket: "./b",
      store,
      runner,
      clock,
      signal: stop.signal,
      report,
      pollMs: HOUR / 4,
    })
  );
  for (let passed = 0; passed < ms; passed += HOUR / 10) await clock.advance(HOUR / 10);
  stop.abort();
  await clock.advance(0);
  await Promise.all(schedulers);
  return lines;
}

Deno.test("a collection is harvested each time that its schedule is due", async () => {
  const [store, clock, started] = [new MemoryStore(), new ManualClock(), [] as string[]];
  await schedule(store, "a", "rate(1 hour)", clock.now());
  await schedule(store, "b", "rate(2 hours)", clock.now());
  await running(store, clock, [recording(started)], 4.5 * HOUR);
  assert.deepEqual(started.toSorted(), ["a", "a", "a", "a", "b", "b"]);
});

Deno.test("of two schedulers one starts a run", async () => {
  const [store, clock, started] = [new MemoryStore(), new ManualClock(), [] as string[]];
  await schedule(store, "a", "rate(1 hour)", clock.now());
  await running(store, clock, [recording(started), recording(started)], 3.5 * HOUR);
  assert.deepEqual(started, ["a", "a", "a"]);
});

Deno.test("runs that were missed are caught up once, and the rhythm stays", async () => {
  const [store, clock, started] = [new MemoryStore(), new ManualClock(), [] as string[]];
  await schedule(store, "a", "rate(1 hour)", clock.now() - 10.5 * HOUR);
  await schedule(store, "b", "cron(0 * * * ? *)", clock.now() - 10.5 * HOUR);
  await running(store, clock, [recording(started)], 0.4 * HOUR);
  assert.deepEqual(started.toSorted(), ["a", "b"]);
  await running(store, clock, [recording(started)], 0.3 * HOUR);
  assert.deepEqual(started.toSorted(), ["a", "a", "b"]);
});

Deno.test("a run that cannot be started is told, and the next one is tried", async () => {
  const [store, clock] = [new MemoryStore(), new ManualClock()];
  await schedule(store, "a", "rate(1 hour)", clock.now());
  const busy = await running(store, clock, [
    recording([], () => new LockedError("It is harvested")),
  ], 1.5 * HOUR);
  assert.equal(busy.length, 1);
  assert.match(busy[0] ?? "", /a skipped, it is still being harvested/);
  const broken = await running(
    store,
    clock,
    [recording([], () => new OutsideError("No"))],
    2 * HOUR,
  );
  assert.equal(broken.length, 2);
  assert.match(broken[0] ?? "", /a failed: No/);
});
