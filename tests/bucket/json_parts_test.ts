import assert from "node:assert/strict";
import { isObject, type Json, parseJson } from "../../lib/base/json.ts";
import { firstPart, jsonParts } from "../../lib/bucket/json_parts.ts";

const encoder = new TextEncoder();
const bytesOf = (text: string) => encoder.encode(text);

/** Users with something that looks like the end of one. */
const users = Object.fromEntries(
  Array.from({ length: 30_000 }, (_, i) => [`u${i}`, { name: `"},{[é${i}`, since_id: `${i}` }]),
);

/** The object or the list at a place of each part. */
function at(parts: Json[], path: string[]): Json[] {
  return parts.map((part) =>
    path.reduce<Json>((value, name) => isObject(value) ? value[name] ?? null : null, part)
  );
}

Deno.test("the parts of a large document have all that is in it, each with all besides its users", () => {
  for (const indent of [undefined, 1]) {
    const json = { id: "c", update: { users, note: [1] }, after: { users: {} } };
    const parts = [
      ...jsonParts(bytesOf(` ${JSON.stringify(json, null, indent)}\n`), ["update", "users"], "it"),
    ];
    assert.ok(parts.length > 5);
    assert.deepEqual(Object.assign({}, ...at(parts, ["update", "users"])), users);
    for (const part of parts) {
      assert.ok(isObject(part) && isObject(part.update));
      assert.deepEqual([part.id, part.update.note, part.after], ["c", [1], { users: {} }]);
    }
  }
});

Deno.test("a large list comes in parts as well, in its order", () => {
  const list = Object.values(users);
  const parts = [...jsonParts(bytesOf(JSON.stringify(list)), [], "it")];
  assert.ok(parts.length > 3);
  assert.deepEqual(parts.flat(), list);
});

Deno.test("what is small, or has nothing at that place, is one part", () => {
  const large = JSON.stringify({ users: "x".repeat(2 ** 21) });
  const without = JSON.stringify({ others: users });
  const empty = JSON.stringify({ note: "x".repeat(2 ** 21), users: {} });
  for (const text of [large, without, empty, '{"users":{"1":{}}}', "[]", "7", "null"]) {
    assert.deepEqual([...jsonParts(bytesOf(text), ["users"], "it")], [JSON.parse(text)]);
  }
});

Deno.test("what is no JSON is told with its place, wherever that is", () => {
  const whole = JSON.stringify({ id: "c", users, end: 1 });
  const middle = whole.length / 2;
  const broken = [
    whole.slice(0, middle),
    whole.replace('"id":', '"id"'),
    whole.replace('},"u29999"', '}"u29999"'),
    whole.replace('"since_id":"15000"', "since_id:15000"),
    whole.replace('"end":1', '"end":1,'),
  ];
  for (const text of broken) {
    const bytes = bytesOf(text);
    const { message } = (() => {
      try {
        parseJson(bytes, "it");
      } catch (error) {
        if (error instanceof Error) return error;
      }
      return assert.fail(text.slice(0, 20));
    })();
    assert.throws(() => [...jsonParts(bytes, ["users"], "it")], { message });
  }
});

Deno.test("the first part has all but most of the users", () => {
  const part = firstPart(bytesOf(JSON.stringify({ users, timestamp: "t" })), ["users"], "it");
  assert.ok(isObject(part) && isObject(part.users));
  assert.equal(part.timestamp, "t");
  assert.ok(Object.keys(part.users).length < 20_000);
});
