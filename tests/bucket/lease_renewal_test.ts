/** How a lease goes on: renewals that are slow, hang, fail, or come after a pause. */

import assert from "node:assert/strict";
import { RENEW_EVERY_MS } from "../../lib/bucket/lease.ts";
import { LEASE_TTL_MS, unlock } from "../../lib/bucket/lock.ts";
import { LockedError, OutsideError } from "../../lib/base/errors.ts";
import { WRITE_MS } from "../../lib/store/store.ts";
import { begin, cut, failing, OVER } from "./forgetful_store.ts";

const INFO = {
  collection_id: "news",
  harvest_timestamp: "2026-01-02T03:04:05.000Z",
  tweets: 7,
  files: 1,
  file_bytes: 100,
};

/** Milliseconds after a renewal from which on a write might outlast the lease. */
const TOO_LATE = LEASE_TTL_MS - WRITE_MS;

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
