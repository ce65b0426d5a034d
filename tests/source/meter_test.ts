import assert from "node:assert/strict";
import type { Budget } from "../../lib/billing/budget.ts";
import { PRICES } from "../../lib/billing/prices.ts";
import { BudgetUsedUp, Meter, type Spent } from "../../lib/source/meter.ts";
import { ManualClock } from "../fakes/manual_clock.ts";

const never = new AbortController().signal;
const PAGE = { least: 10, most: 100 };

function meter(budget: Budget | undefined, { clock = new ManualClock(), spent }: {
  clock?: ManualClock;
  spent?: Spent;
} = {}): Meter {
  return new Meter({ prices: PRICES, budget, clock, spent });
}

Deno.test("without a budget everything is counted, and nothing held back", async () => {
  const free = meter(undefined);
  assert.equal(await free.reserve("post", PAGE, never), 100);
  free.settle("post", 100, 60);
  free.settle("user", await free.reserve("user", { least: 3, most: 3 }, never), 2);
  assert.ok(free.noteArrival(1_000_000));
  assert.deepEqual(free.harvestBill, { posts: 1_000_060, users: 2, dollars: 5_000.32 });
  assert.equal(free.refusal, null);
});

Deno.test("a request gets what is left, and none where that is less than its smallest page", async () => {
  const tight = meter({ posts: 115, per: "harvest" });
  assert.equal(await tight.reserve("post", PAGE, never), 100);
  tight.settle("post", 100, 100);
  assert.equal(await tight.reserve("post", PAGE, never), 15);
  tight.settle("post", 15, 6);
  await assert.rejects(tight.reserve("post", PAGE, never), BudgetUsedUp);
  assert.match(
    tight.refusal ?? "",
    /^The budget of 115 posts a harvest is used up \(106 posts\)\. /,
  );
  assert.equal(
    await tight.reserve("user", { least: 9, most: 9 }, never),
    9,
    "a budget of posts does not count users",
  );
});

Deno.test("requests side by side never take more together, and wait for what others leave", async () => {
  const shared = meter({ dollars: 0.6, per: "harvest" });
  assert.equal(await shared.reserve("post", PAGE, never), 100);
  assert.equal(await shared.reserve("post", PAGE, never), 20);
  let third: number | undefined;
  const waiting = shared.reserve("post", PAGE, never).then((count) => third = count);
  await Promise.resolve();
  assert.equal(third, undefined);
  shared.settle("post", 20, 20);
  shared.settle("post", 100, 30);
  await waiting;
  assert.equal(third, 70);
  shared.settle("post", 70, 70);
  assert.deepEqual(shared.harvestBill, { posts: 120, users: 0, dollars: 0.6 });
  await assert.rejects(shared.reserve("user", { least: 1, most: 1 }, never), BudgetUsedUp);
});

Deno.test("a wait ends with a stop", async () => {
  const shared = meter({ posts: 100, per: "harvest" });
  const stop = new AbortController();
  await shared.reserve("post", PAGE, never);
  const waiting = shared.reserve("post", PAGE, stop.signal);
  stop.abort();
  shared.settle("post", 100, 0);
  await assert.rejects(waiting, (error) => error === stop.signal.reason);
});

Deno.test("a month's budget counts the harvests before, until the next month", async () => {
  const clock = new ManualClock(Date.UTC(2026, 10, 30, 23, 0));
  const spent = { month: "2026-11", posts: 980, dollars: 4.9 };
  const monthly = meter({ dollars: 5, per: "month" }, { clock, spent });
  assert.equal(await monthly.reserve("post", PAGE, never), 20);
  monthly.settle("post", 20, 20);
  assert.equal(monthly.noteArrival(0), false);
  assert.equal(
    monthly.refusal,
    "The budget of 5.00 dollars a month is used up (5.00 dollars). The first harvest from 2026-12-01 on " +
      'goes on from here; so does one with a higher "budget"',
  );
  await clock.advance(3_600_000);
  assert.equal(await monthly.reserve("post", PAGE, never), 100);
  monthly.settle("post", 100, 40);
  assert.deepEqual(monthly.spent, { month: "2026-12", posts: 40, dollars: 0.2 });
  assert.equal(monthly.harvestBill.posts, 60);
});

Deno.test("what harvests of another month spent counts no more", () => {
  const clock = new ManualClock(Date.UTC(2026, 11, 1));
  const spent = { month: "2026-11", posts: 1_000, dollars: 5 };
  assert.ok(meter({ dollars: 5, per: "month" }, { clock, spent }).noteArrival(0));
});

Deno.test("of a stream each harvest is billed what it read, and a budget per harvest is for the whole stream", () => {
  const streamed = meter({ posts: 100, per: "harvest" });
  assert.ok(streamed.noteArrival(60));
  streamed.nextHarvest();
  assert.deepEqual(streamed.harvestBill, { posts: 0, users: 0, dollars: 0 });
  assert.ok(streamed.noteArrival(30));
  assert.deepEqual(streamed.harvestBill, { posts: 30, users: 0, dollars: 0.15 });
  assert.equal(streamed.spent.posts, 90);
  assert.equal(streamed.noteArrival(10), false);
  assert.match(streamed.refusal ?? "", /used up \(100 posts\)/);
});
