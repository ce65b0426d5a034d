import assert from "node:assert/strict";
import fc from "fast-check";
import { type Json, parseWhole } from "../../../lib/base/json.ts";
import { wellFormedText } from "../../../lib/format/surrogates.ts";
import { Outline } from "../../../lib/twitter/bytes/outline.ts";
import { askFor, leaveOut, TidyText } from "../../../lib/twitter/bytes/tidy_text.ts";
import { v1TweetFiles, v2PageFiles } from "../../twitter_data.ts";
import { jsonText } from "../json_texts.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const LEVELS = 200;
const A = askFor(["a", "b_long_name", "id"]);
leaveOut(["strange"]);
const tidy = new TidyText();

/** A text as it was rewritten; null for one that is left to a parser. */
function rewritten(text: string): string | null {
  if (!tidy.read(encoder.encode(text), LEVELS)) return null;
  tidy.add(0, tidy.outline.end(0));
  return decoder.decode(tidy.rows);
}

/** A text as JSON.stringify writes it. */
function stringified(text: string): string {
  return wellFormedText(JSON.stringify(parseWhole(text)));
}

Deno.test("any text that is rewritten is as JSON.stringify writes it", () => {
  let count = 0;
  fc.assert(
    fc.property(jsonText, (text) => {
      const made = rewritten(text);
      if (made === null) return;
      count++;
      assert.equal(made, stringified(text), text);
    }),
    { numRuns: 6_000 },
  );
  assert.ok(count > 1_000, `${count} were rewritten`);
});

Deno.test("what the API sent is rewritten, but for numbers with an exponent and what is not there", async () => {
  for (const path of [...await v1TweetFiles(), ...await v2PageFiles()]) {
    if (path.endsWith(".gz")) continue;
    for (const line of (await Deno.readTextFile(path)).split("\n")) {
      const outline = new Outline();
      if (!outline.read(encoder.encode(line), 20)) continue;
      const made = rewritten(line);
      if (made === null) assert.match(line, /\d[eE]-?\d|\d\.0000|\d\.\d{15}|\d\.\d*0[,\]}]/);
      else assert.ok(made === stringified(line), line);
    }
  }
});

Deno.test("strings of all lengths have escapes at all places", () => {
  const escapes = ["\\u00e9", "\\n", "\\/", '\\"', "\\ud83e\\udd8b", "\\ud83e", "\\u0000", ""];
  for (const escape of escapes) {
    for (let i = 0; i < 40; i++) {
      const text = `["${"x".repeat(i)}${escape}${"é".repeat(i)}",1]`;
      assert.equal(rewritten(text), stringified(text));
    }
  }
});

Deno.test("objects with a name that JSON.parse treats in a way of its own are left to it", () => {
  const names = ['"1":1,"0":2', '"a":1,"a":2', '"\\u0061":1', '"strange":1'];
  for (const one of names) {
    assert.equal(rewritten(`{"deep":[{"b":{${one}}}]}`), null);
    assert.equal(rewritten("[{}]"), "[{}]");
  }
  const many = Array.from({ length: 5_000 }, (_, i) => `"n${i}":${i}`);
  assert.equal(rewritten(`{${many.join()}}`), null);
  assert.equal(rewritten('{"b":{"a":1},"a":{"a":2},"c":[{"a":3},{"a":4}]}')?.length, 47);
});

Deno.test("values have the places that they have in what was rewritten", () => {
  const outline = new Outline();
  fc.assert(
    fc.property(jsonText, fc.nat(4), (text, levels) => {
      if (!tidy.read(encoder.encode(text), levels)) return;
      const made = tidy.outline.bytes.slice();
      assert.ok(outline.read(made, levels));
      const count = outline.after(0);
      assert.equal(tidy.outline.after(0), count);
      for (let i = 0; i < count; i++) {
        assert.deepEqual(tidy.outline.span(i), outline.span(i));
        assert.equal(tidy.outline.nameStart(i), outline.nameStart(i));
        assert.equal(tidy.outline.after(i), outline.after(i));
      }
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("values are marked whose names are asked for, with what they are in", () => {
  const text =
    '{"x":{"a":1.5,"n":0.05},"b_long_name":[{"id":[]}, {"a":{"a":0}}],"b_long_nam":1,"":2}';
  assert.ok(tidy.read(encoder.encode(text), LEVELS));
  const found = Array.from({ length: tidy.marks }, (_, i) => [
    parsedAt(tidy.value(i)),
    parsedAt(tidy.parent(i)),
    tidy.kind(i) - A,
  ]);
  assert.deepEqual(found, [
    [1.5, { a: 1.5, n: 0.05 }, 0],
    [[{ id: [] }, { a: { a: 0 } }], JSON.parse(text), 1],
    [[], { id: [] }, 2],
    [{ a: 0 }, { a: { a: 0 } }, 0],
    [0, { a: 0 }, 0],
  ]);
  assert.equal(tidy.firstMark(0), 0);
  assert.equal(tidy.firstMark(tidy.value(3)), 3);
  assert.equal(tidy.firstMark(tidy.value(4) + 1), 5);
  assert.equal(tidy.read(encoder.encode(text), 2), false, "one lies deeper than what is recorded");
});

Deno.test("numbers that JavaScript may write otherwise are looked at", () => {
  for (const one of ["0.05", "0.30000000000000004", "-0.001"]) {
    assert.equal(rewritten(`[${one}]`), `[${one}]`);
  }
  for (const one of ["1e5", "0.0000001", "0.12345678901234567"]) {
    assert.equal(rewritten(`[${one}]`), null);
  }
  assert.equal(rewritten(`[${Array(5_000).fill("0.05").join()}]`)?.length, 25_001);
});

Deno.test("rows grow with the memory, up to its end", () => {
  assert.ok(tidy.read(encoder.encode(`["${"x".repeat(100_000)}", 1]`), LEVELS));
  const { outline } = tidy;
  for (let i = 0; i < 100; i++) tidy.add(outline.start(1), outline.end(1));
  const start = tidy.end;
  tidy.addByte(0x2c);
  tidy.addBytes(encoder.encode("ab"));
  tidy.addAgain(start, tidy.end);
  assert.equal(tidy.rows.length, 100 * 100_002 + 6);
  assert.equal(decoder.decode(tidy.rows.subarray(-7)), '",ab,ab');
  assert.deepEqual([tidy.isFull, parsedAt(2)], [false, 1]);
  for (let i = 0; i < 1_000; i++) tidy.add(outline.start(1), outline.end(1));
  assert.ok(tidy.isFull);
  assert.equal(rewritten("[1 ]"), "[1]");
  assert.equal(tidy.isFull, false);
});

function parsedAt(value: number): Json {
  const { start, end } = tidy.outline.span(value);
  return JSON.parse(decoder.decode(tidy.outline.bytes.subarray(start, end)));
}
