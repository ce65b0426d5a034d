import assert from "node:assert/strict";
import { type Lease, RENEW_EVERY_MS } from "../../lib/bucket/lease.ts";
import { LEASE_TTL_MS, unlock } from "../../lib/bucket/lock.ts";
import { LockedError } from "../../lib/base/errors.ts";
import { jsonBytes } from "../../lib/base/json_bytes.ts";
import { ManualClock } from "../fakes/manual_clock.ts";
import { MemoryStore } from "../fakes/memory_store.ts";
import { leasing } from "./leasing.ts";

const KEY = "collections/news/lock.json";
const HOUR = 3_600_000;
/** Milliseconds that a lock is watched. */
const WATCHED = LEASE_TTL_MS + 5_000;

/** A store that tells how old a lock is, as S3 does. */
const begin = () => leasing(new MemoryStore());
/** One that does not, as a folder. */
const inFolder = () => leasing(new MemoryStore(), { hasTime: false });

/** A lock that says of itself that it ends at a time. */
function lockUntil(expires: string, more = {}): Uint8Array {
  const times = { acquired: expires, renewed: expires, expires };
  return jsonBytes({ holder: "x", host: "h", pid: 1, ...times, ...more });
}

Deno.test("a lock whose address is none is a lock with an end all the same", async () => {
  const { store, clock, look } = begin();
  await store.put(KEY, lockUntil("2026-01-02T03:05:05.000Z", { control: "\u001b[2J" }));
  const found = await look();
  assert.deepEqual([found?.live, found?.document?.control], [true, undefined]);
  await clock.advance(61_000);
  assert.equal((await look())?.live, false);
});

Deno.test("a lock of the Python original, or one that nobody understands, is held until unlocked", async () => {
  for (const text of ['{"harvest_id": "x"}', '{"holder":"a","host":"h","pid":1}', "{}"]) {
    const { store, clock, take, look } = begin();
    await store.put(KEY, new TextEncoder().encode(text));
    await clock.advance(24 * HOUR);
    const held = { document: null, live: true, isDoubtful: false, version: "v1" };
    assert.deepEqual(await look(), held);
    await assert.rejects(take("b", { isGone: () => true }), {
      name: "LockedError",
      hint: /twarc-cloud harvest unlock news/,
    });
    assert.equal(await unlock(store, "news"), null);
    assert.equal(await unlock(store, "news"), undefined);
    await (await take("b")).release();
  }
});

Deno.test("a lock is removed while it is renewed, and not in place of one that another has taken", async () => {
  const { store, take, look } = begin();
  const lease = await take("a");
  const once = (act: () => Promise<void>) => {
    store.before = async ({ method }) => {
      if (method !== "delete") return;
      store.before = () => {};
      await act();
    };
  };
  once(() => lease.renewNow());
  assert.equal((await unlock(store, "news"))?.holder, "a");
  assert.equal(await look(), null);
  await lease.release();
  const first = await take("a");
  let other: Lease | undefined;
  once(async () => {
    await store.delete(KEY);
    other = await take("b");
  });
  await assert.rejects(unlock(store, "news"), { name: "LockedError", message: /by host-b/ });
  assert.equal((await look())?.document?.holder, "b");
  await first.release();
  await other?.release();
});

Deno.test("what no harvester can have written is no lock: it is taken over at once", async () => {
  for (const text of ["", "{]", "\0\0\0", "[]", "7"]) {
    const { store, take, look } = begin();
    await store.put(KEY, new TextEncoder().encode(text));
    assert.equal((await look())?.live, false);
    await (await take("b")).release();
  }
});

for (const expires of ["1999-01-01T00:00:00.000Z", "2056-01-01T00:00:00.000Z", "some day"]) {
  Deno.test(`a lock that ends ${expires} lasts for as long as any other by the store's own time`, async () => {
    const { store, clock, take, look } = begin();
    await store.put(KEY, lockUntil(expires));
    await clock.advance(LEASE_TTL_MS);
    assert.deepEqual(await look().then((found) => [found?.live, found?.isDoubtful]), [true, false]);
    await assert.rejects(take("b"), LockedError);
    await clock.advance(1_000);
    await (await take("b")).release();
  });

  Deno.test(`a lock in a folder that ends ${expires} is over when it was watched for a minute`, async () => {
    const { store, clock, take, look } = inFolder();
    await store.put(KEY, lockUntil(expires));
    assert.equal((await look())?.isDoubtful, true);
    const said: string[] = [];
    const taking = take("b", { onWatch: (text) => said.push(text) });
    await clock.advance(WATCHED - 1);
    assert.equal((await look())?.document?.holder, "x");
    assert.match(said.join(), /last renewed at .* waiting 65 seconds for a renewal$/);
    await clock.advance(1);
    await (await taking).release();
    assert.equal(await look(), null);
  });
}

for (const ahead of [61_000, HOUR, 24 * HOUR, -HOUR]) {
  Deno.test(`a machine whose clock is ${ahead / 1_000} s ahead takes no lease from a living owner`, async () => {
    for (const { store, clock, take, look } of [begin(), inFolder()]) {
      const owner = await take("a");
      const wrong = new ManualClock(clock.now() + ahead);
      wrong.sleep = clock.sleep.bind(clock);
      wrong.monotonic = clock.monotonic.bind(clock);
      const refused = assert.rejects(take("b", { clock: wrong }), LockedError);
      await clock.advance(WATCHED);
      await refused;
      assert.equal(owner.lostSignal.aborted, false);
      assert.equal((await look())?.document?.holder, "a");
      await owner.release();
      assert.deepEqual(store.keys(), []);
    }
  });
}

Deno.test("who watches a lock knows of its renewal at once, and of its end", async () => {
  const { store, clock, take } = inFolder();
  await store.put(KEY, lockUntil("2056-01-01T00:00:00.000Z"));
  const refused = assert.rejects(take("b"), LockedError);
  await clock.advance(RENEW_EVERY_MS);
  await store.put(KEY, lockUntil("2057-01-01T00:00:00.000Z"));
  await clock.advance(5_000);
  await refused;
  const taking = take("b");
  await clock.advance(RENEW_EVERY_MS);
  await store.delete(KEY);
  await clock.advance(5_000);
  await (await taking).release();
});

Deno.test("of two that have watched a lock one gets it, and the other is told by whom", async () => {
  const { store, clock, take, look } = inFolder();
  await store.put(KEY, lockUntil("1999-01-01T00:00:00.000Z"));
  const wrong = new ManualClock(clock.now() + HOUR);
  wrong.sleep = clock.sleep.bind(clock);
  wrong.monotonic = clock.monotonic.bind(clock);
  const both = Promise.allSettled([take("b", { clock: wrong }), take("c", { clock: wrong })]);
  await clock.advance(WATCHED);
  const results = await both;
  assert.deepEqual(results.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
  for (const result of results) if (result.status === "fulfilled") await result.value.release();
  assert.equal(await look(), null);
});

Deno.test("who is told to end does not watch a lock any longer, and takes none", async () => {
  const { store, take, look } = inFolder();
  await store.put(KEY, lockUntil("2056-01-01T00:00:00.000Z"));
  const told = new AbortController();
  const taking = assert.rejects(take("b", { signal: told.signal }), LockedError);
  told.abort();
  await taking;
  assert.equal((await look())?.document?.holder, "x");
});

Deno.test("a lock ends at its time even if its progress is not understood", async () => {
  const { store, clock, take, look } = begin();
  await store.put(KEY, lockUntil("2026-01-02T03:05:05.000Z", { progress: "much" }));
  assert.equal((await look())?.document?.holder, "x");
  await assert.rejects(take("b"), LockedError);
  await clock.advance(61_000);
  await (await take("b")).release();
});

Deno.test("what only looks at a folder takes a lock for one that is left ten minutes after its end, unless its process lives here", async () => {
  const { store, clock, look } = inFolder();
  await store.put(KEY, lockUntil("2026-01-02T03:05:05.000Z"));
  await clock.advance(60_000 + 599_999);
  assert.equal((await look())?.live, true);
  await clock.advance(1);
  assert.equal((await look())?.live, false);
  assert.equal((await look({ isGone: () => false }))?.live, true);
});
