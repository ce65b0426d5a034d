import assert from "node:assert/strict";
import { AccessError, OutsideError, UnresponsiveError, UserError } from "../../lib/base/errors.ts";
import { outlast } from "../../lib/base/outage.ts";
import { ManualClock } from "../fakes/manual_clock.ts";

/** Something that fails for a while by a clock, and when it was tried, in seconds. */
function failingFor(ms: number, clock: ManualClock, failure: () => Error) {
  const tries: number[] = [];
  const act = () => {
    tries.push(clock.monotonic() / 1_000);
    return clock.monotonic() < ms ? Promise.reject(failure()) : Promise.resolve("done");
  };
  return { act, tries };
}

const away = () => new OutsideError("The store is away", { hint: "Mount it." });

Deno.test("what fails for minutes is tried again with growing waits, and said twice: when it begins and when it is over", async () => {
  const clock = new ManualClock();
  const { act, tries } = failingFor(300_000, clock, away);
  const said: string[] = [];
  const { signal } = new AbortController();
  const done = outlast(act, { clock, signal, say: (line) => said.push(line) });
  await clock.advance(400_000);
  assert.equal(await done, "done");
  assert.deepEqual(said, [
    "The store is away. Mount it. Retrying until it works.",
    "It works again.",
  ]);
  assert.deepEqual(tries, [0, 2, 4, 8, 16, 32, 64, 124, 184, 244, 304]);
});

Deno.test("what works says nothing", async () => {
  const clock = new ManualClock();
  const { signal } = new AbortController();
  const say = () => assert.fail("nothing failed");
  assert.equal(await outlast(() => Promise.resolve(7), { clock, signal, say }), 7);
});

Deno.test("what a person has to change, a harvester that does not answer, and a bug end it at once", async () => {
  const clock = new ManualClock();
  const { signal } = new AbortController();
  const say = () => assert.fail("nothing is waited for");
  for (
    const failure of [
      new UserError("Bad"),
      new AccessError("Sign in"),
      new UnresponsiveError("It does not stop"),
      new TypeError("bug"),
    ]
  ) {
    const act = () => Promise.reject(failure);
    await assert.rejects(outlast(act, { clock, signal, say }), failure);
  }
});

Deno.test("who does not want to wait any longer does not", async () => {
  const clock = new ManualClock();
  const enough = new AbortController();
  const { act, tries } = failingFor(Infinity, clock, away);
  const done = outlast(act, { clock, signal: enough.signal, say: () => {} });
  const rejected = assert.rejects(done, new Error("enough"));
  await clock.advance(5_000);
  enough.abort(new Error("enough"));
  await clock.advance(0);
  await rejected;
  assert.equal(tries.length, 3);
});
