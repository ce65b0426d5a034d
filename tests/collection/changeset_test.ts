import assert from "node:assert/strict";
import fc from "fast-check";
import {
  combine,
  diff,
  fingerprint,
  isEmpty,
  merge,
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
