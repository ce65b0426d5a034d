import assert from "node:assert/strict";
import { JsonList } from "../../lib/harvest/json_list.ts";

const decoder = new TextDecoder();

Deno.test("a list is JSON at every moment, and stays as it was whatever is added later", () => {
  const list = new JsonList();
  const cuts = [list.soFar()];
  const values = Array.from({ length: 1_000 }, (_, i) => ({ user_id: `${i}`, change: "größer" }));
  for (const value of values) {
    list.add(value);
    cuts.push(list.soFar());
  }
  for (const n of [0, 1, 2, 500, 1_000]) {
    const text = decoder.decode(cuts[n]?.content());
    assert.deepEqual(JSON.parse(text), values.slice(0, n));
    assert.ok(text.endsWith("]\n"));
  }
  assert.equal(new Set(cuts.map(({ bytes }) => bytes)).size, cuts.length);
});

Deno.test("a list has values of any length, in any order", () => {
  const list = new JsonList();
  const values = [1, 300_000, 5, 262_000, 600, 4_000, 1_000_000, 0].map((n) => "ä".repeat(n));
  const cuts = values.map((value) => {
    list.add(value);
    return list.soFar();
  });
  for (const [i, cut] of cuts.entries()) {
    assert.deepEqual(JSON.parse(decoder.decode(cut.content())), values.slice(0, i + 1));
  }
});
