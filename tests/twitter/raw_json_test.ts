import assert from "node:assert/strict";
import fc from "fast-check";
import { items, line, member, text } from "../../lib/twitter/raw_json.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function bytes(json: string): Uint8Array {
  return encoder.encode(json);
}

function elementsOf(json: string): string[] {
  const text = bytes(json);
  return [...items(text)].map(({ start, end }) => decoder.decode(text.subarray(start, end)));
}

Deno.test("elements of an array are found in place, byte for byte", () => {
  const json =
    '[ {"id":12345678901234567890, "t":"a\\/b \\u00e9 \\"]"} ,\n1.50e+3,"x",[1,[2]],null ]';
  assert.deepEqual(elementsOf(json), [
    '{"id":12345678901234567890, "t":"a\\/b \\u00e9 \\"]"}',
    "1.50e+3",
    '"x"',
    "[1,[2]]",
    "null",
  ]);
});

Deno.test("an empty array and an empty object have no items", () => {
  assert.deepEqual(elementsOf(" [ ] "), []);
  assert.deepEqual(elementsOf("{}"), []);
});

Deno.test("a member is found by its key, also a key with escapes", () => {
  const json = bytes('{"a":{"id":1},"i\\u0064" : 18446744073709551615}');
  const id = member(json, "id");
  assert.ok(id);
  assert.equal(text(json, id), "18446744073709551615");
  assert.equal(member(json, "b"), null);
});

Deno.test("line breaks between tokens are taken out of a line, everything else stays", () => {
  const json = bytes('{\r\n "a" : "b\\n",\n\t"c": 1 }');
  assert.equal(
    decoder.decode(line(json, { start: 0, end: json.length })),
    '{ "a" : "b\\n",\t"c": 1 }',
  );
});

Deno.test("any JSON array is split as a reference parser splits it", () => {
  fc.assert(fc.property(fc.array(fc.json()), (values) => {
    const split = elementsOf(`[${values.join(" , ")}]`);
    assert.deepEqual(
      split.map((value) => JSON.parse(value)),
      values.map((value) => JSON.parse(value)),
    );
    assert.deepEqual(split, values.map((value) => value.trim()));
  }));
});

Deno.test("any JSON object gives its members under their keys", () => {
  fc.assert(fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
    const json = bytes(JSON.stringify(value));
    const members = [...items(json)].map(({ key, start, end }) => [
      key,
      JSON.parse(decoder.decode(json.subarray(start, end))),
    ]);
    assert.deepEqual(members, Object.entries(JSON.parse(JSON.stringify(value))));
  }));
});

Deno.test("a text that was cut anywhere is told from a whole one", () => {
  const json = '[{"a":"x\\"y","b":[1,2,{"c":null}]},{"d":"\\\\"}]';
  for (let length = 0; length < json.length; length++) {
    assert.throws(() => elementsOf(json.slice(0, length)), SyntaxError, json.slice(0, length));
  }
});

Deno.test("what is neither an array nor an object is refused", () => {
  for (const json of ["", "<html>", '"text"', "12"]) {
    assert.throws(() => elementsOf(json), SyntaxError);
  }
});
