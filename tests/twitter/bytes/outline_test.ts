import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { hasHalves } from "../../../lib/format/surrogates.ts";
import { lineEnds, name, Outline } from "../../../lib/twitter/bytes/outline.ts";
import { idAt } from "../../../lib/twitter/bytes/ids.ts";
import { items } from "../../../lib/twitter/bytes/raw_json.ts";
import { strictlyParsed } from "../../../lib/twitter/bytes/strict_json.ts";
import { v1TweetFiles, v2PageFiles } from "../../twitter_data.ts";
import { damaged, jsonText, members, objectText, space } from "../json_texts.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function isTaken(bytes: Uint8Array): boolean {
  try {
    strictlyParsed(bytes);
    return true;
  } catch (error) {
    assert.ok(error instanceof SyntaxError);
    return false;
  }
}

/** An id as the slow way finds it; null where it finds none. */
function slowId(bytes: Uint8Array, start = 0): string | null {
  try {
    return idAt(bytes, start);
  } catch (error) {
    assert.ok(error instanceof SyntaxError);
    return null;
  }
}

const anyBytes = fc.oneof(
  jsonText.map((text) => encoder.encode(text)),
  damaged(jsonText),
  damaged(jsonText.map((text) => `{"a":[${text}]}`)),
  fc.uint8Array(),
  fc.array(fc.constantFrom(...encoder.encode('{}[]",:\\u0-.eE1 tfn')), { maxLength: 8 })
    .map((bytes) => Uint8Array.from(bytes)),
);

Deno.test("a text is taken where a strict parser takes it, and nowhere else", () => {
  const outline = new Outline();
  fc.assert(
    fc.property(anyBytes, (bytes) => {
      // Not one name is noted, so that none may have an escape.
      assert.equal(outline.read(bytes, 0), isTaken(bytes), decoder.decode(bytes));
    }),
    { numRuns: 6_000 },
  );
});

Deno.test("what is taken with its upper values is a strict parser's, and only escapes in names are left to it", () => {
  const outline = new Outline();
  fc.assert(
    fc.property(anyBytes, fc.integer({ min: 1, max: 4 }), (bytes, levels) => {
      const isRead = outline.read(bytes, levels);
      if (isRead) assert.ok(isTaken(bytes));
      else if (isTaken(bytes)) assert.ok(bytes.includes(0x5c), decoder.decode(bytes));
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("half a character is found in any string, and nowhere else, and the next text has none of it", () => {
  const outline = new Outline();
  const part = fc.oneof(
    fc.nat(0xffff).map((code) => `\\u${code.toString(16).padStart(4, "0")}`),
    fc.constantFrom("\\ud83d", "\\uDE00", "\\ud83d\\ude00", "\\\\", "\\/", '\\"', "ud83d", "x"),
  );
  const string = fc.array(part, { maxLength: 6 }).map((parts) => `"${parts.join("")}"`);
  fc.assert(
    fc.property(string, string, fc.boolean(), (one, other, isKey) => {
      const text = isKey ? `[[{${one}:1},${other}]]` : `{"a":${one},"b":[${other}]}`;
      const bytes = encoder.encode(text);
      assert.ok(outline.read(bytes, 1), text);
      assert.equal(outline.traits.isWellFormed ?? false, !hasHalves(bytes), text);
    }),
    { numRuns: 3_000 },
  );
  outline.read(encoder.encode('"\\ud83d'), 0);
  assert.ok(outline.read(encoder.encode('"x"'), 0) && outline.traits.isWellFormed);
});

Deno.test("each short text of the bytes that JSON is made of is taken or not as a parser has it", () => {
  const outline = new Outline();
  const alphabet = encoder.encode('{}[]":,0-.e ');
  for (let length = 1; length <= 4; length++) {
    for (let number = 0; number < alphabet.length ** length; number++) {
      const bytes = Uint8Array.from(
        { length },
        (_, i) => alphabet[Math.floor(number / alphabet.length ** i) % alphabet.length] ?? 0,
      );
      assert.equal(outline.read(bytes, 0), isTaken(bytes), decoder.decode(bytes));
    }
  }
});

Deno.test("numbers, literals, strings and depths have the very borders of a parser", () => {
  const outline = new Outline();
  const texts = [
    ..."0 -0 00 01 -01 1. .1 1.0 1e 1e1 1E+1 1e-1 1e+ - +1 0x1 1_0 Infinity NaN".split(" "),
    ..."true tru trueX true1 nul null nullnull fals false false,".split(" "),
    ...['"\\u00e9"', '"\\u00e"', '"\\u00eg"', '"\\x"', '"\\', '"\\"', '"\\""', '"\\ud800"', '"\t"'],
    ...['"\u007f"', '"\u0000"', '"\u2028"', "'a'", "\ufeff1", "1 2", "[1,]", "[,1]", '{"a":1,}'],
    ...['{"a"}', '{"a":}', "{1:2}", '{"a":1 "b":2}', "[1 2]", "[1}", '{"a":1]', "[", "{", "", " "],
    "[".repeat(200) + "]".repeat(200),
    "[".repeat(201) + "]".repeat(201),
    '{"a":'.repeat(200) + "1" + "}".repeat(200),
    '{"a":'.repeat(201) + "1" + "}".repeat(201),
    "[".repeat(100_000),
  ];
  for (const text of texts) {
    const bytes = encoder.encode(text);
    assert.equal(outline.read(bytes, 0), isTaken(bytes), text.slice(0, 40));
  }
  for (const byte of [0x80, 0xc0, 0xed, 0xf5, 0xff]) {
    const bytes = Uint8Array.of(0x22, byte, 0xa0, 0x80, 0x22);
    assert.equal(outline.read(bytes, 0), isTaken(bytes));
  }
});

Deno.test("members are found in their place, of a name that comes twice the last, and ids as they are found slowly", () => {
  const outline = new Outline();
  fc.assert(
    fc.property(members, space, (members, space) => {
      const bytes = encoder.encode(`${space}${objectText(members, space)}${space}`);
      if (!outline.read(bytes, 1)) {
        assert.ok(members.some((member) => member.name.includes("\\")));
        return;
      }
      const found = [...items(bytes)];
      let value = outline.first(0);
      for (const { key = "", start, end } of found) {
        assert.deepEqual([outline.start(value), outline.end(value)], [start, end]);
        const last = found.findLast((item) => item.key === key);
        assert.equal(outline.start(outline.find(0, name(key))), last?.start);
        value = outline.next(value, 0);
      }
      assert.equal(value, -1);
      const id = outline.id(0);
      if (id !== null) assert.equal(id, slowId(bytes));
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("an id is given where it is a number of 64 bits in plain digits", () => {
  const outline = new Outline();
  const cases = [
    "0",
    "1",
    "01",
    "18446744073709551615",
    "18446744073709551616",
    "-1",
    "1.0",
    "1e3",
  ];
  for (const digits of [...cases, "99999999999999999999", "184467440737095516150", "", "x"]) {
    for (const value of [digits, JSON.stringify(digits)]) {
      for (const key of ["id", "id_str"]) {
        const bytes = encoder.encode(`{"${key}":${value}}`);
        if (outline.read(bytes, 1)) assert.equal(outline.id(0), slowId(bytes), value);
      }
    }
  }
});

Deno.test("recorded tweets and pages are taken, with the ids that they have", async () => {
  const outline = new Outline();
  for (const file of [...await v1TweetFiles(), ...await v2PageFiles()]) {
    const bytes = await Deno.readFile(file);
    const text = decoder.decode(file.endsWith(".gz") ? gunzipSync(bytes) : bytes);
    for (const line of text.split("\n").filter((line) => line !== "")) {
      const bytes = encoder.encode(line);
      assert.equal(outline.read(bytes, 1), isTaken(bytes), `${file}: ${line.slice(0, 80)}`);
      if (isTaken(bytes) && slowId(bytes) !== null) {
        assert.equal(outline.id(0), slowId(bytes), file);
      }
    }
  }
});

Deno.test("a text is one line exactly where no line break is among its bytes", () => {
  const outline = new Outline();
  const broken = (text: string) => text.replaceAll(" ", "\n").replaceAll("\t", "\r");
  fc.assert(fc.property(jsonText, fc.boolean(), fc.nat(2), (text, isBroken, levels) => {
    const bytes = encoder.encode(isBroken ? broken(text) : text);
    // A space in a string is no line break there: that is no JSON text any more.
    if (!outline.read(bytes, levels)) return;
    assert.equal(outline.isOneLine, !bytes.includes(0x0a) && !bytes.includes(0x0d));
  }));
  for (const text of ["[1,\n2]", "\r[]", "{}\n", '{"a"\n:1}', '{"a":\r1}', "[\n]"]) {
    assert.ok(outline.read(encoder.encode(text), 1) && !outline.isOneLine, JSON.stringify(text));
    assert.ok(outline.read(encoder.encode(text.replace(/\s/, " ")), 1) && outline.isOneLine);
  }
});

Deno.test("a string is read whatever its length, with a quote, an escape or a control character at any place in it", () => {
  const outline = new Outline();
  for (let length = 0; length <= 70; length++) {
    for (let at = 0; at <= length; at++) {
      for (
        const part of ["", '\\"', "\\\\", "\\u00e9", "\\ud83d\\ude00", "é", '"', "\\", "\u0001"]
      ) {
        const [before, after] = ["a".repeat(at), "b".repeat(length - at)];
        const bytes = encoder.encode(`{"${before}${part}${after}":["${before}${part}${after}"]}`);
        assert.equal(outline.read(bytes, 0), isTaken(bytes), decoder.decode(bytes));
      }
    }
  }
});

Deno.test("texts of any length are read one after the other: nothing of a long one is left for a short one", () => {
  const outline = new Outline();
  const list = (length: number) =>
    encoder.encode(`[${Array.from({ length }, (_, i) => i).join()}]`);
  for (const length of [3, 200_000, 1, 700_000, 2]) {
    const bytes = list(length);
    assert.ok(outline.read(bytes, 1));
    assert.equal(outline.end(0), bytes.length);
    let [last, count] = [0, 0];
    for (let at = outline.first(0); at >= 0; at = outline.next(at, 0)) {
      [last, count] = [at, count + 1];
    }
    assert.equal(count, length);
    assert.equal(outline.digits(last), `${length - 1}`);
    for (const cut of [1, 2]) assert.equal(outline.read(bytes.subarray(0, -cut), 1), false);
  }
});

Deno.test("what is too long for the scanner is left to a parser, and the next text is read", () => {
  const outline = new Outline();
  const long = encoder.encode(`["${"a".repeat(2 ** 25)}"]`);
  assert.equal(outline.read(long, 1), false);
  const many = encoder.encode(`[${"1,".repeat(2_000_000)}1]`);
  assert.equal(outline.read(many, 1), false);
  assert.ok(outline.read(many, 0), "its values are not recorded, so that there is room");
  assert.ok(outline.read(encoder.encode('{"id":7}'), 1));
  assert.equal(outline.id(0), "7");
});

Deno.test("an outline keeps its values while another reads", () => {
  const [one, other] = [new Outline(), new Outline()];
  assert.ok(one.read(encoder.encode('{"a":{"id":1},"id":2}'), 2));
  assert.ok(other.read(encoder.encode('["\\ud83d",\n{"protected":true},"a","b","c"]'), 2));
  assert.deepEqual([one.id(0), one.id(one.first(0))], ["2", "1"]);
  assert.deepEqual([one.traits, one.isOneLine], [{ isPublic: true, isWellFormed: true }, true]);
  assert.deepEqual([other.traits, other.isOneLine], [{}, false]);
});

Deno.test("the lines of a block are read where they lie as each by itself is, none beyond its end", () => {
  const outline = new Outline();
  const lines = fc.array(anyBytes.map((bytes) => bytes.filter((byte) => byte !== 0x0a)));
  fc.assert(
    fc.property(lines, (lines) => {
      const text = Uint8Array.from(lines.flatMap((line) => [...line, 0x0a]));
      const ends = [...lineEnds(text) ?? []];
      assert.deepEqual(ends, [...text.keys()].filter((i) => text[i] === 0x0a));
      let start = 0;
      for (const [i, end] of ends.entries()) {
        const line = text.subarray(start, end);
        assert.equal(outline.read(line, 0), isTaken(line), `${i}: ${decoder.decode(text)}`);
        start = end + 1;
      }
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("a line of a block is read as it is now once anything else was read: its memory may be used again", () => {
  const [outline, other] = [new Outline(), new Outline()];
  const block = encoder.encode('{"id":12}\n{"id":34}\n');
  assert.deepEqual([...lineEnds(block) ?? []], [9, 19]);
  const second = block.subarray(10, 19);
  assert.ok(outline.read(second, 1));
  assert.equal(outline.id(0), "34");
  assert.ok(other.read(encoder.encode('{"id":5}'), 1));
  block.set(encoder.encode("[1,2,3,4]"), 10);
  assert.ok(outline.read(second, 1));
  assert.ok(outline.isArray(0));
  assert.equal(lineEnds(new Uint8Array((32 << 20) + 1)), null);
  assert.ok(outline.read(block.subarray(0, 9), 1));
  assert.equal(outline.id(0), "12");
});

Deno.test("as many line feeds as there is room for are found, and where there is none it is said", () => {
  assert.equal(lineEnds(new Uint8Array(2 << 20).fill(0x0a))?.at(-1), (2 << 20) - 1);
  assert.equal(lineEnds(new Uint8Array(16 << 20).fill(0x0a)), null);
});

Deno.test("scanners are what was compiled of their sources: where one is not, run deno task build-scanner", async () => {
  const read = (path: string) => Deno.readFile(new URL(`../../../${path}`, import.meta.url));
  for (
    const [name, ...files] of [["scan", "bytes"], ["tidy", "tidy_names", "tidy_tokens", "bytes"]]
  ) {
    const module = await WebAssembly.compile(await read(`lib/twitter/bytes/${name}.wasm`));
    const [recorded] = WebAssembly.Module.customSections(module, "source");
    const sources = await Promise.all([name, ...files].map((one) => read(`scanner/${one}.ts`)));
    assert.deepEqual(recorded, await crypto.subtle.digest("SHA-256", Buffer.concat(sources)));
  }
});
