import assert from "node:assert/strict";
import { Budget, readRateLimit } from "../../../lib/twitter/http/rate_limits.ts";
import { Waits } from "../../../lib/base/waits.ts";
import { ManualClock } from "../../fakes/manual_clock.ts";

const never = new AbortController().signal;

function headers(remaining: number | string, reset: number | string): Headers {
  return new Headers({
    "x-rate-limit-remaining": `${remaining}`,
    "x-rate-limit-reset": `${reset}`,
  });
}

/** Takes turns until one has to wait; how many came through. */
async function turns(budget: Budget, clock: ManualClock, most: number): Promise<number> {
  let through = 0;
  for (let i = 0; i < most; i++) void budget.turn(never).then(() => through++);
  await clock.advance(0);
  return through;
}

Deno.test("before the first answer one request is let through; after it as many as are left", async () => {
  const clock = new ManualClock();
  const budget = new Budget("x", { clock });
  assert.equal(await turns(budget, clock, 1), 1);
  assert.equal(await turns(budget, clock, 5), 0);
  budget.noteAnswer(headers(3, clock.now() / 1_000 + 300));
  await clock.advance(0);
  const reset = clock.now() + 300_000;
  await clock.advance(reset - clock.now() + 999);
  assert.equal(await turns(budget, clock, 1), 0);
});

Deno.test("requests in flight share what is left, and go on when the window is over", async () => {
  const clock = new ManualClock();
  const budget = new Budget("x", { clock });
  await budget.turn(never);
  budget.noteAnswer(headers(2, clock.now() / 1_000 + 60));
  let through = 0;
  for (let i = 0; i < 4; i++) void budget.turn(never).then(() => through++);
  await clock.advance(60_000);
  assert.equal(through, 2);
  budget.noteAnswer(headers(0, clock.now() / 1_000));
  budget.noteAnswer(headers(0, clock.now() / 1_000));
  await clock.advance(1_000);
  assert.equal(through, 3, "the first of the new window finds out how many there are");
  budget.noteAnswer(headers(5, clock.now() / 1_000 + 900));
  await clock.advance(0);
  assert.equal(through, 4);
});

Deno.test("a window that is waited out is told until it is over, and pauses between requests are not", async () => {
  const clock = new ManualClock();
  const waits = new Waits();
  const told = () => waits.longest?.for;
  const budget = new Budget("GET search", { clock, waits });
  await budget.turn(never);
  const reset = clock.now() / 1_000 + 60;
  budget.noteAnswer(headers(1, reset));
  const second = budget.turn(never, 5_000);
  await clock.advance(1_000);
  assert.equal(told(), undefined);
  await clock.advance(4_000);
  await second;
  budget.noteAnswer(headers(0, reset));
  const third = budget.turn(never);
  await clock.advance(1_000);
  assert.equal(told(), "the rate limit of GET search");
  assert.ok(Number(waits.longest?.until) >= reset * 1_000);
  await clock.advance(60_000);
  await third;
  assert.equal(told(), undefined);
});

Deno.test("an endpoint that tells no limits is not held back", async () => {
  const clock = new ManualClock();
  const budget = new Budget("x", { clock });
  await budget.turn(never);
  budget.noteAnswer(new Headers());
  assert.equal(await turns(budget, clock, 20), 20);
});

Deno.test("a wait ends at once when a stop comes", async () => {
  const clock = new ManualClock();
  const budget = new Budget("x", { clock });
  const stop = new AbortController();
  await budget.turn(never);
  budget.noteAnswer(headers(0, clock.now() / 1_000 + 600));
  const turn = budget.turn(stop.signal);
  stop.abort(new Error("stop"));
  await assert.rejects(turn, /stop/);
});

Deno.test("headers that are no numbers count as none", () => {
  assert.deepEqual(readRateLimit(headers(7, 1_700_000_000)), {
    remaining: 7,
    resetAt: 1_700_000_000_000,
    per: "quarter",
  });
  for (const lies of [headers("many", 1), headers(1, "soon"), headers("-1", 5), new Headers()]) {
    assert.equal(readRateLimit(lies), null);
  }
});

Deno.test("of a window and a day's limit the tighter one is waited for, as long as it takes", async () => {
  const clock = new ManualClock();
  const now = clock.now() / 1_000;
  const both = (window: number, day: number) =>
    new Headers({
      "x-rate-limit-remaining": `${window}`,
      "x-rate-limit-reset": `${now + 600}`,
      "x-user-limit-24hour-limit": "1000",
      "x-user-limit-24hour-remaining": `${day}`,
      "x-user-limit-24hour-reset": `${now + 50_000}`,
    });
  assert.equal(readRateLimit(both(3, 700))?.per, "quarter");
  assert.deepEqual(readRateLimit(both(300, 7)), {
    remaining: 7,
    resetAt: (now + 50_000) * 1_000,
    per: "day",
  });
  assert.equal(readRateLimit(both(0, 0))?.per, "day");
  const budget = new Budget("x", { clock });
  await budget.turn(never);
  budget.noteAnswer(both(300, 0));
  let isLetThrough = false;
  const turn = budget.turn(never).then(() => isLetThrough = true);
  await clock.advance(49_990_000);
  assert.ok(!isLetThrough);
  await clock.advance(20_000);
  await turn;
});
