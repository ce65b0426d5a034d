import assert from "node:assert/strict";
import { RENEW_EVERY_MS } from "../../lib/bucket/lease.ts";
import { LEASE_TTL_MS, unlock } from "../../lib/bucket/lock.ts";
import { ConflictError, LockedError, OutsideError } from "../../lib/base/errors.ts";
import { type Version, type When, WRITE_MS } from "../../lib/store/store.ts";
import { ManualClock } from "../fakes/manual_clock.ts";
import { MemoryStore } from "../fakes/memory_store.ts";
import { leasing } from "./leasing.ts";

/** Milliseconds after which others take it: a store tells times to a second. */
const OVER = LEASE_TTL_MS + 1_000;

const INFO = {
  collection_id: "news",
  harvest_timestamp: "2026-01-02T03:04:05.000Z",
  tweets: 7,
  files: 1,
  file_bytes: 100,
};

/** A store that forgets to tell that it has written, as a connection does that is cut. */
class ForgetfulStore extends MemoryStore {
  /** How many answers are lost from now on. */
  lost = 0;
  /** Whether a write whose answer is lost is tried again, as the SDK of S3 does. */
  retries = false;

  override async put(key: string, bytes: Uint8Array, when?: When): Promise<Version> {
    const version = await super.put(key, bytes, when);
    if (this.lost === 0) return version;
    this.lost--;
    if (this.retries) return await super.put(key, bytes, when);
    throw new OutsideError("The connection was cut");
  }
}

function begin(store = new ForgetfulStore(), clock = new ManualClock()) {
  const begun = leasing(store, { clock });
  const document = async () => (await begun.look())?.document;
  return { ...begun, document };
}

/** Makes renewals fail in this way. */
function failing(store: MemoryStore, act: () => void | Promise<void>): void {
  store.before = ({ method }) => method === "put" ? act() : undefined;
}

function cut(): void {
  throw new OutsideError("The network is down");
}

Deno.test("a lease says who holds it, since when, and when it ends", async () => {
  const { take, look } = begin();
  assert.equal(await look(), null);
  const lease = await take("a");
  const found = await look();
  assert.equal(found?.live, true);
  assert.deepEqual(found?.document, {
    holder: "a",
    host: "host-a",
    pid: 4711,
    acquired: "2026-01-02T03:04:05.000Z",
    renewed: "2026-01-02T03:04:05.000Z",
    expires: "2026-01-02T03:05:05.000Z",
  });
  await lease.release();
});

Deno.test("a second one is told who is at work and what to do", async () => {
  const { take } = begin();
  const lease = await take("a");
  await assert.rejects(take("b"), (error) => {
    assert.ok(error instanceof LockedError);
    assert.equal(
      error.message,
      "Collection news is being harvested by host-a (process 4711) since 2026-01-02T03:04:05.000Z",
    );
    assert.match(
      error.hint ?? "",
      /a minute after its last renewal at 2026-01-02T03:04:05.000Z.*harvest running --follow news$/,
    );
    return true;
  });
  await lease.release();
});

Deno.test("a lease that is renewed lasts, at three writes a minute", async () => {
  const { store, clock, take, document } = begin();
  const lease = await take("a");
  let writes = 0;
  failing(store, () => void writes++);
  await clock.advance(10 * 60_000);
  assert.equal(writes, 30);
  assert.equal((await document())?.acquired, "2026-01-02T03:04:05.000Z");
  assert.equal((await document())?.renewed, "2026-01-02T03:14:05.000Z");
  assert.equal((await document())?.expires, "2026-01-02T03:15:05.000Z");
  lease.check();
  await assert.rejects(take("b"), LockedError);
  await lease.release();
});

Deno.test("a lease that is not renewed is over after a minute, and taken over", async () => {
  const { store, clock, take, look } = begin();
  const dead = await take("a");
  failing(store, cut);
  await clock.advance(LEASE_TTL_MS - 1);
  assert.equal((await look())?.live, true);
  await assert.rejects(take("b"), LockedError);
  await clock.advance(1 + OVER - LEASE_TTL_MS);
  assert.equal((await look())?.live, false);
  store.before = () => {};
  const lease = await take("b");
  assert.equal((await look())?.document?.holder, "b");
  await dead.release();
  assert.equal((await look())?.document?.holder, "b");
  await lease.release();
});

Deno.test("a lease whose process is gone is taken over at once", async () => {
  const { take, document } = begin();
  const dead = await take("a");
  const lease = await take("b", { isGone: ({ host, pid }) => host === "host-a" && pid === 4711 });
  assert.equal((await document())?.holder, "b");
  await dead.release();
  await lease.release();
});

Deno.test("of two that take it at the same moment one wins, and the other is told by whom", async () => {
  const { store, take } = begin();
  const results = await Promise.allSettled([take("a"), take("b"), take("c")]);
  const [winner, ...more] = results.filter((result) => result.status === "fulfilled");
  assert.equal(more.length, 0);
  const loser = results.find((result) => result.status === "rejected");
  assert.ok(loser?.reason instanceof LockedError);
  assert.match(loser.reason.message, /by host-[abc] \(process 4711\)/);
  await winner?.value.release();
  assert.deepEqual(store.keys(), []);
});

Deno.test("one that takes it over a moment after another is told by whom", async () => {
  const { store, clock, take, document } = begin();
  const dead = await take("a");
  failing(store, cut);
  await clock.advance(OVER);
  store.before = () => {};
  const results = await Promise.allSettled([take("b"), take("c")]);
  assert.deepEqual(results.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
  assert.match((await document())?.holder ?? "", /[bc]/);
  await dead.release();
  for (const result of results) if (result.status === "fulfilled") await result.value.release();
});

Deno.test("a lease whose taking was told late, and tried twice, is one's own", async () => {
  const { store, clock, take } = begin();
  store.lost = 1;
  store.retries = true;
  const lease = await take("a");
  await clock.advance(RENEW_EVERY_MS);
  lease.check();
  await lease.release();
  assert.deepEqual(store.keys(), []);
});

Deno.test("a renewal that fails is made up for by the next", async () => {
  const { store, clock, take, document } = begin();
  const lease = await take("a");
  failing(store, cut);
  await clock.advance(RENEW_EVERY_MS * 2);
  store.before = () => {};
  await clock.advance(RENEW_EVERY_MS / 2);
  assert.equal(lease.lostSignal.aborted, false);
  await lease.renewNow();
  assert.equal((await document())?.renewed, "2026-01-02T03:04:55.000Z");
  await clock.advance(LEASE_TTL_MS);
  assert.equal(lease.lostSignal.aborted, false);
  await lease.release();
});

/** Milliseconds after a renewal from which on a write might outlast the lease. */
const TOO_LATE = LEASE_TTL_MS - WRITE_MS;

Deno.test("a lease writes nothing that may outlast it, and says why", async () => {
  const { store, clock, take } = begin();
  const lease = await take("a");
  failing(store, cut);
  await clock.advance(TOO_LATE - 1);
  lease.check();
  await clock.advance(1);
  assert.throws(() => lease.check(), { name: "OutsideError", message: /The network is down/ });
  assert.equal(lease.lostSignal.aborted, false);
  await lease.release();
});

Deno.test("a lease that was over, and that nobody took, is good again once it is renewed", async () => {
  const { store, clock, take, document } = begin();
  const lease = await take("a");
  failing(store, cut);
  await clock.advance(LEASE_TTL_MS * 10);
  assert.throws(() => lease.check(), OutsideError);
  store.before = () => {};
  await clock.advance(5_000);
  lease.check();
  assert.equal((await document())?.holder, "a");
  await lease.release();
});

Deno.test("a lease that was over, and that another took, is lost", async () => {
  const { store, clock, take, document } = begin();
  const lease = await take("a");
  failing(store, cut);
  await clock.advance(OVER);
  store.before = () => {};
  const other = await take("b");
  await clock.advance(5_000);
  assert.throws(() => lease.check(), { name: "LockedError", message: /host-b/ });
  assert.equal((await document())?.holder, "b");
  await lease.release();
  await other.release();
});

Deno.test("a process that comes back after a pause learns by asking that another took its lease", async () => {
  const { store, clock, take } = begin();
  const lease = await take("a");
  await unlock(store, "news");
  const other = await take("b");
  await lease.confirm();
  assert.ok(!lease.lostSignal.aborted, "One that was renewed of late is not asked for");
  clock.pause(RENEW_EVERY_MS + 5_000);
  await lease.confirm();
  assert.match(`${lease.lostSignal.reason}`, /host-b/);
  await lease.release();
  await other.release();
});

Deno.test("a renewal that hangs does not hide the end of the lease", async () => {
  const { store, clock, take } = begin();
  const lease = await take("a");
  const { promise, resolve } = Promise.withResolvers<void>();
  failing(store, () => promise);
  await clock.advance(LEASE_TTL_MS);
  assert.throws(() => lease.check(), OutsideError);
  resolve();
  await lease.release();
  assert.deepEqual(store.keys(), []);
});

Deno.test("a renewal that hangs keeps none from being made after it, well before the lease is over", async () => {
  const { store, clock, take, document } = begin();
  const lease = await take("a");
  const { promise, resolve } = Promise.withResolvers<void>();
  let tries = 0;
  failing(store, () => ++tries === 1 ? promise : undefined);
  await clock.advance(LEASE_TTL_MS - 1);
  lease.check();
  assert.equal((await document())?.renewed, "2026-01-02T03:04:50.000Z");
  await clock.advance(10 * LEASE_TTL_MS);
  lease.check();
  resolve();
  await clock.advance(RENEW_EVERY_MS);
  lease.check();
  assert.equal(lease.lostSignal.aborted, false);
  await lease.release();
  assert.deepEqual(store.keys(), []);
});

Deno.test("every renewal is given up before the lease is over, however many hang", async () => {
  const { store, clock, take } = begin();
  const lease = await take("a");
  const { promise, resolve } = Promise.withResolvers<void>();
  const asked: number[] = [];
  failing(store, () => {
    asked.push(clock.monotonic());
    return promise;
  });
  await clock.advance(LEASE_TTL_MS - 1);
  assert.ok(asked.length >= 3, `${asked}`);
  assert.throws(() => {
    clock.pause(1);
    lease.check();
  }, { name: "OutsideError", message: /The bucket did not respond within \d+ seconds/ });
  resolve();
  await lease.release();
  assert.deepEqual(store.keys(), []);
});

Deno.test("a lease that is given back while the store does not answer ends by itself", async () => {
  const { store, clock, take, look } = begin();
  const lease = await take("a");
  const { promise, resolve } = Promise.withResolvers<void>();
  store.before = () => promise;
  let isOver = false;
  const released = lease.release().then(() => isOver = true);
  await clock.advance(LEASE_TTL_MS / 2);
  assert.ok(isOver);
  await released;
  store.before = () => {};
  assert.equal((await look())?.document?.holder, "a");
  resolve();
  await clock.advance(0);
  assert.equal(await look(), null);
});

Deno.test("a lease whose last renewal was done, and not answered, is given back", async () => {
  const { store, clock, take } = begin();
  const lease = await take("a");
  store.lost = 1;
  await clock.advance(RENEW_EVERY_MS);
  await lease.release();
  assert.deepEqual(store.keys(), []);
});

Deno.test("a lease that cannot be taken in time is left, and is one's own for who tries again", async () => {
  const { store, clock, take, document } = begin();
  const { promise, resolve } = Promise.withResolvers<void>();
  failing(store, () => promise);
  const refused = assert.rejects(take("a"), {
    name: "OutsideError",
    message: "The bucket did not respond within 30 seconds",
  });
  await clock.advance(LEASE_TTL_MS / 2);
  await refused;
  resolve();
  await clock.advance(0);
  assert.equal((await document())?.holder, "a");
  await assert.rejects(take("b"), LockedError);
  const lease = await take("a");
  await lease.release();
  assert.deepEqual(store.keys(), []);
});

Deno.test("a slow renewal counts from when it was asked for, as the lock says", async () => {
  const { store, clock, take, document } = begin();
  const lease = await take("a");
  failing(store, () => clock.sleep(LEASE_TTL_MS / 2));
  await clock.advance(RENEW_EVERY_MS + TOO_LATE - 1);
  assert.equal((await document())?.expires, "2026-01-02T03:05:25.000Z");
  lease.check();
  await clock.advance(1);
  assert.throws(() => lease.check(), OutsideError);
  store.before = () => {};
  await clock.advance(LEASE_TTL_MS);
  await lease.release();
});

Deno.test("a renewal whose answer was lost has counted: the lease goes on", async () => {
  for (const [retries, next] of [[false, "03:04:30"], [true, "03:04:45"]] as const) {
    const { store, clock, take, document } = begin();
    const lease = await take("a");
    store.lost = 1;
    store.retries = retries;
    await clock.advance(RENEW_EVERY_MS);
    assert.equal((await document())?.renewed, "2026-01-02T03:04:25.000Z");
    await clock.advance(RENEW_EVERY_MS);
    assert.equal((await document())?.renewed, `2026-01-02T${next}.000Z`);
    await clock.advance(LEASE_TTL_MS - 1);
    assert.equal(lease.lostSignal.aborted, false);
    await lease.release();
    assert.deepEqual(store.keys(), []);
  }
});

Deno.test("a lease that another took is lost at the next renewal, which overwrites nothing", async () => {
  const { store, clock, take, document } = begin();
  const lease = await take("a");
  const other = await take("b", { isGone: () => true });
  await clock.advance(RENEW_EVERY_MS);
  assert.equal((await document())?.holder, "b");
  assert.throws(() => lease.check(), {
    name: "LockedError",
    message: /host-b \(process 4711\) took it/,
  });
  await lease.release();
  assert.equal((await document())?.holder, "b");
  await other.release();
  assert.deepEqual(store.keys(), []);
});

Deno.test("an unlock whose answer is lost has unlocked, whether or not the store tried it again", async () => {
  for (const lost of [new OutsideError("The connection was reset"), new ConflictError("lock")]) {
    const { store, take } = begin();
    const lease = await take("another");
    const remove = store.delete.bind(store);
    store.delete = async (key, when) => {
      await remove(key, when);
      throw lost;
    };
    assert.equal((await unlock(store, "news"))?.holder, "another");
    assert.equal(await unlock(store, "news"), undefined);
    store.delete = remove;
    await lease.release();
  }
});

Deno.test("a lease that was unlocked is lost at the next renewal, which does not lock again", async () => {
  const { store, clock, take } = begin();
  const lease = await take("a");
  await unlock(store, "news");
  await clock.advance(RENEW_EVERY_MS);
  assert.throws(() => lease.check(), { name: "LockedError", message: /it is not there any more/ });
  assert.deepEqual(store.keys(), []);
  await lease.release();
});

Deno.test("a process that was paused for too long notices first thing, before it writes anything", async () => {
  const { clock, take } = begin();
  const lease = await take("a");
  clock.pause(TOO_LATE - 1);
  lease.check();
  clock.pause(1);
  assert.throws(() => lease.check(), { name: "OutsideError", message: /its process was paused/ });
  await lease.release();
});

Deno.test("a process that was paused while another took the lease has lost it", async () => {
  const { store, clock, take, document } = begin();
  const lease = await take("a");
  clock.pause(OVER);
  const other = await take("b");
  await clock.advance(RENEW_EVERY_MS);
  assert.equal(lease.lostSignal.aborted, true);
  assert.equal((await document())?.holder, "b");
  await lease.release();
  await other.release();
  assert.deepEqual(store.keys(), []);
});

Deno.test("a wall clock that is set does not end a lease", async () => {
  const { clock, take, document } = begin();
  const lease = await take("a");
  clock.jump(3_600_000);
  lease.check();
  await clock.advance(RENEW_EVERY_MS);
  lease.check();
  assert.equal((await document())?.renewed, "2026-01-02T04:04:25.000Z");
  await lease.release();
});

Deno.test("what is set is shown by the next renewal, or by one that is asked for", async () => {
  const { clock, take, document } = begin();
  const lease = await take("a");
  lease.update({ control: "http://127.0.0.1:1/", harvest_id: "h" });
  assert.equal((await document())?.control, undefined);
  await clock.advance(RENEW_EVERY_MS);
  assert.equal((await document())?.control, "http://127.0.0.1:1/");
  lease.update({ progress: INFO });
  await Promise.all([lease.renewNow(), lease.renewNow()]);
  assert.equal((await document())?.progress?.tweets, 7);
  assert.equal((await document())?.harvest_id, "h");
  await lease.release();
});

Deno.test("a lease that was given back is free, and nothing goes on", async () => {
  const { store, clock, take } = begin();
  const lease = await take("a");
  await lease.release();
  assert.deepEqual(store.keys(), []);
  assert.equal(clock.sleepers, 0);
  await lease.release();
  await lease.renewNow();
  assert.deepEqual(store.keys(), []);
  const next = await take("b");
  assert.equal(lease.lostSignal.aborted, false);
  await next.release();
});

Deno.test("giving back a lease does not fail when the store does", async () => {
  const { store, take, look } = begin();
  const lease = await take("a");
  store.before = cut;
  await lease.release();
  store.before = () => {};
  assert.equal((await look())?.document?.holder, "a");
});

Deno.test("a lease that another process took and released is not said to have been unlocked by a person", async () => {
  const { store, clock, take } = begin();
  const lease = await take("a");
  await unlock(store, "news");
  const other = await take("b");
  await other.release();
  await clock.advance(RENEW_EVERY_MS);
  assert.throws(() => lease.check(), {
    name: "LockedError",
    message: /somebody removed it, or another process took it and has ended since$/,
  });
  await lease.release();
});
