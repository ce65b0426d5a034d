import assert from "node:assert/strict";
import fc from "fast-check";
import { IdSpans } from "../../lib/archive/id_spans.ts";

const spanArb = fc.tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 20 }))
  .map(([from, length]) => ({ sinceId: `${from}`, untilId: `${from + length}` }));

Deno.test("of any spans those are found that begin below another one's end, and end above its beginning", () => {
  fc.assert(fc.property(fc.array(spanArb), spanArb, (spans, one) => {
    const found = new IdSpans(spans).overlapping(one);
    const wanted = spans.filter(({ sinceId, untilId }) =>
      Number(sinceId) < Number(one.untilId) && Number(one.sinceId) < Number(untilId)
    );
    assert.equal(found.length, wanted.length);
    assert.deepEqual(new Set(found), new Set(wanted));
    const begins = found.map(({ sinceId }) => Number(sinceId));
    assert.deepEqual(begins, begins.toSorted((a, b) => a - b));
  }));
});

Deno.test("of any spans those are found that an id is in", () => {
  fc.assert(fc.property(fc.array(spanArb), fc.integer({ min: 0, max: 80 }), (spans, id) => {
    const wanted = spans.filter(({ sinceId, untilId }) =>
      Number(sinceId) < id && id < Number(untilId)
    );
    assert.deepEqual(new Set(new IdSpans(spans).around(`${id}`)), new Set(wanted));
  }));
});
