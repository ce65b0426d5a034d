import assert from "node:assert/strict";
import { LockedError, OutsideError } from "../../lib/errors.ts";
import { jsonBytes } from "../../lib/json.ts";
import type { Job, Runner, Started } from "../../lib/runner/runner.ts";
import { scheduleKey } from "../../lib/runner/scheduled.ts";
import { runScheduler } from "../../lib/runner/scheduler.ts";
import { ManualClock } from "../fakes/manual_clock.ts";
import { MemoryStore } from "../fakes/memory_store.ts";

const HOUR = 3_600_000;

/** A runner that writes down what it is asked to start. */
function recording(started: string[], fail?: () => Error): Runner {
  const unused = () => assert.fail("the scheduler starts harvests and does nothing else");
  return {
    pace: 250,
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

async function put(store: MemoryStore, id: string, scheduled: Record<string, unknown>) {
  await store.put(scheduleKey(id), jsonBytes({ collection_id: id, ...scheduled }));
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

Deno.test("of two schedulers that look at the same moment one starts the run", async () => {
  const [store, clock, started] = [new MemoryStore(), new ManualClock(), [] as string[]];
  await schedule(store, "a", "rate(1 hour)", clock.now() - 1.5 * HOUR);
  const bothLooked = Promise.withResolvers<void>();
  let looks = 0;
  store.before = async ({ method }) => {
    if (method === "get" && ++looks === 2) bothLooked.resolve();
    if (method === "put") await bothLooked.promise;
  };
  await running(store, clock, [recording(started), recording(started)], 0.2 * HOUR);
  assert.ok(looks > 2);
  assert.deepEqual(started, ["a"]);
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

Deno.test("a schedule that is no good is told once, and the others are carried out", async () => {
  const [store, clock, started] = [new MemoryStore(), new ManualClock(), [] as string[]];
  const last_due = new Date(clock.now()).toISOString();
  await store.put(scheduleKey("a"), new TextEncoder().encode('{"collection_id":'));
  await put(store, "b", { expression: "rate(7 parsecs)", last_due });
  await put(store, "c", { expression: "rate(1 hour)", last_due: "yesterday" });
  await schedule(store, "d", "rate(1 hour)", clock.now());
  const lines = await running(store, clock, [recording(started)], 2.5 * HOUR);
  assert.deepEqual(started, ["d", "d"]);
  const told = lines.filter((line) => line.includes("is left out")).toSorted();
  assert.equal(told.length, 3, lines.join("\n"));
  for (const name of ["a", "b", "c"]) {
    assert.ok(told.some((line) => line.includes(`runner/schedules/${name}.json`)), name);
  }
});

Deno.test("the flags of a schedule are those of its harvests", async () => {
  const [store, clock, jobs] = [new MemoryStore(), new ManualClock(), [] as Job[]];
  const last_due = new Date(clock.now()).toISOString();
  const flags = { tweetsPerFile: 10, flushSecs: 3 };
  await put(store, "a", { expression: "rate(1 hour)", last_due, flags });
  const runner = recording([]);
  const once = (job: Job) => {
    jobs.push(job);
    return runner.once(job);
  };
  await running(store, clock, [{ ...runner, once }], 1.5 * HOUR);
  assert.deepEqual(jobs, [{ bucket: "./b", collectionId: "a", flags }]);
});

Deno.test("a schedule whose years are over, or that was taken away, is not run", async () => {
  const [store, clock, started] = [new MemoryStore(), new ManualClock(), [] as string[]];
  await schedule(store, "a", "cron(0 0 1 1 ? 2020)", clock.now());
  await schedule(store, "b", "rate(1 hour)", clock.now());
  await running(store, clock, [recording(started)], 1.5 * HOUR);
  await store.delete(scheduleKey("b"));
  await running(store, clock, [recording(started)], 3 * HOUR);
  assert.deepEqual(started, ["b"]);
});
