import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { combine, type ConfigUpdate, type Deletion } from "../../lib/collection/changeset.ts";
import { Learned } from "../../lib/harvest/learned.ts";

const name = fc.constantFrom("users", "12", "since_id", "__proto__", "a");
const value = fc.letrec<{ json: ConfigUpdate["update"][string] }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom("1", "2", null),
    fc.array(fc.constantFrom("1", "2"), { maxLength: 2 }),
    fc.array(fc.tuple(name, tie("json")), { maxLength: 3 }).map(Object.fromEntries),
  ),
})).json;
const deletion = fc.letrec<{ deletion: Deletion }>((tie) => ({
  deletion: fc.oneof(
    { maxDepth: 2 },
    name,
    fc.tuple(name, fc.array(tie("deletion"), { minLength: 1, maxLength: 2 })).map((entry) =>
      Object.fromEntries([entry])
    ),
  ),
})).deletion;
const change: fc.Arbitrary<ConfigUpdate> = fc.record({
  update: fc.array(fc.tuple(name, value), { maxLength: 3 }).map(Object.fromEntries),
  delete: fc.array(deletion, { maxLength: 3 }),
});

/** Deletions in one order. */
function ordered(deletions: Deletion[]): unknown[] {
  const texts = deletions.map((one) =>
    typeof one === "string"
      ? one
      : JSON.stringify(Object.entries(one).map(([key, inner]) => [key, ordered(inner)]))
  );
  return texts.toSorted();
}

Deno.test("what is learned one after the other is what combining the changes gives", () => {
  fc.assert(fc.property(fc.array(change, { maxLength: 4 }), fc.boolean(), (changes, isSeen) => {
    const learned = new Learned();
    for (const one of changes) {
      learned.add(one);
      if (isSeen) learned.soFar();
    }
    const { change: { update, delete: deletions }, users } = learned.soFar();
    const expected = changes.reduce(combine, { update: {}, delete: [] });
    const all = users.isEmpty ? update : { ...update, users: users.toJSON() };
    assert.deepEqual(sorted(withUsers(all)), sorted(withUsers(expected.update)));
    assert.deepEqual(ordered(deletions), ordered(expected.delete));
  }));
});

/** An update without users of whom nothing is left. */
function withUsers({ users, ...update }: ConfigUpdate["update"]): ConfigUpdate["update"] {
  return users === undefined || isDeepStrictEqual(users, {}) ? update : { ...update, users };
}

/** An object with its members in one order. */
function sorted(json: unknown): unknown {
  if (typeof json !== "object" || json === null || Array.isArray(json)) return json;
  return Object.entries(json).toSorted(([a], [b]) => a < b ? -1 : 1)
    .map(([key, below]) => [key, sorted(below)]);
}

Deno.test("what was learned so far is not changed by what is learned later", () => {
  const learned = new Learned();
  learned.add({ update: { users: { "12": { since_id: "1" } } }, delete: [] });
  const before = learned.soFar();
  learned.add({ update: { users: { "12": { since_id: "2" } } }, delete: [{ users: ["13"] }] });
  assert.deepEqual(before.change, { update: {}, delete: [] });
  assert.deepEqual(before.users.toJSON(), { "12": { since_id: "1" } });
});

Deno.test("what was learned of a user before is put with what is learned later, without others of its names", () => {
  const learned = new Learned();
  learned.add({ update: { users: { "12": { screen_name: "ada", since_id: "1" } } }, delete: [] });
  learned.add({ update: { users: { "12": { since_id: "2" }, "13": {} } }, delete: [] });
  learned.add({ update: {}, delete: [{ users: ["13"] }] });
  const { change, users } = learned.soFar();
  assert.deepEqual(users.toJSON(), { "12": { screen_name: "ada", since_id: "2" } });
  assert.deepEqual(change, { update: {}, delete: [{ users: ["13"] }] });
});
