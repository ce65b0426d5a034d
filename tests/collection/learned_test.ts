import assert from "node:assert/strict";
import fc from "fast-check";
import { type ConfigUpdate, diff, isEmpty, merge } from "../../lib/collection/changeset.ts";
import {
  effectiveChange,
  keepLearned,
  learnedOfMany,
  neverBack,
  prune,
  sortUsersLike,
  usersWith,
} from "../../lib/collection/learned.ts";
import { isObject, type JsonObject } from "../../lib/base/json.ts";
import { namesOf, toObject } from "../../lib/base/names_of.ts";
import { Packed } from "../../lib/base/packed.ts";
import { rebase } from "../../lib/collection/rebase.ts";

const user = fc.record(
  {
    since_id: fc.constantFrom("9", "10", "11"),
    screen_name: fc.constantFrom("ada", "bob"),
    looked_up: fc.constantFrom("then", "now"),
  },
  { requiredKeys: [], noNullPrototype: true },
);
const users = fc.dictionary(fc.constantFrom("1", "2", "3", "4"), user, { noNullPrototype: true });

Deno.test("what a harvest learned about users that are gone meanwhile is dropped", () => {
  const change = {
    update: {
      users: { "1": { since_id: "5" }, "2": { since_id: "6" } },
      search: { since_id: "7" },
    },
    delete: [{ users: ["2"] }],
  };
  assert.deepEqual(prune(change, { users: { "1": {}, "2": {} } }).update, {
    search: { since_id: "7" },
    users: { "1": { since_id: "5" } },
  });
  assert.deepEqual(prune(change, { users: {} }).update, { search: { since_id: "7" } });
});

Deno.test("since_id moves forward only, by number and not by text", () => {
  const config = { users: { "1": { since_id: "1000000000000000000001" } } };
  const at = (since_id: string) => ({ update: { users: { "1": { since_id } } }, delete: [] });
  assert.ok(isEmpty(effectiveChange(config, at("999"))));
  assert.ok(isEmpty(effectiveChange(config, at("1000000000000000000001"))));
  assert.deepEqual(effectiveChange(config, at("1000000000000000000002")).update, {
    users: { "1": { since_id: "1000000000000000000002" } },
  });
  assert.deepEqual(neverBack(config, { users: { "1": {}, "2": {} } }), {
    users: { "1": { since_id: "1000000000000000000001" }, "2": {} },
  });
});

Deno.test("an older copy gets what harvests learned of users since, and keeps the rest", () => {
  const bucket = {
    users: { "1": { screen_name: "new", since_id: "9", looked_up: "later" }, "3": {} },
  };
  const older = {
    users: { "1": { screen_name: "old", note: "mine" }, "2": { screen_name: "added" } },
    delete_users_for: [],
  };
  assert.deepEqual(keepLearned(bucket, older), {
    users: {
      "1": { screen_name: "new", note: "mine", since_id: "9", looked_up: "later" },
      "2": { screen_name: "added" },
    },
    delete_users_for: [],
  });
  assert.deepEqual(keepLearned({ search: { since_id: "9" } }, { search: { query: "q" } }), {
    search: { query: "q", since_id: "9" },
  });
});

Deno.test("what was learned once changes nothing the second time", () => {
  fc.assert(fc.property(users, users, (before, told) => {
    const [config, change] = [{ users: before, a: 1 }, { update: { users: told }, delete: [] }];
    const news = effectiveChange(config, change);
    assert.ok(isEmpty(effectiveChange(merge(config, news), change)));
    assert.deepEqual(diff(merge(config, news), merge(merge(config, news), news)), NOTHING);
  }));
});

const NOTHING: ConfigUpdate = { update: {}, delete: [] };

Deno.test("of many users, the same is learned as of a few", () => {
  const ids = fc.subarray(["1", "2", "3"]);
  fc.assert(fc.property(users, users, ids, (before, told, gone) => {
    const config = { users: before, search: { query: "q" } };
    const change = {
      update: { search: { since_id: "1" } },
      delete: gone.length > 0 ? [{ users: gone }] : [],
    };
    const few = effectiveChange(config, { ...change, update: { ...change.update, users: told } });
    const expected = merge(config, few);
    const { users: _, ...json } = config;
    const known = packed(before);
    const many = learnedOfMany({ json, users: known }, change, Object.entries(told));
    assert.ok(many);
    const now = Object.fromEntries(usersWith(known, many));
    assert.deepEqual({ ...merge(json, many.change), users: now }, expected);
    assert.deepEqual(withoutEmpty(many.users.cut().toJSON()), withoutEmpty(few.update.users));
    const again = learnedOfMany({ json, users: packed(now) }, change, Object.entries(told));
    assert.equal(again?.users.size, 0);
  }));
});

Deno.test("many users are not learned of beside the deletion of something else", () => {
  const known = { json: {}, users: packed({ "1": { screen_name: "ada" } }) };
  const change = { update: {}, delete: [{ users: [{ "1": ["screen_name"] }] }] };
  assert.equal(learnedOfMany(known, change, []), null);
});

function packed(users: Record<string, JsonObject>): Packed<JsonObject> {
  const packed = new Packed<JsonObject>();
  for (const [id, user] of Object.entries(users)) packed.set(id, user);
  return packed;
}

/** The members of an object that are not empty. */
function withoutEmpty(object: JsonObject[string] | undefined): JsonObject {
  const members = Object.entries(isObject(object) ? object : {});
  return Object.fromEntries(members.filter(([, inner]) => JSON.stringify(inner) !== "{}"));
}

Deno.test("users keep their order through every change, whatever their ids are", () => {
  const ids = fc.uniqueArray(fc.oneof(fc.nat(99), fc.nat(), fc.bigInt(0n, 2n ** 40n)).map(String));
  const configOf = (names: string[], user: JsonObject = {}) => ({
    id: "old",
    users: toObject(names.map((name): [string, JsonObject] => [name, user])),
  });
  const orderOf = ({ users }: JsonObject) => isObject(users) ? namesOf(users) : [];
  fc.assert(fc.property(ids, ids, (before, after) => {
    const [config, file] = [configOf(before), configOf(after)];
    const stay = before.filter((id) => after.includes(id));
    const both = [...stay, ...after.filter((id) => !before.includes(id))];
    const change = diff(config, file);
    assert.deepEqual(orderOf(merge(config, change)), both);
    assert.deepEqual(orderOf(sortUsersLike(merge(config, change), file)), after);
    const told = { update: configOf(after, { since_id: "1" }), delete: [] };
    assert.deepEqual(orderOf(merge(config, effectiveChange(config, told))), before);
    assert.deepEqual(orderOf(keepLearned(configOf(before, { since_id: "1" }), file)), after);
    const { config: next } = rebase(config, file, config);
    assert.deepEqual(orderOf(sortUsersLike(next, file)), after);
  }));
});
