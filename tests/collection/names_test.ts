import assert from "node:assert/strict";
import { listNames, namesOfOthers } from "../../lib/collection/names.ts";

const [MAY, JUNE] = ["2026-05-01T00:00:00.000Z", "2026-06-01T00:00:00.000Z"];
const CONFIG = {
  users: {
    "12": {
      screen_name: "third",
      former_names: [{ screen_name: "first", until: MAY }, { screen_name: "second", until: JUNE }],
    },
    "13": { screen_name: "other" },
    "14": {},
  },
  removed_users: { "15": { screen_name: "gone", why: "suspended" } },
};

Deno.test("each user has the names that harvests saw, oldest first, with their dates", () => {
  assert.deepEqual([...listNames(CONFIG)], [
    {
      user_id: "12",
      names: [
        { screen_name: "first", until: MAY },
        { screen_name: "second", from: MAY, until: JUNE },
        { screen_name: "third", from: JUNE },
      ],
      is_removed: false,
    },
    { user_id: "13", names: [{ screen_name: "other" }], is_removed: false },
    { user_id: "15", names: [{ screen_name: "gone" }], is_removed: true },
  ]);
});

Deno.test("a name that belonged to another member is known, in any case, and one's own is not", () => {
  const of = (name: string, id = "99") =>
    namesOfOthers(CONFIG, new Map([[id, name]])).map(({ of, until }) => [of.user_id, until]);
  assert.deepEqual(of("FIRST"), [["12", MAY]]);
  assert.deepEqual(of("other"), [["13", undefined]]);
  assert.deepEqual(of("gone"), [["15", undefined]]);
  assert.deepEqual(of("second", "12"), []);
  assert.deepEqual(of("unknown"), []);
});
