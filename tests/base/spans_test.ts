import assert from "node:assert/strict";
import fc from "fast-check";
import { inside, united } from "../../lib/base/spans.ts";

const span = fc.tuple(fc.nat(30), fc.nat(30)).map(([a, b]) => ({
  from: Math.min(a, b),
  to: Math.max(a, b),
}));
const has = (spans: { from: number; to: number }[], n: number) =>
  spans.some(({ from, to }) => from <= n && n < to);

Deno.test("spans are united and taken from each other as sets of moments are", () => {
  fc.assert(fc.property(span, fc.array(span), (one, others) => {
    const [all, left] = [united(others), inside(one, others)];
    for (let n = 0; n <= 30; n++) {
      assert.equal(has(all, n), has(others, n));
      assert.equal(has(left, n), has([one], n) && !has(others, n));
    }
    assert.ok(all.every(({ from, to }, i) => from < to && (all[i + 1]?.from ?? 31) > to));
  }));
});
