import assert from "node:assert/strict";
import fc from "fast-check";
import {
  combine,
  diff,
  fingerprint,
  isEmpty,
  keepLearned,
  learned,
  merge,
  neverBack,
  prune,
  redact,
} from "../../lib/collection/changeset.ts";
import { isObject, type JsonObject } from "../../lib/base/json.ts";

/** Any JSON object, its members from few names so that objects meet. */
const json = fc.letrec<{ value: unknown; object: JsonObject }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<unknown>(null, true, 0, 1, "", "a", "b"),
    fc.array(tie("value"), { maxLength: 2 }),
    tie("object"),
  ),
  object: fc.dictionary(
    fc.constantFrom("a", "b", "c", "users", "__proto__", "constructor"),
    tie("value"),
    { maxKeys: 4, noNullPrototype: true },
  ) as fc.Arbitrary<JsonObject>,
})).object;

Deno.test("merge is the inverse of diff, for any two configurations", () => {
  fc.assert(fc.property(json, json, (from, to) => {
    assert.deepEqual(merge(from, diff(from, to)), to);
    assert.ok(isEmpty(diff(to, to)));
  }));
});

Deno.test("two changes put together do what they do one after the other", () => {
  fc.assert(fc.property(json, json, json, (a, b, c) => {
    assert.deepEqual(merge(a, combine(diff(a, b), diff(b, c))), c);
  }));
  const config = { users: { "1": {}, "2": {}, "3": {} } };
  const gone = (id: string) => ({ update: {}, delete: [{ users: [id] }] });
  assert.deepEqual(merge(config, combine(gone("1"), gone("3"))), { users: { "2": {} } });
});

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
  assert.ok(isEmpty(learned(config, at("999"))));
  assert.ok(isEmpty(learned(config, at("1000000000000000000001"))));
  assert.deepEqual(learned(config, at("1000000000000000000002")).update, {
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
  fc.assert(fc.property(json, json, (config, target) => {
    const change = diff(config, target);
    const once = merge(config, learned(config, change));
    assert.ok(isEmpty(learned(once, change)));
  }));
});

Deno.test("secrets stand in a changeset as fingerprints that tell them apart", () => {
  const change = diff({}, {
    id: "x",
    keys: { consumer_key: "key", consumer_secret: "one" },
    credentials: { access_token: "two" },
    search: { query: "q" },
    consumer_key: "three",
    apps: [{ api_key: "four", access_tokens: ["five"] }],
  });
  const text = JSON.stringify(redact(change));
  assert.doesNotMatch(text, /"(key|one|two|three|four|five)"/);
  assert.match(text, /"query":"q"/);
  assert.match(fingerprint("one"), /^sha256:[0-9a-f]{8}$/);
  assert.notEqual(fingerprint("one"), fingerprint("two"));
  assert.deepEqual(redact(redact(change)), redact(change));
});

Deno.test("what a change leaves as it is, is not copied", () => {
  const config = {
    users: { "1": { since_id: "1" }, "2": { since_id: "2" } },
    filter: { track: "a" },
  };
  const next = merge(config, { update: { users: { "1": { since_id: "3" } } }, delete: ["note"] });
  assert.equal(next.filter, config.filter);
  assert.ok(isObject(next.users));
  assert.equal(next.users["2"], config.users["2"]);
  const update = { users: config.users };
  assert.equal(redact({ update, delete: [] }).update, update);
});
