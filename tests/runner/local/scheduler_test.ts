import assert from "node:assert/strict";
import { join } from "node:path";
import { parseBucket } from "../../../lib/base/bucket_ref.ts";
import { AccessError, ConflictError, OutsideError, UserError } from "../../../lib/base/errors.ts";
import type { Job, Runner } from "../../../lib/runner/runner.ts";
import { scheduleKey } from "../../../lib/runner/local/scheduled.ts";
import { runScheduler } from "../../../lib/runner/local/scheduler.ts";
import { openStore } from "../../../lib/store/open.ts";
import { ManualClock } from "../../fakes/manual_clock.ts";
import { MemoryStore } from "../../fakes/memory_store.ts";
import {
  begun,
  deciding,
  HOUR,
  kept,
  MINUTE,
  put,
  recording,
  schedule,
  SECOND,
} from "../scheduling.ts";

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
      store,
      documents: store,
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

Deno.test("that a run has ended is reported once, with what came of it as far as that is known", async () => {
  const [store, clock] = [new MemoryStore(), new ManualClock()];
  await schedule(store, "a", "rate(1 hour)", clock.now());
  let isOver = false;
  const { runner } = deciding(() => () => Promise.resolve(isOver ? { exitCode: 0 } : null), clock);
  const { lines, end } = begun(store, clock, runner);
  await clock.advance(1.5 * HOUR);
  assert.equal(lines.length, 1);
  isOver = true;
  await clock.advance(0.4 * HOUR);
  await end();
  assert.equal(lines.length, 2, lines.join("\n"));
  assert.match(lines[1] ?? "", /^\S+ a ended: its outcome is unknown\.$/);
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

Deno.test("a scheduler whose write was done, and whose answer was lost, starts the run itself, and at once", async () => {
  for (const lost of [new ConflictError("a"), new OutsideError("The connection was reset")]) {
    const [store, clock, started] = [new MemoryStore(), new ManualClock(), [] as string[]];
    await schedule(store, "a", "rate(1 hour)", clock.now() - 1.5 * HOUR);
    store.after = () => {
      store.after = () => {};
      throw lost;
    };
    await running(store, clock, [recording(started)], 0.005 * HOUR);
    assert.deepEqual(started, ["a"], lost.name);
  }
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

Deno.test("a schedule that is no good is told once, and the others are carried out", async () => {
  const [store, clock, started] = [new MemoryStore(), new ManualClock(), [] as string[]];
  const last_due = new Date(clock.now()).toISOString();
  await store.put(scheduleKey("a"), new TextEncoder().encode('{"collection_id":'));
  await put(store, "b", { expression: "rate(7 parsecs)", last_due });
  await put(store, "c", { expression: "rate(1 hour)", last_due: "yesterday" });
  await schedule(store, "d", "rate(1 hour)", clock.now());
  const lines = await running(store, clock, [recording(started)], 2.5 * HOUR);
  assert.deepEqual(started, ["d", "d"]);
  const told = lines.filter((line) => line.includes("is skipped")).toSorted();
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
  assert.deepEqual(jobs, [{ collectionId: "a", flags }]);
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

Deno.test("a store that fails for minutes, in whatever way, ends nothing, and is reported twice: when it begins and when it is over", async () => {
  const failures = [
    new OutsideError("The folder of bucket ./b is away"),
    new OutsideError("The bucket folder ./b failed: Input/output error (os error 5)"),
    new UserError("The bucket folder ./b cannot be used: Not a directory (os error 20)"),
    new AccessError("Listing runner/schedules/ failed: AccessDenied"),
  ];
  for (const failure of failures) {
    const [store, clock, started] = [new MemoryStore(), new ManualClock(), [] as string[]];
    await schedule(store, "a", "rate(1 hour)", clock.now());
    const { lines, end } = begun(store, clock, recording(started));
    await clock.advance(45 * MINUTE);
    store.before = ({ method }) => {
      if (method === "list") throw failure;
    };
    await clock.advance(20 * MINUTE);
    assert.deepEqual(started, []);
    store.before = () => {};
    await clock.advance(5 * MINUTE);
    assert.deepEqual(started, ["a"]);
    assert.equal(lines.length, 3, lines.join("\n"));
    assert.ok(lines[0]?.endsWith(`${failure.message}. Retrying until it works.`));
    assert.match(lines[1] ?? "", /a started/);
    assert.match(lines[2] ?? "", /It works again/);
    await end();
  }
});

Deno.test("the folder of a bucket may be away for a while, and its schedules a file", async () => {
  const folder = await Deno.makeTempDir({ prefix: "twarc-cloud-test-" });
  const [bucket, away] = [join(folder, "bucket"), join(folder, "away")];
  try {
    const [clock, started] = [new ManualClock(), [] as string[]];
    const store = await openStore(parseBucket(bucket));
    await schedule(store, "a", "rate(1 minute)", clock.now());
    const { lines, end } = begun(store, clock, recording(started), 5 * SECOND);
    const again = () => lines.filter((line) => line.includes("It works again")).length;
    await until(clock, () => started.length === 1);
    await Deno.rename(bucket, away);
    // Wherever it is just then: what it was reading or writing may be what is reported.
    const isAway = /Retrying until it works/;
    await until(clock, () => lines.some((line) => isAway.test(line)), lines);
    await Deno.rename(away, bucket);
    await until(clock, () => started.length >= 2 && again() === 1, lines);

    const schedules = join(bucket, "runner", "schedules");
    await Deno.rename(schedules, away);
    await Deno.writeTextFile(schedules, "no folder");
    const isNoFolder = /cannot be used.*Retrying until it works/;
    await until(clock, () => lines.some((line) => isNoFolder.test(line)), lines);
    await Deno.remove(schedules);
    await Deno.rename(away, schedules);
    const before = started.length;
    await until(clock, () => started.length > before && again() >= 2, lines);
    await end();
    assert.equal(again(), 2);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** Lets a minute's worth of looks pass at a time, with a real file system's time in between. */
async function until(
  clock: ManualClock,
  look: () => boolean,
  lines: string[] = [],
): Promise<void> {
  for (let tries = 0; !look(); tries++) {
    assert.ok(tries < 400, `it did not happen:\n${lines.join("\n")}`);
    await clock.advance(10 * SECOND);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

Deno.test("one schedule that cannot be read for a while is reported twice, and keeps no other waiting", async () => {
  const [store, clock, started] = [new MemoryStore(), new ManualClock(), [] as string[]];
  await schedule(store, "a", "rate(1 hour)", clock.now());
  await schedule(store, "b", "rate(1 hour)", clock.now());
  store.before = ({ method, key }) => {
    if (method === "get" && key === scheduleKey("a")) throw new OutsideError("EIO");
  };
  const { lines, end } = begun(store, clock, recording(started));
  await clock.advance(1.5 * HOUR);
  assert.deepEqual(started, ["b"]);
  store.before = () => {};
  await clock.advance(10 * MINUTE);
  await end();
  assert.deepEqual(started, ["b", "a"]);
  assert.deepEqual(lines.map((line) => line.slice("2026-01-02T04:04:05.000Z ".length)), [
    "runner/schedules/a.json is skipped: EIO.",
    "b started",
    "a started",
    "runner/schedules/a.json is valid again",
  ]);
});

Deno.test("a clock that was two days ahead for some seconds silences no schedule", async () => {
  for (const expression of ["rate(1 hour)", "cron(0 * * * ? *)"]) {
    const [store, clock, started] = [new MemoryStore(), new ManualClock(), [] as string[]];
    await schedule(store, "a", expression, clock.now());
    const { end: over, lines } = begun(store, clock, recording(started), 5 * SECOND);
    await clock.advance(6 * SECOND);
    clock.jump(48 * HOUR);
    await clock.advance(8 * SECOND);
    assert.deepEqual(started, ["a"]);
    clock.jump(-48 * HOUR);
    await clock.advance(10 * SECOND);
    await over();
    const { end } = begun(store, clock, recording(started));
    await clock.advance(3.5 * HOUR);
    await end();
    assert.equal(started.length, 4, expression);
    const said = lines.filter((line) => line.includes("in the future"));
    assert.equal(said.length, 1, lines.join("\n"));
    assert.match(
      said[0] ?? "",
      /a was due last at 2026-01-04T.* clock was wrong.*due next at 2026-01-02T/,
    );
  }
});

Deno.test("clocks of two machines that differ by minutes are no wrong ones: what one ran, the other does not run again", async () => {
  const [store, clock, started] = [new MemoryStore(), new ManualClock(), [] as string[]];
  await schedule(store, "a", "cron(0 * * * ? *)", clock.now() + 5 * MINUTE);
  const before = await kept(store, "a");
  const { lines, end } = begun(store, clock, recording(started));
  await clock.advance(4 * MINUTE);
  await end();
  assert.deepEqual([started, lines], [[], []]);
  assert.deepEqual(await kept(store, "a"), before);
});
