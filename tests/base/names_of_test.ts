import assert from "node:assert/strict";
import fc from "fast-check";
import { jsonOrNull, parseJson } from "../../lib/base/json.ts";
import { jsonBytes, jsonLineBytes } from "../../lib/base/json_bytes.ts";
import {
  copyObject,
  membersOf,
  namesOf,
  orderLike,
  setMember,
  toObject,
} from "../../lib/base/names_of.ts";

const decoder = new TextDecoder();
/** Ids of accounts of all times, in whatever order. */
const ids = fc.uniqueArray(
  fc.oneof(fc.nat(99), fc.bigInt(0n, 2n ** 33n), fc.bigInt(0n, 2n ** 62n)).map(String),
  { maxLength: 40 },
);

/** A text as somebody writes it. */
function textOf(members: readonly string[], indent = "  "): string {
  return `{${members.map((name) => `${indent}${JSON.stringify(name)} : {"at":[${name}]}`).join()}}`;
}

Deno.test("members are read and written in the order of the text, whatever their names are", () => {
  fc.assert(fc.property(ids, fc.constantFrom("", " ", "\n\t"), (names, indent) => {
    const text = `{"id":"12","users":${
      textOf(names, indent)
    },"list":[{"2":0,"1":[{"9":1,"8":2}]}]}`;
    for (const read of [parseJson(text, "it"), jsonOrNull(text)]) {
      assert.deepEqual(read, JSON.parse(text));
      const users = (read as { users: Record<string, unknown> }).users;
      assert.deepEqual(namesOf(users), names);
      const written = decoder.decode(jsonBytes({ users }));
      assert.deepEqual([...written.matchAll(/^ {4}"(\d+)"/gm)].map(([, name]) => name), names);
      const line = decoder.decode(jsonLineBytes({ users }));
      assert.deepEqual([...line.matchAll(/"(\d+)":/g)].map(([, name]) => name), names);
    }
  }));
});

Deno.test("an object is made, copied and put in an order member by member", () => {
  fc.assert(fc.property(ids, ids, (names, others) => {
    const made = toObject(names.map((name) => [name, 1] as const));
    assert.deepEqual(namesOf(made), names);
    const copy = copyObject(made);
    for (const name of others) setMember(copy, name, 2);
    assert.deepEqual(namesOf(copy), [...new Set([...names, ...others])]);
    assert.deepEqual(namesOf(made), names);
    assert.deepEqual(membersOf(made), names.map((name) => [name, 1]));
    const both = orderLike(made, toObject(others.map((name) => [name, 1] as const)));
    const first = others.filter((name) => names.includes(name));
    assert.deepEqual(namesOf(both), [...new Set([...first, ...names])]);
  }));
});

Deno.test("no member is left out that was set or taken away in another way", () => {
  const object = toObject([["12", 1], ["7", 2], ["a", 3]]);
  object["5"] = 4;
  delete object["7"];
  object.b = 5;
  assert.deepEqual(namesOf(object), ["12", "a", "5", "b"]);
  assert.equal(decoder.decode(jsonLineBytes(object)), '{"12":1,"a":3,"5":4,"b":5}\n');
});

Deno.test("the same name twice, names in strings and names with escapes confuse nothing", () => {
  const texts: [string, string[]][] = [
    ['{"7":{"2":0,"1":0},"3":1,"7":2}', ["7", "3"]],
    ['{"9":"{\\"1\\":2}","8":"\\\\","5":"\\"4\\":"}', ["9", "8", "5"]],
    ['{"\\u0039":1,"8":1,"__proto__":{"2":1},"7":1}', ["9", "8", "__proto__", "7"]],
    ['{"9":[],"8":[[],{}],"5":{}}', ["9", "8", "5"]],
  ];
  for (const [text, names] of texts) {
    const read = parseJson(text, "it");
    assert.deepEqual(read, JSON.parse(text));
    assert.deepEqual(namesOf(read as object), names);
  }
});

Deno.test("deep texts are read as before", () => {
  const deep = `${'{"2":0,"1":'.repeat(5_000)}0${"}".repeat(5_000)}`;
  assert.deepEqual(namesOf(parseJson(deep, "it") as object), ["2", "1"]);
});
