import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { compareKeys } from "../../lib/store/key_order.ts";

Deno.test("keys are in the order of their bytes, whatever characters they have", () => {
  const part = fc.constantFrom(
    "a",
    "b",
    "/",
    "é",
    "\ud7ff",
    "\ue000",
    "\uffff",
    "𐀀",
    "😀",
    "\u{10ffff}",
  );
  const key = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(part).map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(key, key, key, (before, a, b) => {
      for (const [one, other] of [[a, b], [before + a, before + b]] as const) {
        const expected = Buffer.compare(Buffer.from(one), Buffer.from(other));
        assert.equal(Math.sign(compareKeys(one, other)), expected);
      }
    }),
    { numRuns: 2_000 },
  );
});
