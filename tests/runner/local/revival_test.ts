import assert from "node:assert/strict";
import { thisProcess } from "../../../lib/bucket/process.ts";
import { isoTime } from "../../../lib/base/clock.ts";
import { ConflictError, OutsideError } from "../../../lib/base/errors.ts";
import { collectionKeys } from "../../../lib/collection/layout.ts";
import { jsonBytes } from "../../../lib/base/json_bytes.ts";
import { type FoundKept, type Kept, keptKey, writeKept } from "../../../lib/runner/local/kept.ts";
import { reviveKept } from "../../../lib/runner/local/kept_start.ts";
import type { Runner } from "../../../lib/runner/runner.ts";
import { ManualClock } from "../../fakes/manual_clock.ts";
import { MemoryStore } from "../../fakes/memory_store.ts";
import { begun, MINUTE, recording, SECOND } from "../scheduling.ts";

const HERE = thisProcess();
/** A process of this machine that is gone. */
const GONE = { ...HERE, pid: 2 ** 22 + 1 };
/** One of the machine's run before. */
const BEFORE = { ...HERE, boot_id: "11111111-1111-4111-8111-111111111111" };

/** A scheduler that looks after a harvester that is to be alive. */
async function watching(kept: Partial<Kept>, spawn: () => Error | null = () => null) {
  const [store, clock, revived] = [new MemoryStore(), new ManualClock(), [] as number[]];
  const since = isoTime(clock.now());
  const first = { collection_id: "live", flags: {}, since, keeper: "first", state: "running" };
  await store.put(keptKey("live"), jsonBytes({ ...first, ...kept }));
  const revive = (found: FoundKept) =>
    reviveKept(found, {
      documents: store,
      spawn() {
        revived.push(clock.monotonic() / SECOND);
        const error = spawn();
        return error ? Promise.reject(error) : Promise.resolve(() => Promise.resolve(null));
      },
    });
  const runner: Runner = { ...recording([]), revive };
  const { lines, end } = begun(store, clock, runner, 5 * SECOND);
  const found = async () =>
    JSON.parse(new TextDecoder().decode((await store.get(keptKey("live")))?.bytes));
  const lock = async () => {
    const [now, expires] = [isoTime(clock.now()), isoTime(clock.now() + MINUTE)];
    const holder = { holder: "h", host: "another", pid: 7 };
    const document = { ...holder, acquired: now, renewed: now, expires };
    await store.put(collectionKeys("live").lock, jsonBytes(document));
  };
  return { store, clock, revived, lines, end, found, lock };
}

Deno.test("what is to be alive is started as soon as its keeper is gone for sure", async () => {
  const { clock, revived, lines, end, found } = await watching({ process: GONE });
  await clock.advance(MINUTE / 2);
  await end();
  assert.equal(revived.length, 1);
  assert.match(lines[0] ?? "", /Restarting live: its harvester and its keeper no longer run/);
  const { keeper, state, process } = await found();
  assert.notEqual(keeper, "first");
  assert.deepEqual([state, process], ["waiting", undefined]);
});

Deno.test("what is started again whose document was written, and the answer lost, is started by who wrote it", async () => {
  for (const lost of [new ConflictError("live"), new OutsideError("The connection was reset")]) {
    const { store, clock, revived, end } = await watching({ process: GONE });
    store.after = ({ key }) => {
      if (key !== keptKey("live")) return;
      store.after = () => {};
      throw lost;
    };
    await clock.advance(MINUTE / 2);
    await end();
    assert.equal(revived.length, 1, lost.name);
  }
});

Deno.test("a keeper that may be there is watched for longer than it would take, after a restart of the machine too, and through the wait before its next try", async () => {
  for (const process of [HERE, BEFORE]) {
    const running = await watching({ process });
    await running.clock.advance(1.9 * MINUTE);
    assert.deepEqual(running.revived, []);
    await running.clock.advance(MINUTE / 4);
    assert.equal(running.revived.length, 1);
    await running.end();
  }

  const process = HERE;
  const since = isoTime(0);
  const fault = {
    since,
    tries: 8,
    problem: "Away.",
    exit_code: 3,
    next: since,
    wait_ms: 3 * MINUTE,
  };
  const waiting = await watching({ process, state: "waiting", fault });
  await waiting.clock.advance(4.9 * MINUTE);
  assert.deepEqual(waiting.revived, []);
  await waiting.clock.advance(MINUTE / 4);
  assert.equal(waiting.revived.length, 1);
  await waiting.end();
});

Deno.test("what runs, what changes, and what a person has to see to are left alone", async () => {
  const runs = await watching({ process: GONE });
  for (let i = 0; i < 8; i++) {
    await runs.lock();
    await runs.clock.advance(MINUTE / 2);
  }
  await runs.end();
  assert.deepEqual(runs.revived, []);

  const changes = await watching({ process: HERE });
  for (let i = 0; i < 4; i++) {
    await writeKept(changes.store, await changes.found());
    await changes.clock.advance(MINUTE);
  }
  await changes.end();
  assert.deepEqual(changes.revived, []);

  const ended = await watching({ process: GONE, state: "ended" });
  await ended.clock.advance(3 * MINUTE);
  await ended.end();
  assert.deepEqual(ended.revived, []);
});

Deno.test("a process that cannot be started is reported once, and tried again", async () => {
  const failure = new OutsideError("A harvester cannot be started: ENOENT");
  let left = 2;
  const { clock, revived, lines, end } = await watching(
    { process: GONE },
    () => left-- > 0 ? failure : null,
  );
  await clock.advance(8 * MINUTE);
  await end();
  assert.ok(revived.length >= 3, `${revived}`);
  assert.equal(lines.filter((line) => line.includes("ENOENT")).length >= 1, true);
  assert.match(lines.at(-1) ?? "", /Restarting live/);
});

Deno.test("a document that is damaged is reported once, and keeps nothing else waiting", async () => {
  const { store, clock, revived, lines, end } = await watching({ process: GONE });
  await store.put(keptKey("bad"), new TextEncoder().encode("\0\0\0"));
  await clock.advance(MINUTE / 2);
  await end();
  assert.equal(revived.length, 1);
  assert.equal(lines.filter((line) => line.includes("runner/kept/bad.json is skipped")).length, 1);
});

Deno.test("a lock that was left by a restart, whose end one look cannot tell, is watched and keeps nothing from starting", async () => {
  const { clock, revived, end, lock } = await watching({ process: BEFORE });
  await lock();
  await clock.advance(1.9 * MINUTE);
  assert.deepEqual(revived, []);
  await clock.advance(1.5 * MINUTE);
  await end();
  assert.equal(revived.length, 1);
});
