import assert from "node:assert/strict";
import { LIFETIME, unlock } from "../../lib/bucket/lock.ts";
import { LockedError } from "../../lib/errors.ts";
import { jsonBytes } from "../../lib/json.ts";
import { MemoryStore } from "../fakes/memory_store.ts";
import { leasing } from "./leasing.ts";

const KEY = "collections/news/lock.json";

const begin = () => leasing(new MemoryStore());

Deno.test("a lock whose address is none is a lock with an end all the same", async () => {
  const { store, clock, look } = begin();
  const time = new Date(clock.now() + 60_000).toISOString();
  const times = { acquired: time, renewed: time, expires: time };
  const lock = { holder: "a", host: "b", pid: 1, control: "\u001b[2J", ...times };
  await store.put(KEY, jsonBytes(lock));
  const found = await look();
  assert.deepEqual([found?.live, found?.document?.control], [true, undefined]);
  await clock.advance(60_000);
  assert.equal((await look())?.live, false);
});

Deno.test("a lock of the Python original, or one that nobody understands, is held until unlocked", async () => {
  for (const text of ['{"harvest_id": "x"}', '{"holder":"a","host":"h","pid":1}', "{}"]) {
    const { store, clock, take, look } = begin();
    await store.put(KEY, new TextEncoder().encode(text));
    clock.jump(24 * 3_600_000);
    const held = { document: null, live: true, isIncredible: false, version: "v1" };
    assert.deepEqual(await look(), held);
    await assert.rejects(take("b", { isGone: () => true }), {
      name: "LockedError",
      hint: /twarc-cloud harvest unlock news/,
    });
    assert.equal(await unlock(store, "news"), true);
    assert.equal(await unlock(store, "news"), false);
    await (await take("b")).release();
  }
});

Deno.test("what no harvester can have written is no lock: it is taken over at once", async () => {
  for (const text of ["", "{]", "\0\0\0", "[]", "7"]) {
    const { store, take, look } = begin();
    await store.put(KEY, new TextEncoder().encode(text));
    assert.equal((await look())?.live, false);
    await (await take("b")).release();
  }
});

for (const expires of ["2056-01-01T00:00:00.000Z", "some day"]) {
  Deno.test(`a lock that ends ${expires} is over when it is not renewed for a minute`, async () => {
    const { store, clock, take, look } = begin();
    const lock = { holder: "x", host: "h", pid: 1, acquired: expires, renewed: expires, expires };
    await store.put(KEY, jsonBytes(lock));
    assert.equal((await look())?.isIncredible, true);
    const taking = take("b");
    await clock.advance(LIFETIME);
    assert.equal((await look())?.document?.holder, "x");
    await clock.advance(5_000);
    await (await taking).release();
    assert.equal(await look(), null);
  });
}

Deno.test("a lock that ends in thirty years and is renewed is held", async () => {
  const { store, clock, take } = begin();
  const times = { acquired: "2056", renewed: "2056", expires: "2056-01-01T00:00:00.000Z" };
  const lock = { holder: "x", host: "h", pid: 1, ...times };
  await store.put(KEY, jsonBytes(lock));
  const taking = assert.rejects(take("b"), LockedError);
  await clock.advance(20_000);
  await store.put(KEY, jsonBytes({ ...lock, renewed: "2057" }));
  await clock.advance(LIFETIME);
  await taking;
});

Deno.test("who is told to end does not watch a lock any longer, and takes none", async () => {
  const { store, take, look } = begin();
  const times = { acquired: "2056", renewed: "2056", expires: "2056-01-01T00:00:00.000Z" };
  await store.put(KEY, jsonBytes({ holder: "x", host: "h", pid: 1, ...times }));
  const told = new AbortController();
  const taking = assert.rejects(take("b", { signal: told.signal }), LockedError);
  told.abort();
  await taking;
  assert.equal((await look())?.document?.holder, "x");
});

Deno.test("a lock ends at its time even if its progress is not understood", async () => {
  const { store, clock, take, look } = begin();
  const dead = await take("a");
  await dead.release();
  const expires = new Date(clock.now() + 1_000).toISOString();
  const times = { acquired: expires, renewed: expires, expires };
  await store.put(KEY, jsonBytes({ holder: "x", host: "h", pid: 1, ...times, progress: "much" }));
  assert.equal((await look())?.document?.holder, "x");
  await assert.rejects(take("b"), LockedError);
  await clock.advance(1_000);
  await (await take("b")).release();
});
