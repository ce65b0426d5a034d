import assert from "node:assert/strict";
import fc from "fast-check";
import { SeenIds } from "../../lib/export/seen_ids.ts";

Deno.test("an id is new once, whatever ids there are", () => {
  fc.assert(fc.property(fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })), (numbers) => {
    const ids = numbers.flatMap((number) => [`${number}`, `${number}`]);
    const seen = new SeenIds();
    assert.deepEqual(ids.filter((id) => seen.add(id)), [...new Set(ids)]);
    assert.equal(seen.size, new Set(ids).size);
    assert.ok(ids.every((id) => seen.has(id)));
  }));
});

Deno.test("ids that follow each other, as the API gives them, are found among many", () => {
  const seen = new SeenIds();
  const id = (i: number) => `${1_600_000_000_000_000_000n + (BigInt(i) << 22n)}`;
  for (let i = 0; i < 100_000; i++) assert.ok(seen.add(id(i)));
  for (let i = 0; i < 100_000; i++) assert.ok(!seen.add(id(i)));
  assert.ok(!seen.has(id(100_000)));
});
