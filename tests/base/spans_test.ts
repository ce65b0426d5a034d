import assert from "node:assert/strict";
import fc from "fast-check";
import { SpanSet } from "../../lib/base/spans.ts";

const span = fc.tuple(fc.nat(30), fc.nat(30)).map(([a, b]) => ({
  from: Math.min(a, b),
  to: Math.max(a, b),
}));
const has = (spans: readonly { from: number; to: number }[], n: number) =>
  spans.some(({ from, to }) => from <= n && n < to);

Deno.test("spans are united and taken from each other as sets of moments are", () => {
  fc.assert(fc.property(span, fc.array(span), (one, others) => {
    const set = new SpanSet(others);
    const [all, left] = [set.spans, set.lacking(one)];
    for (let n = 0; n <= 30; n++) {
      assert.equal(has(all, n), has(others, n));
      assert.equal(has(left, n), has([one], n) && !has(others, n));
    }
    assert.ok(all.every(({ from, to }, i) => from < to && (all[i + 1]?.from ?? 31) > to));
  }));
});

Deno.test("what is known of a span costs the same with 100,000 others", () => {
  const apart = Array.from({ length: 100_000 }, (_, i) => ({ from: 2 * i, to: 2 * i + 1 }));
  const set = new SpanSet(apart);
  // Each by all of the others would be 10,000,000,000 comparisons.
  const left = apart.flatMap(({ from }) => set.lacking({ from, to: from + 2 }));
  assert.deepEqual([left.length, left.at(-1)], [100_000, { from: 199_999, to: 200_000 }]);
});
