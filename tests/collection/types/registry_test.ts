import assert from "node:assert/strict";
import { checkConfig } from "../../../lib/collection/config.ts";
import { planFor, RULES } from "../../../lib/collection/types/registry.ts";
import { TEMPLATE_TYPES, traitsFor, TYPES } from "../../../lib/collection/types/traits.ts";
import type { JsonObject } from "../../../lib/base/json.ts";

const PARTS: Record<keyof typeof RULES, JsonObject> = {
  user_timeline: { users: { "12": { since_id: "7" }, "13": {} }, exclude: ["replies"] },
  search: { search: { query: "q", since_id: "7", max_records: "3", archive: "all" } },
  filter: { filter: { rules: [{ value: "cats", tag: "t" }], max_records: 5 } },
  hydrate: { hydrate: { ids: 9 } },
};
const common = { id: "c", api: "2", keys: { bearer_token: "t" } };
const plan = (type: keyof typeof RULES, more: JsonObject = {}) =>
  planFor(checkConfig({ ...common, type, ...PARTS[type], ...more }));

Deno.test("every type has rules, and a template unless a command makes its collections", () => {
  assert.deepEqual(Object.keys(RULES).sort(), [...TYPES].sort());
  const withTemplate = Object.entries(RULES).flatMap(([type, { template }]) =>
    template ? [type] : []
  );
  assert.deepEqual(withTemplate.sort(), [...TEMPLATE_TYPES].sort());
});

Deno.test("every type wants the member that its traits name", () => {
  for (const type of Object.keys(RULES)) {
    const { part } = traitsFor(type);
    const missing = new RegExp(`A ${type} collection, but missing ${part}`);
    assert.throws(() => checkConfig({ ...common, type }), missing);
    const wrong = new RegExp(`${part} is not properly structured`, "i");
    assert.throws(() => checkConfig({ ...common, type, [part]: [] }), wrong);
  }
});

Deno.test("a type that only another version knows promises nothing", () => {
  assert.deepEqual(traitsFor("likes"), {
    part: "likes",
    endsByItself: true,
    canBeAskedAgain: true,
    asksOnlyForNewer: false,
    isPerUser: false,
    limits: [],
  });
  assert.equal(traitsFor("toString").part, "toString");
  assert.equal(traitsFor(undefined).endsByItself, true);
});

Deno.test("a plan has a walk for each user, and one for all else", () => {
  assert.deepEqual([plan("user_timeline").walks, plan("user_timeline").walk], [2, undefined]);
  const others = (["search", "filter", "hydrate"] as const).map((type) => plan(type));
  assert.deepEqual(others.map(({ walks, walk }) => [walks, walk]), [
    [1, "search"],
    [1, "stream"],
    [1, "hydrate"],
  ]);
});

Deno.test("a plan says what is read, and how much at most", () => {
  assert.deepEqual(plan("search").reading, {
    kind: "query",
    query: "q",
    sinceId: "7",
    span: { archive: "all" },
  });
  assert.deepEqual(plan("filter").reading, {
    kind: "stream",
    filter: { rules: [{ value: "cats", tag: "t" }] },
  });
  assert.deepEqual(plan("hydrate").reading, { kind: "ids", count: 9, areAsked: false });
  const timelines = plan("user_timeline", { lookup_users_every: 2 }).reading;
  assert.ok(timelines.kind === "timelines");
  assert.deepEqual([timelines.lookUpEvery, timelines.exclude], [172_800_000, ["replies"]]);
  const most = Object.keys(PARTS).map((type) => plan(type as keyof typeof RULES).maxRecords);
  assert.deepEqual(most, [undefined, 3, 5, undefined]);
});

Deno.test("a plan knows where a walk began, and goes on from what it brought", () => {
  const brought = { newest: "30", oldest: "20", tweets: 4 };
  const at = (type: keyof typeof RULES, walk: string) => {
    const { sinceId, position } = plan(type);
    return [sinceId(walk), position?.(walk, brought)];
  };
  const reach = { asked: 4, came: 4 };
  assert.deepEqual(at("user_timeline", "user:12"), [
    "7",
    { newest: "30", oldest: "20", since: "7", ...reach },
  ]);
  assert.deepEqual(at("user_timeline", "user:13"), [
    undefined,
    { newest: "30", oldest: "20", ...reach },
  ]);
  assert.deepEqual(at("search", "search"), ["7", { newest: "30", oldest: "20", since: "7" }]);
  assert.deepEqual(at("hydrate", "hydrate"), [undefined, "30"]);
  assert.deepEqual(at("filter", "stream"), [undefined, undefined]);
});

Deno.test("a template says over what max_records counts: a harvest, or a stream from its start to its stop", () => {
  const shown = (type: "search" | "filter", api: "1.1" | "2") =>
    JSON.stringify(RULES[type].template?.members(api));
  for (const api of ["1.1", "2"] as const) {
    assert.match(shown("search", api), /"max_records":"<Optional\. .* per harvest/);
    assert.match(shown("filter", api), /"max_records":"<Optional\. .* filter-start to filter-stop/);
  }
});
