import assert from "node:assert/strict";
import { AccessError, LockedError, OutsideError } from "../../../lib/base/errors.ts";
import { keepAlive } from "../../../lib/runner/local/keeper.ts";
import { endKept, type Kept, readKept, writeKept } from "../../../lib/runner/local/kept.ts";
import type { Outcome, Started } from "../../../lib/runner/runner.ts";
import { ManualClock } from "../../fakes/manual_clock.ts";
import { MemoryStore } from "../../fakes/memory_store.ts";

const [SECOND, MINUTE, HOUR] = [1_000, 60_000, 3_600_000];
const POLL = 10 * SECOND;
const PROCESS = { host: "here", pid: 7 };

/** How one harvester does: it does not begin, or ends after some milliseconds. */
type Life = Error | { after: number; outcome: Outcome };

const fault = (message: string, after = 0, exitCode = 3): Life => ({
  after,
  outcome: { exitCode, message },
});
const forEver: Life = { after: Infinity, outcome: { exitCode: 0 } };

/** A keeper that keeps harvesters whose lives a test decides on. */
async function keeping(
  lives: Life[],
  { state = "starting", isHeld = () => false, endedWhy, store = new MemoryStore() }: {
    state?: Kept["state"];
    endedWhy?: (since: number) => string | null;
    isHeld?: () => boolean;
    store?: MemoryStore;
  } = {},
) {
  const clock = new ManualClock();
  /** When each harvester was begun, in seconds, and how often one was stopped. */
  const begun: number[] = [];
  const [stopped, lines, ending] = [[] as number[], [] as string[], new AbortController()];
  const since = new Date(clock.now()).toISOString();
  await writeKept(store, { collection_id: "live", flags: {}, since, keeper: "mine", state });
  const begin = (): Promise<Started> => {
    const life = lives[begun.push(clock.monotonic() / SECOND) - 1] ?? forEver;
    if (life instanceof Error) return Promise.reject(life);
    const end = clock.monotonic() + life.after;
    const outcome = () => Promise.resolve(clock.monotonic() < end ? null : life.outcome);
    return Promise.resolve({ collectionId: "live", bucket: "b", status: "RUNNING", outcome });
  };
  const stop = () => {
    stopped.push(clock.monotonic());
    return Promise.resolve();
  };
  let isOver = false;
  const done = keepAlive({
    collectionId: "live",
    id: "mine",
    process: PROCESS,
    documents: store,
    clock,
    signal: ending.signal,
    begin,
    stop,
    isHeld: () => Promise.resolve(isHeld()),
    endedWhy: (since) => Promise.resolve(endedWhy?.(since) ?? null),
    report: (line) => lines.push(line),
    pollMs: POLL,
  }).then(() => isOver = true);
  const kept = async () => (await readKept(store, "live"))?.kept;
  const end = async () => {
    ending.abort();
    await clock.advance(0);
    await done;
  };
  return { clock, store, done, begun, stopped, lines, kept, end, isOver: () => isOver };
}

/** The seconds between one and the next. */
function between(times: number[]): number[] {
  return times.slice(1).map((time, i) => Math.round(time - (times[i] ?? 0)));
}

Deno.test("a harvester that ends by a fault is started again with growing waits, for as long as it takes", async () => {
  const lives = Array<Life>(12).fill(fault("The API is away"));
  const { clock, begun, lines, kept, end } = await keeping([fault("away", MINUTE), ...lives]);
  await clock.advance(MINUTE / 2);
  assert.equal((await kept())?.state, "running");
  assert.deepEqual((await kept())?.process, PROCESS);
  await clock.advance(5 * MINUTE);
  const waiting = await kept();
  assert.equal(waiting?.state, "waiting");
  assert.equal(waiting?.fault?.problem, "The API is away.");
  await clock.advance(25 * MINUTE);
  await end();
  assert.deepEqual(between(begun), [61, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300, 300]);
  assert.equal(lines.length, 13);
  assert.match(lines[1] ?? "", /The harvester ended: The API is away\. It is started again at /);
  assert.equal((await kept())?.state, "running");
});

Deno.test("one that has worked for ten minutes has its next fault for the first one", async () => {
  const lives = [fault("a"), fault("b"), fault("c"), fault("d", 11 * MINUTE), fault("e")];
  const { clock, begun, kept, end } = await keeping(lives, { state: "waiting" });
  await clock.advance(7 * SECOND);
  assert.equal((await kept())?.fault?.tries, 3);
  await clock.advance(11 * MINUTE + 2 * SECOND);
  assert.equal((await kept())?.fault?.tries, 2);
  await clock.advance(MINUTE);
  await end();
  assert.deepEqual(between(begun), [1, 2, 4, 11 * 60 + 1, 2]);
});

Deno.test("killed, or ended though nobody stopped it, it is started again", async () => {
  const lives: Life[] = [
    { after: SECOND, outcome: { exitCode: 3, message: "The harvester was killed (SIGKILL)" } },
    { after: SECOND, outcome: { exitCode: 70 } },
    { after: SECOND, outcome: { exitCode: 0 } },
  ];
  const { clock, begun, lines, end } = await keeping(lives);
  await clock.advance(MINUTE);
  await end();
  assert.equal(begun.length, 4);
  assert.match(lines[2] ?? "", /ended without a stop request/);
});

Deno.test("a stream that has come to its limit is not started again, and says so", async () => {
  const limited: Life = { after: MINUTE, outcome: { exitCode: 0 } };
  const asked: number[] = [];
  const { clock, begun, kept, isOver } = await keeping([limited], {
    endedWhy: (since) => {
      asked.push(since);
      return "It has reached max_records (5)";
    },
  });
  const start = clock.now();
  await clock.advance(HOUR);
  assert.equal(isOver(), true);
  assert.equal(begun.length, 1);
  assert.deepEqual(asked, [start], "What an earlier harvest said does not count");
  const { state, fault } = await kept() ?? {};
  assert.deepEqual([state, fault?.problem, fault?.exit_code, fault?.next], [
    "ended",
    "It has reached max_records (5).",
    0,
    undefined,
  ]);
});

Deno.test("where a person has to change something it is not started again, and says why", async () => {
  const { clock, begun, lines, kept, isOver } = await keeping([
    fault("The keys are refused", MINUTE, 1),
  ]);
  await clock.advance(HOUR);
  assert.equal(isOver(), true);
  assert.equal(begun.length, 1);
  const { state, fault: ended } = await kept() ?? {};
  assert.equal(state, "ended");
  assert.deepEqual([ended?.exit_code, ended?.problem, ended?.next], [
    1,
    "The keys are refused.",
    undefined,
  ]);
  assert.match(lines[0] ?? "", /The keys are refused\. It is not started again by itself/);
});

Deno.test("one that fails as it begins for the first time is left to the person who starts it", async () => {
  const { clock, begun, kept, isOver } = await keeping([new OutsideError("No program")]);
  await clock.advance(MINUTE);
  assert.equal(isOver(), true);
  assert.equal(begun.length, 1);
  assert.equal((await kept())?.state, "ended");
});

Deno.test("a collection that is locked meanwhile is waited for", async () => {
  for (const life of [new LockedError("It is being harvested"), fault("It is locked", 0, 1)]) {
    let isHeld = true;
    const { clock, begun, kept, end } = await keeping([life, life, life], {
      isHeld: () => isHeld,
    });
    await clock.advance(5 * SECOND);
    isHeld = false;
    await clock.advance(MINUTE);
    assert.equal(begun.length, 4);
    assert.equal((await kept())?.state, "running");
    await end();
  }
});

Deno.test("once nobody wants it, its keeper goes: while it runs, and while it waits", async () => {
  const running = await keeping([fault("killed", MINUTE)]);
  await running.clock.advance(MINUTE / 2);
  await endKept(running.store, "live");
  await running.clock.advance(MINUTE);
  assert.equal(running.isOver(), true);
  assert.deepEqual([running.begun.length, running.lines], [1, []]);

  const waiting = await keeping(Array(9).fill(fault("away", SECOND)));
  await waiting.clock.advance(5 * MINUTE);
  const count = waiting.begun.length;
  assert.equal((await waiting.kept())?.state, "waiting");
  await endKept(waiting.store, "live");
  await waiting.clock.advance(POLL);
  assert.equal(waiting.isOver(), true);
  assert.equal(waiting.begun.length, count);
});

Deno.test("a harvester that nobody wanted any more as it began is stopped, and another keeper's is not", async () => {
  for (const [change, stops] of [["ended", 1], ["taken over", 0]] as const) {
    const { clock, store, stopped, isOver } = await keeping([fault("away", MINUTE), forEver]);
    let isSecond = false;
    store.before = async ({ method, key }) => {
      // The put that says that the second one runs comes after it began.
      if (method !== "put" || !key.includes("kept") || !isSecond) return;
      store.before = () => {};
      const found = await readKept(store, "live");
      if (change === "ended") await endKept(store, "live");
      else if (found) await writeKept(store, { ...found.kept, keeper: "another" });
    };
    await clock.advance(MINUTE + SECOND / 2);
    isSecond = true;
    await clock.advance(MINUTE);
    assert.equal(isOver(), true, change);
    assert.equal(stopped.length, stops, change);
  }
});

Deno.test("a bucket that is away for hours ends no keeper, one that is gone for a day does", async () => {
  const failures = [new OutsideError("The folder is away"), new AccessError("Permission denied")];
  for (const failure of failures) {
    const { clock, store, begun, lines, end } = await keeping([fault("away", MINUTE)]);
    await clock.advance(MINUTE / 2);
    store.before = () => {
      throw failure;
    };
    await clock.advance(2 * MINUTE);
    clock.pause(5 * HOUR);
    await clock.advance(2 * MINUTE);
    assert.equal(begun.length, 1);
    store.before = () => {};
    await clock.advance(2 * MINUTE);
    assert.equal(begun.length, 2);
    assert.equal(lines.filter((line) => line.includes("Retrying until it works")).length, 1);
    await end();
  }
  const { clock, store, done } = await keeping([fault("away", MINUTE)]);
  await clock.advance(MINUTE / 2);
  store.before = () => {
    throw new OutsideError("The folder is away");
  };
  await clock.advance(2 * MINUTE);
  const gone = assert.rejects(done, /The folder is away/);
  clock.pause(24 * HOUR);
  await clock.advance(2 * MINUTE);
  await gone;
});

Deno.test("whatever answer to a write of the keeper is lost, each harvester is begun once", async () => {
  for (let lost = 1; lost <= 5; lost++) {
    const { clock, store, begun, kept, end } = await keeping([fault("away", MINUTE), forEver]);
    let writes = 0;
    store.after = () => {
      if (++writes === lost) throw new OutsideError("The answer is lost");
    };
    await clock.advance(3 * MINUTE);
    assert.equal(begun.length, 2, `${lost}`);
    assert.deepEqual([(await kept())?.state, (await kept())?.fault?.tries], ["running", 1]);
    await end();
  }
});
