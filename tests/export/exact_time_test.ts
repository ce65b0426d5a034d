import assert from "node:assert/strict";
import fc from "fast-check";
import { exactMs } from "../../lib/export/exact_time.ts";

const encoder = new TextEncoder();

Deno.test("a time of digits is read as a parser reads it, in any year", () => {
  const times = fc.date({
    min: new Date("0000-01-01T00:00:00.000Z"),
    max: new Date("9999-12-31T23:59:59.999Z"),
    noInvalidDate: true,
  });
  fc.assert(fc.property(times, (time) => {
    const text = time.toISOString();
    const bytes = encoder.encode(`..${text}`);
    const isExact = !text.includes("-02-29T");
    assert.equal(exactMs(bytes, 2, bytes.length), isExact ? time.getTime() : undefined, text);
  }));
});
