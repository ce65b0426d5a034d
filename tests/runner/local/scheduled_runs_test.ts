import assert from "node:assert/strict";
import { AccessError, LockedError, OutsideError } from "../../../lib/base/errors.ts";
import type { Job, Started } from "../../../lib/runner/runner.ts";
import { runScheduler } from "../../../lib/runner/local/scheduler.ts";
import { ManualClock } from "../../fakes/manual_clock.ts";
import { MemoryStore } from "../../fakes/memory_store.ts";
import {
  begun,
  deciding,
  goesOn,
  HOUR,
  kept,
  MINUTE,
  put,
  recording,
  schedule,
  SECOND,
} from "../scheduling.ts";

Deno.test("a run that cannot begin is tried again with growing waits, reported once, and begins in the end", async () => {
  const problems: [Error, RegExp][] = [
    [new LockedError("Collection a is being harvested"), /a was not started, as it is still being/],
    [new OutsideError("A harvester cannot be started: ENOENT"), /a failed: A harvester cannot/],
    [new AccessError("The bucket folder ./b cannot be used"), /a failed: The bucket folder/],
  ];
  for (const [problem, says] of problems) {
    const [store, clock] = [new MemoryStore(), new ManualClock()];
    await schedule(store, "a", "rate(7 days)", clock.now() - 7 * 24 * HOUR);
    const { runner, tries } = deciding((run) => run < 8 ? problem : goesOn, clock);
    const { lines, end } = begun(store, clock, runner);
    await clock.advance(MINUTE / 2);
    assert.match((await kept(store, "a")).retry.problem, /being harvested|cannot be/);
    await clock.advance(6 * HOUR);
    await end();
    const waits = tries.slice(1).map((at, i) => (at - (tries[i] ?? 0)) / 60);
    assert.deepEqual(waits.map(Math.round), [1, 2, 4, 8, 16, 30, 30, 30]);
    assert.equal(lines.length, 2, lines.join("\n"));
    assert.match(lines[0] ?? "", says);
    assert.match(lines[0] ?? "", /It is retried with increasing delays, next at 2026/);
    assert.match(lines[1] ?? "", /a started/);
    assert.equal((await kept(store, "a")).retry, undefined);
  }
});

Deno.test("a run that ends by a fault, at once or after hours, is tried again; one that ends well is not", async () => {
  const [store, clock] = [new MemoryStore(), new ManualClock()];
  await schedule(store, "a", "rate(7 days)", clock.now() - 7 * 24 * HOUR);
  const ended = (exitCode: number, after: number): Started["outcome"] => {
    const began = clock.monotonic();
    const outcome = exitCode === 0 ? { exitCode } : { exitCode, message: `Fault ${exitCode}` };
    return () => Promise.resolve(clock.monotonic() - began < after ? null : outcome);
  };
  const { runner, tries } = deciding(
    (run) => [ended(3, 0), ended(1, 0), ended(3, 3 * HOUR)][run] ?? ended(0, HOUR),
    clock,
  );
  const { lines, end } = begun(store, clock, runner);
  await clock.advance(10 * HOUR);
  await end();
  assert.equal(tries.length, 4);
  assert.deepEqual(lines.map((line) => line.replace(/^\S+ | with increasing delays.*/g, "")), [
    "a failed: Fault 3. It is retried",
    "a failed: Fault 1. It is retried",
    "a started",
    "a failed: Fault 3. It is retried",
    "a started",
    "a ended: its outcome is unknown.",
  ]);
});

Deno.test("a scheduler that is killed between writing down that a run is due and starting it leaves it to the next one", async () => {
  const [store, clock, started] = [new MemoryStore(), new ManualClock(), [] as string[]];
  await schedule(store, "a", "rate(7 days)", clock.now() - 7 * 24 * HOUR);
  const never = { ...recording([]), once: () => new Promise<Started>(() => {}) };
  const stop = new AbortController();
  const options = { store, documents: store, clock, signal: stop.signal, report: () => {} };
  // It hangs in the start for ever, as one that was killed does.
  runScheduler({ ...options, runner: never });
  await clock.advance(SECOND);
  const { end } = begun(store, clock, recording(started));
  await clock.advance(50 * SECOND);
  assert.deepEqual(started, []);
  await clock.advance(20 * SECOND);
  assert.deepEqual(started, ["a"]);
  await clock.advance(4 * HOUR);
  await end();
  stop.abort();
  assert.deepEqual(started, ["a"]);
});

Deno.test("whatever write of the scheduler is lost, or its answer, the run is started once", async () => {
  for (const lose of ["before", "after"] as const) {
    for (const write of [1, 2]) {
      const [store, clock, started] = [new MemoryStore(), new ManualClock(), [] as string[]];
      await schedule(store, "a", "rate(7 days)", clock.now() - 7 * 24 * HOUR);
      let writes = 0;
      store[lose] = ({ method }) => {
        if (method === "put" && ++writes === write) throw new OutsideError("The answer is lost");
      };
      const { end } = begun(store, clock, recording(started));
      await clock.advance(2 * HOUR);
      await end();
      assert.deepEqual(started, ["a"], `${lose} ${write}`);
      assert.equal((await kept(store, "a")).retry, undefined);
    }
  }
});

Deno.test("a run that a wrong clock put off for days is tried at once", async () => {
  const [store, clock, started] = [new MemoryStore(), new ManualClock(), [] as string[]];
  const iso = (ms: number) => new Date(clock.now() + ms).toISOString();
  const retry = { since: iso(0), next: iso(48 * HOUR), tries: 2, problem: "failed: No." };
  await put(store, "a", { expression: "rate(7 days)", last_due: iso(0), retry });
  const { end } = begun(store, clock, recording(started));
  await clock.advance(SECOND);
  await end();
  assert.deepEqual(started, ["a"]);
});

Deno.test("a hundred schedules that are due together are all carried out, though every third cannot begin at first", async () => {
  const [store, clock, started] = [new MemoryStore(), new ManualClock(), [] as string[]];
  const ids = Array.from({ length: 100 }, (_, i) => `c${100 + i}`);
  for (const id of ids) await schedule(store, id, "rate(7 days)", clock.now() - 7 * 24 * HOUR);
  const runner = recording(started);
  const refused = new Set(ids.filter((_, i) => i % 3 === 0));
  const once = (job: Job) =>
    refused.delete(job.collectionId) ? Promise.reject(new OutsideError("No")) : runner.once(job);
  const { end } = begun(store, clock, { ...runner, once });
  await clock.advance(10 * SECOND);
  assert.equal(started.length, 66);
  await clock.advance(2 * MINUTE);
  await end();
  assert.deepEqual(started.toSorted(), ids);
});
