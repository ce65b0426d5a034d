import assert from "node:assert/strict";
import { checkConfig } from "../../lib/collection/config.ts";
import { InvalidConfigError } from "../../lib/base/errors.ts";
import type { Json } from "../../lib/base/json.ts";

function reasons(budget: Json, more: Record<string, Json> = { api: "2" }): string {
  const keys = { bearer_token: "a" };
  try {
    checkConfig({ id: "x", type: "search", keys, search: { query: "q" }, budget, ...more });
    return "";
  } catch (error) {
    assert.ok(error instanceof InvalidConfigError);
    return error.reasons.join(" ");
  }
}

Deno.test("a budget is of posts or of dollars, a month or a harvest", () => {
  for (const per of ["month", "harvest"]) {
    assert.equal(reasons({ posts: 1_000, per }), "");
    assert.equal(reasons({ dollars: 0.5, per }), "");
  }
});

Deno.test("what is wrong with a budget is told with the fix", () => {
  assert.match(reasons(5), /^budget must be \{\.\.\.\}, as \{"dollars": 5, "per": "month"\}\.$/);
  assert.match(reasons({ per: "month" }), /^budget must have either posts or dollars, as /);
  assert.match(reasons({ posts: 100, dollars: 1, per: "month" }), /either posts or dollars/);
  assert.match(reasons({ posts: 100 }), /^budget\.per must be "month" or "harvest"\.$/);
  assert.match(
    reasons({ posts: 100, per: "week" }),
    /^budget\.per must be "month" or "harvest"\.$/,
  );
  assert.match(reasons({ posts: 3, per: "month" }), /^budget\.posts must be a whole number, 10 /);
  assert.match(reasons({ dollars: "5", per: "month" }), /^budget\.dollars must be a number/);
  assert.match(reasons({ dollars: 0, per: "month" }), /^budget\.dollars must be above 0\.$/);
  assert.match(reasons({ dollar: 5, per: "month" }), /either posts or dollars/);
});

Deno.test("prices of a person's own are checked as well", () => {
  const prices = (own: Json) => reasons({ posts: 100, per: "month" }, { api: "2", prices: own });
  assert.equal(prices({ post: 0.001, date: "2026-11-01" }), "");
  assert.match(prices({ post: -1 }), /^prices\.post must not be below 0\.$/);
  assert.match(prices({ posts: 1 }), /^prices .*posts/);
  assert.match(prices({ date: "soon" }), /^prices\.date must be a day, as "2026-08-22"\.$/);
});

Deno.test("version 1.1 has neither budget nor prices, as it costs nothing by the post", () => {
  const says = reasons({ posts: 100, per: "month" }, { api: "1.1", prices: {} });
  assert.match(
    says,
    /^budget is for version 2 .* prices is for version 2 of the API: version 1\.1 costs/,
  );
});
