import assert from "node:assert/strict";
import { LastIds } from "../../lib/source/last_ids.ts";

Deno.test("the oldest ids are forgotten for new ones, and the newest come in their order", () => {
  const ids = new LastIds(3);
  assert.deepEqual(ids.newest(2), []);
  const forgotten = ["a", "b", "c", "d", "e"].map((id) => ids.add(id));
  assert.deepEqual(forgotten, [undefined, undefined, undefined, "a", "b"]);
  assert.deepEqual(["a", "b", "c", "d", "e"].filter((id) => ids.has(id)), ["c", "d", "e"]);
  assert.deepEqual([0, 1, 2, 3, 9].map((n) => ids.newest(n).join("")), [
    "",
    "e",
    "de",
    "cde",
    "cde",
  ]);
});

Deno.test("a new id costs no more where 200,000 are remembered than where two are", () => {
  const [most, added] = [200_000, 400_000];
  const ids = new LastIds(most);
  const began = performance.now();
  for (let i = 0; i < added; i++) {
    ids.add(`${i}`);
    ids.newest(2);
  }
  // It takes some 200 ms; copying all of them each time would take many minutes.
  const ms = performance.now() - began;
  assert.ok(ms < 100_000, `${Math.round(ms)} ms`);
});

Deno.test("those that came before the very last are given as well, as far as they are remembered", () => {
  const ids = new LastIds(4);
  for (const id of ["a", "b", "c", "d", "e"]) ids.add(id);
  assert.deepEqual(ids.newest(2, 1), ["c", "d"]);
  assert.deepEqual(ids.newest(9, 1), ["b", "c", "d"]);
  assert.deepEqual(ids.newest(2, 4), []);
  assert.equal(ids.addedCount, 5);
});
