import assert from "node:assert/strict";
import fc from "fast-check";
import { strictlyParsed } from "../../../lib/twitter/bytes/strict_json.ts";
import { readStreamLine } from "../../../lib/twitter/v1/messages.ts";
import { readTweets } from "../../../lib/twitter/v2/answers.ts";
import { readLine } from "../../../lib/twitter/v2/stream.ts";
import { damaged, jsonText } from "../json_texts.ts";

const encoder = new TextEncoder();

/** What a reference parser makes of it; undefined where it refuses. */
function reference(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

Deno.test("what is accepted, and what it means, is as a reference parser has it", () => {
  fc.assert(
    fc.property(
      fc.oneof(jsonText.map((text) => encoder.encode(text)), damaged(jsonText)),
      (bytes) => {
        const expected = reference(bytes);
        if (expected === undefined) assert.throws(() => strictlyParsed(bytes), SyntaxError);
        else assert.deepEqual(strictlyParsed(bytes), expected);
      },
    ),
    { numRuns: 2_000 },
  );
});

Deno.test("what no reader of ours may meet is refused: bytes that are not UTF-8, a byte order mark, brackets without end", () => {
  const nested = (depth: number) => encoder.encode("[".repeat(depth) + "]".repeat(depth));
  assert.throws(() => strictlyParsed(Uint8Array.of(0x22, 0xff, 0x22)), /It is not UTF-8/);
  assert.throws(() => strictlyParsed(Uint8Array.of(0xef, 0xbb, 0xbf, 0x31)), SyntaxError);
  assert.doesNotThrow(() => strictlyParsed(nested(200)));
  for (const depth of [201, 100_000, 5_000_000]) {
    assert.throws(() => strictlyParsed(nested(depth)), /more than 200 levels/);
  }
  assert.doesNotThrow(() => strictlyParsed(encoder.encode(`"${"[".repeat(300)}\\"["`)));
});

const ID = "1377649934414049282";
const provenance = () => ({ url: "u", version: "v", retrieved_at: "t" });

/** The readers of what is recorded, and a text that each of them takes. */
const READERS: [string, string, (bytes: Uint8Array) => Uint8Array[]][] = [
  [
    "a line of a v1.1 stream",
    `{"id":${ID},"id_str":"${ID}","text":"a\\u00e9","user":{"id":1}}`,
    (bytes) => {
      const read = readStreamLine(bytes);
      return "tweet" in read ? [read.tweet.line] : [];
    },
  ],
  [
    "a line of a v2 stream",
    `{"data":{"id":"${ID}","text":"a"},"includes":{"users":[{"id":"1"}]}}`,
    (bytes) => {
      const read = readLine(bytes, { mark: "m", ids: new Set() }, { provenance });
      return "tweet" in read ? [read.tweet.line] : [];
    },
  ],
  [
    "a page of v2",
    `{"data":[{"id":"${ID}","text":"a"}],"meta":{"next_token":"t"}}`,
    (bytes) => readTweets(bytes).ids.length > 0 ? [bytes] : [],
  ],
];

for (const [name, text, read] of READERS) {
  Deno.test(`${name}: what was damaged is never taken for a tweet, unless it is whole JSON still`, () => {
    assert.equal(read(encoder.encode(text)).length, 1);
    fc.assert(
      fc.property(damaged(fc.constant(text)), (bytes) => {
        try {
          for (const line of read(bytes)) assert.notEqual(reference(line), undefined);
        } catch (error) {
          assert.ok(error instanceof SyntaxError, `${error}`);
        }
      }),
      { numRuns: 3_000 },
    );
  });
}

Deno.test("messages of a stream of any form are told, and damage nothing", () => {
  const any = fc.oneof(
    jsonText,
    jsonText.map((text) => `{"title":${text}}`),
    jsonText.map((text) => `{"errors":[{"type":${text}}]}`),
    jsonText.map((text) => `{"limit":{"track":${text}}}`),
    jsonText.map((text) => `{"data":${text}}`),
    jsonText.map((text) => `{"disconnect":{"reason":${text}}}`),
  );
  const rules = { mark: "m", ids: new Set<string>() };
  fc.assert(fc.property(any, (text) => {
    const bytes = encoder.encode(text);
    for (
      const read of [readStreamLine, (line: Uint8Array) => readLine(line, rules, { provenance })]
    ) {
      try {
        const told = read(bytes);
        if (!("message" in told)) continue;
        assert.equal(typeof told.message.kind, "string");
        assert.ok(Number.isSafeInteger(told.message.undelivered ?? 0));
      } catch (error) {
        assert.ok(error instanceof SyntaxError, `${error}`);
      }
    }
  }));
});
