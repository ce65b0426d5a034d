import assert from "node:assert/strict";
import { Recent } from "../../lib/source/recent.ts";

Deno.test("what had come last at a time stays that, however many come before somebody asks", () => {
  const recent = new Recent(["1", "2"]);
  const first = recent.newest(3);
  for (let id = 3; id <= 10; id++) recent.add(`${id}`);
  const second = recent.newest(3);
  // Far more than are remembered, of a gap that is filled while the stream is silent.
  for (let id = 11; id <= 70_000; id++) recent.add(`${id}`);
  assert.deepEqual(first(), ["1", "2"]);
  assert.deepEqual(second(), ["8", "9", "10"]);
  assert.deepEqual(recent.newest(2)(), ["69999", "70000"]);
  assert.equal(recent.highest, "70000");
  assert.equal(recent.add("70000"), false);
});
