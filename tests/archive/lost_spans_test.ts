import assert from "node:assert/strict";
import fc from "fast-check";
import { LostSpans } from "../../lib/archive/lost_spans.ts";
import type { Lost, Recorded } from "../../lib/archive/lost_fills.ts";

/** The ids that models go through. */
const LAST = 40;

const lineOf = (id: string) => new TextEncoder().encode(JSON.stringify({ id_str: id, text: "" }));

async function requested(spans: Lost[], recorded: Recorded[], intact: string[]) {
  return await new LostSpans(spans, recorded).lost((take) => {
    for (const id of intact) take(lineOf(id));
    return Promise.resolve();
  });
}

function isIn(id: number, { sinceId, untilId }: Pick<Lost, "sinceId" | "untilId">): boolean {
  return Number(sinceId) < id && id < Number(untilId);
}

const idArb = fc.integer({ min: 1, max: LAST });
const spanArb = fc.record({
  folder: fc.constantFrom("a", "b", "c"),
  sinceId: fc.integer({ min: 0, max: LAST }),
  length: fc.integer({ min: 1, max: 12 }),
}).map(({ folder, sinceId, length }): Lost => ({
  folder,
  sinceId: `${sinceId}`,
  untilId: `${sinceId + length}`,
}));
const recordedArb = fc.tuple(spanArb, fc.uniqueArray(idArb)).map(([span, known]): Recorded => ({
  ...span,
  known: known.filter((id) => isIn(id, span)).map(String),
}));

Deno.test("what a damage took is requested once: not what a later repair has, but for what was intact then and is not now", async () => {
  await fc.assert(fc.asyncProperty(
    fc.array(spanArb, { maxLength: 4 }),
    fc.array(recordedArb, { maxLength: 5 }),
    fc.uniqueArray(idArb),
    async (spans, recorded, intact) => {
      const asked = await requested(spans, recorded, intact.map(String));
      const isAsked = (id: number) =>
        asked.some((one) => isIn(id, one) && !one.known.includes(`${id}`));
      for (let id = 1; id <= LAST; id++) {
        const wanted = spans.filter((span) => isIn(id, span)).some((span) => {
          const gaps = recorded.filter((gap) => gap.folder >= span.folder && isIn(id, gap));
          return gaps.every(({ known }) => known.includes(`${id}`));
        });
        const isIntact = intact.includes(id);
        if (wanted && !isIntact) assert.ok(isAsked(id), `${id} is lost, and not requested`);
        if (isIntact) assert.ok(!isAsked(id), `${id} is there, and requested`);
      }
      const inOrder = asked.toSorted((a, b) => Number(a.sinceId) - Number(b.sinceId));
      for (const [i, { sinceId }] of inOrder.entries()) {
        const last = inOrder[i - 1];
        assert.ok(!last || Number(last.untilId) - 1 <= Number(sinceId), "each once");
      }
    },
  ));
});

Deno.test("100,000 damages, recorded gaps and intact ids take no longer than their number", async () => {
  const many = 100_000;
  const at = (n: number) => `${1_000_000_000 + n * 100}`;
  const recorded = Array.from({ length: many }, (_, n): Recorded => ({
    folder: "b",
    sinceId: at(n),
    untilId: at(n + 1),
    known: [`${1_000_000_000 + n * 100 + 50}`],
  }));
  const whole = [{ folder: "a", sinceId: at(0), untilId: at(many) }];
  const apart = recorded.map(({ sinceId, untilId }) => ({ folder: "a", sinceId, untilId }));
  for (const spans of [whole, apart]) {
    const found = await requested(spans, recorded, []);
    const lost = new Set(found.flatMap(({ sinceId, untilId }) => [sinceId, untilId]));
    assert.ok(found.length > 0 && lost.size > 0);
    assert.ok(found.every(({ known }) => known.length === 0));
  }
});
