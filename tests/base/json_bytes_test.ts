import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { jsonBytes, jsonLineBytes } from "../../lib/base/json_bytes.ts";
import { giveBack } from "../../lib/base/memory.ts";

function text(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
}

Deno.test("any value has the bytes of its JSON text, indented or on one line", () => {
  const options = { maxDepth: 7, withObjectString: true, withNullPrototype: true, withDate: true };
  fc.assert(fc.property(fc.object(options), (value) => {
    // What UTF-8 cannot say, JSON escapes.
    assert.equal(text(jsonBytes(value)), `${JSON.stringify(value, null, 2)}\n`);
    assert.equal(text(jsonLineBytes(value)), `${JSON.stringify(value)}\n`);
  }));
});

Deno.test("whatever stands in an object that JSON does not have is left out", () => {
  const odd = {
    a: undefined,
    b: { c: undefined, d: () => 1 },
    e: [undefined, { f: { g: { h: {} } } }],
    ["__proto__"]: { i: "\ud800\n" },
    j: new Map([[1, 2]]),
    k: new Date(0),
  };
  for (const value of [odd, [odd], {}, [], "x", null, 1, { a: undefined }]) {
    assert.equal(text(jsonBytes(value)), `${JSON.stringify(value, null, 2)}\n`);
    assert.equal(text(jsonLineBytes(value)), `${JSON.stringify(value)}\n`);
  }
});

Deno.test("many users have the same bytes as well, in no more memory than these", () => {
  const ids = Array.from({ length: 30_000 }, (_, i) => `${10n ** 18n + BigInt(i)}`);
  const users = Object.fromEntries(ids.map((id) => [id, { screen_name: `ñ${id}`, since_id: id }]));
  for (const value of [{ users }, { update: { update: { users }, delete: ids } }]) {
    const bytes = jsonBytes(value);
    assert.equal(text(bytes), `${JSON.stringify(value, null, 2)}\n`);
    assert.ok(bytes.buffer.byteLength <= bytes.length * 1.125);
    giveBack(bytes);
    assert.equal(bytes.length, 0);
  }
});

Deno.test("bytes are given back where they are many, and nobody else has some of the same memory", () => {
  const whole = new Uint8Array(2 ** 22);
  giveBack(whole.subarray(0, 2 ** 20));
  giveBack(Buffer.from("x".repeat(1_000)));
  assert.equal(whole.length, 2 ** 22);
  const few = new Uint8Array(100);
  giveBack(few);
  assert.equal(few.length, 100);
});
