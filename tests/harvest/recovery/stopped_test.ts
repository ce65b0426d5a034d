import assert from "node:assert/strict";
import { listCoverage } from "../../../lib/archive/coverage.ts";
import { gapLook } from "../../../lib/archive/gap_fill.ts";
import { listGaps } from "../../../lib/archive/gap_list.ts";
import { verify } from "../../../lib/archive/verify.ts";
import type { Clock } from "../../../lib/base/clock.ts";
import { OutsideError, UserError } from "../../../lib/base/errors.ts";
import { readCheckpoint } from "../../../lib/bucket/checkpoint_state.ts";
import { Collections } from "../../../lib/bucket/collections.ts";
import { readCoverage, recordDeed } from "../../../lib/bucket/coverage.ts";
import { acquireLease } from "../../../lib/bucket/lease.ts";
import { unlock } from "../../../lib/bucket/lock.ts";
import { traitsFor } from "../../../lib/collection/types/traits.ts";
import { recover } from "../../../lib/harvest/recovery/recover.ts";
import { World } from "../../../lib/sandbox/world.ts";
import { idTime } from "../../../lib/twitter/bytes/ids.ts";
import { stoppedAt } from "../../../lib/source/stopped_stream.ts";
import { dieAt } from "../../fakes/dying_store.ts";
import { withFolder } from "../../fakes/folder.ts";
import type { MemoryStore } from "../../fakes/memory_store.ts";
import { movedClock } from "../../fakes/moved_clock.ts";
import { FILTER } from "../../fakes/slow_stream.ts";
import { placeIn } from "../../fakes/spool_places.ts";
import { until } from "../../fakes/until.ts";
import { added, run, told, tweets } from "../../fakes/whole_harvest.ts";
import { WorldApi } from "../../fakes/world_api.ts";

const MINUTE = 60_000;

/** A stream of version 2, with its time in minutes since it began. */
async function stage(api: "1.1" | "2" = "2") {
  const { clock, move } = movedClock();
  const since = clock.now();
  const world = World.create({ clock, users: 1, tweetsPerUser: 0 });
  const [user = ""] = world.users.keys();
  const store = await added({ ...FILTER, api, filter: { track: "sandbox" } }, clock);
  /** Each minute has a tweet, whether anybody listens to it or not. */
  const pass = (minutes: number) => {
    for (let i = 0; i < minutes; i++) {
      move(MINUTE);
      world.post(user);
    }
  };
  /** Listens for some minutes, after which `end` says what happens. */
  const listen = async (minutes: number, end: "kill" | "fail" | "stop") => {
    const source = new WorldApi(world);
    const searched: string[] = [];
    const search = source.search.bind(source);
    source.search = async (query, at, signal) => {
      const page = await search(query, at, signal);
      for (const line of page.lines) {
        searched.push(JSON.parse(new TextDecoder().decode(line)).id_str);
      }
      return page;
    };
    await unlock(store, "c");
    const stop = new AbortController();
    source.stream = async function* () {
      for (let i = 0; i < minutes; i++) {
        move(MINUTE);
        const [status] = world.post(user);
        assert.ok(status);
        yield { tweets: [{ id: `${status.id}`, line: status.bytes() }], messages: [] };
        // The gap is searched beside the stream.
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      const isCommitted = async () => {
        const { files = [] } = await readCheckpoint(store, "c") ?? {};
        return files.reduce((sum, { tweets }) => sum + tweets, 0) === minutes;
      };
      if (end !== "stop") await until(isCommitted);
      // As `kill -9` does: nothing is written any more, and the lock stays.
      if (end === "kill") store.before = dead;
      if (end === "fail") throw new UserError("The keys are refused");
      stop.abort();
    };
    await run(store, source, { clock, signal: stop.signal }).catch(() => {});
    store.before = () => {};
    return searched.map((id) => minuteOf(idTime(id)));
  };
  const minuteOf = (time: number) => Math.round((time - since) / MINUTE);
  const deed = (what: "start" | "stop") => {
    move(1_000);
    return recordDeed({ store, clock, collectionId: "c" }, { what });
  };
  return { store, clock, pass, listen, deed, minuteOf };
}

function dead(): never {
  throw new OutsideError("The process is dead");
}

/** Finalizes the last harvest, as `filter-stop` does. */
async function finalize(store: MemoryStore, clock: Clock) {
  await unlock(store, "c");
  const process = { host: "here", pid: 1 };
  const holder = { id: crypto.randomUUID(), ...process };
  const of = { store, clock, collectionId: "c", signal: new AbortController().signal };
  const lease = await acquireLease({ ...of, holder, isGone: () => true });
  try {
    await withFolder(async (parent) => {
      const spool = await placeIn(parent, { process });
      await recover({ ...of, lease, holder: holder.id, spool, process });
    });
  } finally {
    await lease.release();
  }
}

/** What `coverage`, `gaps` and `verify` say, in minutes. */
async function said({ store, clock, minuteOf }: Awaited<ReturnType<typeof stage>>) {
  const { config } = await new Collections(store, clock).load("c");
  const { positions = {} } = await readCheckpoint(store, "c") ?? {};
  const now = clock.now();
  const look = gapLook(config, positions, now);
  const gaps = await listGaps(store, "c", look);
  const records = await readCoverage(store, "c");
  const span = ({ from, to }: { from: string; to: string }) =>
    [minuteOf(Date.parse(from)), minuteOf(Date.parse(to))] as const;
  const { signal } = new AbortController();
  const found = await verify({
    store,
    clock,
    collectionId: "c",
    isGone: () => true,
    onFile() {},
    signal,
  });
  return {
    coverage: listCoverage({ records, gaps, traits: traitsFor("filter"), now, reach: look.reach })
      .map((one) => [...span(one), one.state]).filter(([from, to]) => from !== to),
    gaps: gaps.map((one) => [...span(one), one.status]),
    verify: found.gaps?.map((one) => [...span(one), one.status]),
    faults: found.faults,
  };
}

for (const isFinalized of [true, false]) {
  const where = isFinalized ? "by the stop itself" : "by the next harvest";
  Deno.test(`what a killed stream missed ends at its stop, and the silence after that is neither a gap nor searched, ${where}`, async () => {
    const place = await stage();
    const { store, clock, pass, listen, deed } = place;
    await listen(10, "kill");
    pass(5);
    await deed("stop");
    const silence = (to: number) => [
      [1, 10, "harvested"],
      [10, 15, "missed"],
      [15, to, "silent on purpose"],
    ];
    pass(40);
    if (isFinalized) {
      await finalize(store, clock);
      const now = await said(place);
      assert.deepEqual(now.faults, []);
      assert.deepEqual([now.gaps, now.verify], [[[10, 15, "due"]], [[10, 15, "due"]]]);
      assert.deepEqual(now.coverage, silence(55));
      await finalize(store, clock);
      assert.deepEqual(await said(place), now, "a second time changes nothing");
    }
    await deed("start");
    const searched = await listen(5, "stop");
    assert.deepEqual(searched.toSorted((a, b) => a - b), [11, 12, 13, 14, 15]);
    await deed("stop");
    const then = await said(place);
    assert.deepEqual(then.faults, []);
    assert.deepEqual([then.gaps, then.verify], [[[10, 15, "filled"]], [[10, 15, "filled"]]]);
    const [first, ...rest] = then.coverage;
    assert.deepEqual(first, [1, 15, "harvested"]);
    assert.deepEqual(rest, [
      [15, 55, "silent on purpose"],
      [55, 56, "missed"],
      [56, 60, "harvested"],
    ]);
    const collected = await tweets(store);
    assert.equal(new Set(collected).size, 20);
    assert.equal(collected.length, 20);
  });
}

Deno.test("a stream that failed, and one of version 1.1, are silent on purpose from their stop as well", async () => {
  for (const [api, end] of [["2", "fail"], ["1.1", "kill"]] as const) {
    const place = await stage(api);
    const { store, clock, pass, listen, deed } = place;
    await listen(10, end);
    pass(5);
    await deed("stop");
    pass(40);
    await finalize(store, clock);
    const { coverage, gaps, verify, faults } = await said(place);
    assert.deepEqual(faults, []);
    const missed = [[10, 15, api === "2" ? "due" : "beyond reach"]];
    assert.deepEqual([gaps, verify], [missed, missed]);
    assert.deepEqual(coverage, [
      [1, 10, "harvested"],
      [10, 15, "missed"],
      [15, 55, "silent on purpose"],
    ]);
    assert.equal((await told(store)).at(-1)?.gaps, 1);
    await deed("start");
    assert.equal((await listen(3, "stop")).length, api === "2" ? 5 : 0);
  }
});

Deno.test("a stop that dies between any two of its writes is completed, with one gap", async () => {
  for (let nth = 1;; nth++) {
    const place = await stage();
    const { store, clock, pass, listen, deed } = place;
    await listen(2, "kill");
    pass(5);
    await deed("stop");
    pass(10);
    const death = dieAt(store, nth);
    await finalize(store, clock).catch(() => {});
    store.before = () => {};
    await finalize(store, clock);
    const { gaps, faults } = await said(place);
    assert.deepEqual([nth, gaps, faults], [nth, [[2, 7, "due"]], []]);
    if (!death.died) break;
    assert.ok(nth < 100);
  }
});

Deno.test("a stream that goes on exactly where it was has missed nothing, and one that was stopped in good order neither", async () => {
  const place = await stage();
  const { store, clock, pass, listen, deed } = place;
  await listen(5, "stop");
  pass(5);
  await deed("stop");
  await finalize(store, clock);
  assert.deepEqual((await said(place)).gaps, []);
  const at = clock.now();
  const stream = { at, ids: [], cursor: 7 };
  const { config } = await new Collections(store, clock).load("c");
  assert.equal(stoppedAt(config, { stream }, at + MINUTE), null);
  assert.notEqual(stoppedAt(config, { stream: { at, ids: [] } }, at + MINUTE), null);
});
