import assert from "node:assert/strict";
import fc from "fast-check";
import { items, line, member, text } from "../../../lib/twitter/bytes/raw_json.ts";
import { damaged, jsonText, listText, members, objectText, space } from "../json_texts.ts";

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

Deno.test("any array is split into its elements, byte for byte, as a reference parser splits it", () => {
  fc.assert(fc.property(fc.array(jsonText), space, (values, space) => {
    const json = `${space}${listText(values, space)}${space}`;
    assert.deepEqual(elementsOf(json), values);
    assert.deepEqual(JSON.parse(json), values.map((value) => JSON.parse(value)));
  }));
});

Deno.test("any object gives its members under their names; of a name that comes twice the last, as a reference parser", () => {
  fc.assert(fc.property(members, space, (members, space) => {
    const json = `${space}${objectText(members, space)}`;
    const raw = bytes(json);
    const found = [...items(raw)];
    assert.deepEqual(found.map(({ key }) => key), members.map(({ name }) => JSON.parse(name)));
    assert.deepEqual(
      found.map(({ start, end }) => decoder.decode(raw.subarray(start, end))),
      members.map(({ value }) => value),
    );
    for (const [key, value] of Object.entries(JSON.parse(json))) {
      const span = member(raw, key) ?? assert.fail(`${key} is not found`);
      assert.deepEqual(JSON.parse(decoder.decode(raw.subarray(span.start, span.end))), value);
    }
  }));
});

Deno.test("a text on one line means what it meant", () => {
  fc.assert(fc.property(members, space, (members, space) => {
    const json = bytes(objectText(members, space));
    const one = line(json, { start: 0, end: json.length });
    assert.ok(!one.includes(0x0a) && !one.includes(0x0d));
    assert.deepEqual(JSON.parse(decoder.decode(one)), JSON.parse(decoder.decode(json)));
  }));
});

Deno.test("whatever bytes come, the splitter comes to an end: with places in order, or a SyntaxError", () => {
  const any = fc.oneof(
    damaged(fc.oneof(jsonText, members.map((all) => objectText(all, "")))),
    fc.uint8Array(),
  );
  fc.assert(
    fc.property(any, (bytes) => {
      let last = 0;
      try {
        for (const { start, end } of items(bytes)) {
          assert.ok(last < start && start < end && end <= bytes.length, `${last} ${start} ${end}`);
          last = end;
        }
      } catch (error) {
        assert.ok(error instanceof SyntaxError, `${error}`);
      }
    }),
    { numRuns: 2_000 },
  );
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
