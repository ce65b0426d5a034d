import assert from "node:assert/strict";
import { LIFETIME, readLock, RENEWAL, takeLease, unlock } from "../../lib/bucket/lease.ts";
import { processIsGone, thisProcess } from "../../lib/bucket/process.ts";
import { LockedError, OutsideError } from "../../lib/errors.ts";
import { ManualClock } from "../fakes/manual_clock.ts";
import { MemoryStore } from "../fakes/memory_store.ts";

const never = () => false;

function options(
  store: MemoryStore,
  clock: ManualClock,
  id: string,
  isGone: (lock: { pid: number }) => boolean = never,
) {
  return {
    store,
    clock,
    collectionId: "c",
    holder: { id, host: "h", pid: 7, control: "http://h:1/" },
    isGone,
  };
}

async function lock(store: MemoryStore) {
  const found = await store.get("collections/c/lock.json");
  return found && JSON.parse(new TextDecoder().decode(found.bytes));
}

Deno.test("a lease that is held is refused to others, with who holds it and until when", async () => {
  const [store, clock] = [new MemoryStore(), new ManualClock()];
  const lease = await takeLease(options(store, clock, "a"));
  await assert.rejects(takeLease(options(store, clock, "b")), (error) => {
    assert.ok(error instanceof LockedError);
    assert.match(error.message, /since 2026-01-02T03:04:05\.000Z by h \(process 7\)/);
    assert.match(error.hint ?? "", /2026-01-02T03:05:05\.000Z.*harvest unlock c/);
    return true;
  });
  await lease.release();
  assert.equal(await lock(store), null);
  await (await takeLease(options(store, clock, "b"))).release();
});

Deno.test("a lease is renewed for as long as it is held, and says what its holder does", async () => {
  const [store, clock] = [new MemoryStore(), new ManualClock()];
  const lease = await takeLease(options(store, clock, "a"));
  for (let i = 0; i < 9; i++) await clock.advance(RENEWAL);
  await assert.rejects(takeLease(options(store, clock, "b")), LockedError);
  const progress = {
    collection_id: "c",
    harvest_timestamp: "t",
    tweets: 5,
    files: 1,
    file_bytes: 9,
  };
  lease.update({ progress, harvest_id: "t" });
  await clock.advance(RENEWAL);
  const found = await lock(store);
  assert.equal(found.progress.tweets, 5);
  assert.equal(Date.parse(found.expires) - clock.now(), LIFETIME);
  lease.check();
  await lease.release();
});

Deno.test("a lease that was not renewed is over after its lifetime, and can be taken over", async () => {
  const [store, clock] = [new MemoryStore(), new ManualClock()];
  const first = await takeLease(options(store, clock, "a"));
  store.before = ({ method }) => {
    if (method === "put") throw new OutsideError("The store is away");
  };
  await clock.advance(LIFETIME - 1);
  await assert.rejects(takeLease(options(store, clock, "b")), LockedError);
  first.check();
  await clock.advance(2);
  store.before = () => {};
  assert.throws(() => first.check(), /was lost: it could not be renewed/);
  const second = await takeLease(options(store, clock, "b"));
  assert.equal((await lock(store)).holder, "b");
  await first.release();
  assert.equal((await lock(store)).holder, "b", "the old holder leaves the new one's lock alone");
  await second.release();
});

Deno.test("a store that is away for less than the lifetime costs nothing", async () => {
  const [store, clock] = [new MemoryStore(), new ManualClock()];
  const lease = await takeLease(options(store, clock, "a"));
  let failures = 2;
  store.before = ({ method }) => {
    if (method === "put" && failures-- > 0) throw new OutsideError("The store is away");
  };
  for (let i = 0; i < 6; i++) await clock.advance(RENEWAL);
  lease.check();
  await lease.release();
});

Deno.test("a holder that was paused finds out at its next check and at its next renewal", async () => {
  const [store, clock] = [new MemoryStore(), new ManualClock()];
  const paused = await takeLease(options(store, clock, "a"));
  const other = await takeLease({ ...options(store, clock, "b"), isGone: () => true });
  await clock.advance(RENEWAL);
  assert.equal(paused.lost.aborted, true);
  assert.throws(() => paused.check(), /took it/);
  other.check();
  await paused.release();
  await other.release();
});

Deno.test("the lease of a process that is gone is taken over at once", async () => {
  const [store, clock] = [new MemoryStore(), new ManualClock()];
  const dead = await takeLease(options(store, clock, "a"));
  const found = await readLock(store, "c", { clock, isGone: ({ pid }) => pid === 7 });
  assert.equal(found?.live, false);
  const lease = await takeLease(options(store, clock, "b", ({ pid }) => pid === 7));
  await dead.release();
  await lease.release();
});

Deno.test("of many who want it at the same time one gets it", async () => {
  const [store, clock] = [new MemoryStore(), new ManualClock()];
  const tries = await Promise.allSettled(
    Array.from({ length: 10 }, (_, i) => takeLease(options(store, clock, `${i}`))),
  );
  const won = tries.flatMap((result) => result.status === "fulfilled" ? [result.value] : []);
  assert.equal(won.length, 1);
  for (const lease of won) await lease.release();
});

Deno.test("the original's lock, which says nothing, holds until somebody unlocks", async () => {
  const [store, clock] = [new MemoryStore(), new ManualClock()];
  await store.put("collections/c/lock.json", new TextEncoder().encode("{}"));
  await assert.rejects(takeLease(options(store, clock, "a")), /Collection c is locked/);
  assert.equal(await unlock(store, "c"), true);
  assert.equal(await unlock(store, "c"), false);
  await (await takeLease(options(store, clock, "a"))).release();
});

Deno.test("a process of this machine is known to live or to be gone; of others nothing is known", async () => {
  assert.equal(processIsGone(thisProcess()), false);
  const child = new Deno.Command(Deno.execPath(), { args: ["--version"], stdout: "null" }).spawn();
  await child.status;
  assert.equal(processIsGone({ ...thisProcess(), pid: child.pid }), true);
  assert.equal(processIsGone({ host: "elsewhere", pid: child.pid }), false);
});
