import assert from "node:assert/strict";
import { RENEW_EVERY_MS } from "../../lib/bucket/lease.ts";
import { LEASE_TTL_MS, unlock } from "../../lib/bucket/lock.ts";
import { ConflictError, LockedError, OutsideError } from "../../lib/base/errors.ts";
import { begin, cut, failing, OVER } from "./forgetful_store.ts";

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
