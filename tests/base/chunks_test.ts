import assert from "node:assert/strict";
import { chunks } from "../../lib/base/chunks.ts";

Deno.test("chunks() has every item once, in order, and no empty part", () => {
  assert.deepEqual([...chunks([1, 2, 3, 4, 5], 2)], [[1, 2], [3, 4], [5]]);
  assert.deepEqual([...chunks([1, 2], 2)], [[1, 2]]);
  assert.deepEqual([...chunks([], 2)], []);
});
