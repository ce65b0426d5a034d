import assert from "node:assert/strict";
import { thisProcess } from "../../../lib/bucket/process.ts";
import { OutsideError } from "../../../lib/base/errors.ts";
import { findScheduler, showPresence } from "../../../lib/runner/local/presence.ts";
import { ManualClock } from "../../fakes/manual_clock.ts";
import { MemoryStore } from "../../fakes/memory_store.ts";

const MINUTE = 60_000;

Deno.test("a scheduler is seen while it lives, and not after: it took its sign away, or did not renew it", async () => {
  const [store, clock, stop] = [new MemoryStore(), new ManualClock(), new AbortController()];
  assert.equal(await findScheduler(store, clock), null);
  const process = { host: "elsewhere", pid: 12 };
  const shown = showPresence(store, { clock, process, signal: stop.signal });
  await clock.advance(10 * MINUTE);
  assert.equal((await findScheduler(store, clock))?.pid, 12);
  // A store that is away for a while ends nothing.
  store.before = () => {
    throw new OutsideError("away");
  };
  await clock.advance(3 * MINUTE);
  store.before = () => {};
  assert.equal(await findScheduler(store, clock), null);
  await clock.advance(MINUTE);
  assert.equal((await findScheduler(store, clock))?.host, "elsewhere");
  stop.abort();
  await clock.advance(0);
  await shown;
  assert.equal(await findScheduler(store, clock), null);
});

Deno.test("one whose process is of this machine is seen as long as that lives, whatever its clock says", async () => {
  const [store, clock, stop] = [new MemoryStore(), new ManualClock(), new AbortController()];
  const shown = showPresence(store, { clock, process: thisProcess(), signal: stop.signal });
  await clock.advance(0);
  clock.jump(86_400_000);
  assert.equal((await findScheduler(store, clock))?.pid, Deno.pid);
  stop.abort();
  await clock.advance(0);
  await shown;
});
