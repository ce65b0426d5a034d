import assert from "node:assert/strict";
import fc from "fast-check";
import { split } from "../../lib/collection/split.ts";

const configOf = (ids: number[]) => ({
  id: "people",
  type: "user_timeline",
  api: "2",
  timestamp: "2026-01-02T03:04:05Z",
  keys: { profile: "main" },
  users: Object.fromEntries(ids.map((id) => [`${id}`, { screen_name: `u${id}` }])),
});

Deno.test("each part has its share of the users, and all else as it was", () => {
  const parts = split(configOf([1, 2, 3, 4, 5]), 2);
  assert.deepEqual(parts, [
    {
      id: "people-01",
      type: "user_timeline",
      api: "2",
      keys: { profile: "main" },
      users: { "1": { screen_name: "u1" }, "2": { screen_name: "u2" } },
    },
    {
      id: "people-02",
      type: "user_timeline",
      api: "2",
      keys: { profile: "main" },
      users: {
        "3": { screen_name: "u3" },
        "4": { screen_name: "u4" },
        "5": { screen_name: "u5" },
      },
    },
  ]);
});

Deno.test("no user is lost or in two parts, and no part has two users more than another", () => {
  const sizes = fc.tuple(fc.integer({ min: 2, max: 200 }), fc.integer({ min: 2, max: 120 }))
    .filter(([users, parts]) => users >= parts);
  fc.assert(
    fc.property(sizes, ([users, into]) => {
      const ids = Array.from({ length: users }, (_, i) => i + 1);
      const parts = split(configOf(ids), into).map(({ users }) => Object.keys(Object(users)));
      assert.deepEqual(parts.flat(), ids.map(String));
      const lengths = parts.map(({ length }) => length);
      assert.ok(Math.max(...lengths) - Math.min(...lengths) <= 1);
    }),
    { numRuns: 50 },
  );
});

Deno.test("names of parts are in their order, however many there are", () => {
  const ids = split(configOf(Array.from({ length: 120 }, (_, i) => i)), 120).map(({ id }) =>
    String(id)
  );
  assert.deepEqual(ids.slice(0, 2).concat(ids.at(-1) ?? ""), [
    "people-001",
    "people-002",
    "people-120",
  ]);
  assert.deepEqual(ids.toSorted(), ids);
});

Deno.test("what cannot be split is refused with what can be done", () => {
  assert.throws(() => split({ id: "s", type: "search" }, 2), { hint: /by its query/ });
  assert.throws(() => split(configOf([1]), 2), {
    message: "1 user cannot be split over 2 collections",
  });
});
