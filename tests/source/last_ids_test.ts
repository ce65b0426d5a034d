import assert from "node:assert/strict";
import fc from "fast-check";
import { LastIds } from "../../lib/source/last_ids.ts";

Deno.test("the oldest ids are forgotten for new ones, and the newest come in their order", () => {
  const ids = new LastIds(3);
  assert.deepEqual(ids.newest(2), []);
  const forgotten = ["1", "2", "3", "4", "5"].map((id) => ids.add(id));
  assert.deepEqual(forgotten, [undefined, undefined, undefined, "1", "2"]);
  assert.deepEqual(["1", "2", "3", "4", "5"].filter((id) => ids.has(id)), ["3", "4", "5"]);
  assert.deepEqual([0, 1, 2, 3, 9].map((n) => ids.newest(n).join("")), [
    "",
    "5",
    "45",
    "345",
    "345",
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
  for (const id of ["1", "2", "3", "4", "5"]) ids.add(id);
  assert.deepEqual(ids.newest(2, 1), ["3", "4"]);
  assert.deepEqual(ids.newest(9, 1), ["2", "3", "4"]);
  assert.deepEqual(ids.newest(2, 4), []);
  assert.equal(ids.addedCount, 5);
});

Deno.test("any ids are remembered and forgotten as a list of the last ones would be", () => {
  // So few that their slots collide, and the bounds of 64 bits.
  const id = fc.oneof(fc.nat(40), fc.constantFrom(0n, 2n ** 32n, 2n ** 63n, 2n ** 64n - 1n));
  fc.assert(
    fc.property(fc.array(id, { maxLength: 200 }), fc.integer({ min: 1, max: 40 }), (some, most) => {
      const ids = new LastIds(most);
      let list: string[] = [];
      for (const one of some.map(String)) {
        assert.equal(ids.has(one), list.includes(one));
        if (list.includes(one)) continue;
        assert.equal(ids.add(one), list.length === most ? list[0] : undefined);
        list = [...list, one].slice(-most);
        assert.deepEqual(ids.newest(most), list);
      }
    }),
  );
});
