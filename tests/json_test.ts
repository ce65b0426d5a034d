import assert from "node:assert/strict";
import { z } from "zod";
import { jsonBytes, parseAs, parseJson } from "../lib/json.ts";

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

Deno.test("what does not fit a schema is told by its field", () => {
  const schema = z.object({ a: z.object({ b: z.number() }) });
  assert.throws(
    () => parseAs(schema, '{"a":{"b":"1"}}', "x.json"),
    /x\.json is not as expected: a\.b: /,
  );
  assert.deepEqual(parseAs(schema, jsonBytes({ a: { b: 1 } }), "x.json"), { a: { b: 1 } });
});
