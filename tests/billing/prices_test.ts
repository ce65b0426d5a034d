import assert from "node:assert/strict";
import {
  budgetText,
  dollarsFor,
  dollarText,
  formatMonth,
  nextMonth,
  PRICES,
  pricesWith,
} from "../../lib/billing/prices.ts";

Deno.test("sums are exact, where binary fractions are not", () => {
  assert.equal(dollarsFor({ posts: 3 }, PRICES), 0.015);
  const all = { posts: 1_000_000, users: 3, recentCounts: 1, archiveCounts: 2 };
  assert.equal(dollarsFor(all, PRICES), 5_000.055);
});

Deno.test("dollars are told as a person reads them, and small ones are not rounded to nothing", () => {
  assert.deepEqual([5, 1_234.5, 0.005, 0.0125, 0, 12.345].map(dollarText), [
    "5.00 dollars",
    "1,234.50 dollars",
    "0.005 dollars",
    "0.0125 dollars",
    "0.00 dollars",
    "12.35 dollars",
  ]);
  assert.equal(budgetText({ posts: 1_000, per: "harvest" }), "1,000 posts a harvest");
  assert.equal(budgetText({ dollars: 5, per: "month" }), "5.00 dollars a month");
});

Deno.test("a person's own prices stand in place of ours, and are told as theirs", () => {
  assert.equal(pricesWith(undefined), PRICES);
  const own = pricesWith({ post: 0.001, date: "2027-01-01", user: undefined });
  assert.deepEqual(own, {
    ...PRICES,
    post: 0.001,
    date: "2027-01-01",
    source: "your own prices",
  });
});

Deno.test("months are those of UTC", () => {
  const last = Date.UTC(2026, 11, 31, 23, 59);
  assert.deepEqual([formatMonth(last), nextMonth(last)], ["2026-12", "2027-01-01"]);
});
