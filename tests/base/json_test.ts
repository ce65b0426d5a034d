import assert from "node:assert/strict";
import fc from "fast-check";
import { z } from "zod";
import { parseAs, parseJson } from "../../lib/base/json.ts";
import { jsonBytes } from "../../lib/base/json_bytes.ts";

function fault(text: string | Uint8Array): string {
  try {
    parseJson(text, "x.json");
    return "";
  } catch (error) {
    assert.ok(error instanceof Error);
    return error.message;
  }
}

Deno.test("the place of a mistake is told by line and column", () => {
  assert.match(fault('{\n  "a": 1,\n  "b" 2\n}'), /^x\.json is not JSON: line 3, column 7: /);
  assert.match(fault('{"a": 1,}'), /line 1, column 9/);
  assert.match(fault("{\n"), /line 2, column 1/);
  assert.match(fault(""), /line 1, column 1/);
  assert.match(fault("nope"), /line 1, column/);
  assert.match(fault(new TextEncoder().encode('{\n"a":')), /line 2, column 5/);
  assert.match(fault(Uint8Array.of(0x22, 0xff, 0x22)), /not UTF-8/);
});

Deno.test("wherever a character is that cannot be there, that is the place", () => {
  fc.assert(fc.property(fc.json({ maxDepth: 3 }), fc.nat(), (json, number) => {
    const text = JSON.stringify(JSON.parse(json), null, 2);
    const at = number % (text.length + 1);
    const before = text.slice(0, at);
    fc.pre(!before.endsWith("\\") && !/\\u[0-9a-f]{0,3}$/.test(before));
    const [line, column] = [before.split("\n").length, at - before.lastIndexOf("\n")];
    assert.match(
      fault(`${before}\u0001${text.slice(at)}`),
      new RegExp(`^x\\.json is not JSON: line ${line}, column ${column}: `),
    );
  }));
});

Deno.test("a byte order mark in front is no mistake, and does not move one", () => {
  assert.deepEqual(parseJson("\ufeff{}", "x.json"), {});
  assert.deepEqual(parseJson(new TextEncoder().encode("\ufeff{}"), "x.json"), {});
  assert.match(fault("\ufeff[1,]"), /line 1, column 4: /);
});

Deno.test("what does not fit a schema is told by its field", () => {
  const schema = z.object({ a: z.object({ b: z.number() }) });
  assert.throws(
    () => parseAs(schema, '{"a":{"b":"1"}}', "x.json"),
    /x\.json is not as expected: a\.b: /,
  );
  assert.deepEqual(parseAs(schema, jsonBytes({ a: { b: 1 } }), "x.json"), { a: { b: 1 } });
});
