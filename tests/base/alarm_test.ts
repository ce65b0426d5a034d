import assert from "node:assert/strict";
import { Alarm } from "../../lib/base/alarm.ts";
import { ManualClock } from "../fakes/manual_clock.ts";

Deno.test("waits one after the other end in their time, and one timer is set for them", async () => {
  const clock = new ManualClock();
  const alarm = new Alarm(clock);
  for (let i = 0; i < 100; i++) {
    assert.equal(await alarm.before(clock.monotonic() + 1_000, Promise.resolve(i)), i);
    clock.pause(1);
  }
  assert.equal(clock.sleepers, 1);
  const later = alarm.before(clock.monotonic() + 5_000, new Promise(() => {}));
  let isOver = false;
  later.then(() => (isOver = true));
  await clock.advance(4_999);
  assert.equal(isOver, false);
  await clock.advance(1);
  assert.equal(await later, undefined);
  const sooner = alarm.before(clock.monotonic() + 10, new Promise(() => {}));
  await clock.advance(10);
  assert.equal(await sooner, undefined);
});

Deno.test("a wait ends when it is rung, when its time was over before, and with what it fails with; none is left", async () => {
  const clock = new ManualClock();
  const alarm = new Alarm(clock);
  const endless = alarm.before(Infinity, new Promise(() => {}));
  alarm.ring();
  assert.equal(await endless, undefined);
  const over = alarm.before(clock.monotonic() - 1, new Promise(() => {}));
  await clock.advance(0);
  assert.equal(await over, undefined);
  await assert.rejects(alarm.before(9_000, Promise.reject(new Error("it failed"))), /it failed/);
  alarm.close();
  assert.equal(clock.sleepers, 0);
});
