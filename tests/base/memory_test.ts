import assert from "node:assert/strict";
import { release, takeOver } from "../../lib/base/memory.ts";

const PAGE = Uint8Array.from({ length: 10_000 }, (_, i) => i % 251);

Deno.test("bytes that are nearly all of their memory are taken over with it, and not copied", () => {
  const answer = PAGE.slice();
  const taken = takeOver(answer, { start: 14, end: 9_990, used: 9_900 });
  assert.deepEqual(taken, PAGE.slice(14, 9_990));
  assert.equal(taken.buffer.byteLength, PAGE.length);
  assert.equal(answer.length, 0, "whoever had them cannot write into them");
  release(answer);
  assert.equal(taken.length, 9_976, "nor give them back");
});

Deno.test("a part of a larger buffer is taken from where it lies in it", () => {
  const answer = PAGE.slice().subarray(100);
  assert.deepEqual(takeOver(answer, { start: 1, end: 9_900, used: 9_800 }), PAGE.slice(101));
});

Deno.test("where most is something else, what is wanted is copied, and the rest can be given back", () => {
  const answer = PAGE.slice();
  const taken = takeOver(answer, { start: 14, end: 9_990, used: 5_000 });
  assert.deepEqual(taken, PAGE.slice(14, 9_990));
  assert.equal(answer.length, PAGE.length);
  release(answer);
  assert.equal(answer.length, 0);
  assert.equal(taken.length, 9_976);
});
