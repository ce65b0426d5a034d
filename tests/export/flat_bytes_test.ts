/** Lines that are made of bytes are those that flattening what was parsed gives; what only a parser can say is left to it. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { FlatBytes } from "../../lib/export/flat_bytes.ts";
import { flatten } from "../../lib/export/flatten.ts";
import { readOutline } from "../../lib/export/recorded_line.ts";
import { JsonlWriter } from "../../lib/export/text_writers.ts";
import { wellFormedText } from "../../lib/format/surrogates.ts";
import { parseTweetLine } from "../../lib/format/tweets.ts";
import { madePages } from "../sandbox/v2_pages.ts";
import { changedLines, lineWith, UNUSUAL, USUAL } from "./answer_lines.ts";
import { exported, recordedAnswers } from "./exported.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const flat = new FlatBytes();

/** The lines of the tweets of an answer as they are made of what was parsed; none of what is no answer. */
function slowly(line: string): string[] {
  try {
    const parsed = parseTweetLine(encoder.encode(line));
    if (parsed.api === "1.1") return [];
    return flatten(parsed).map((tweet) => wellFormedText(JSON.stringify(tweet)));
  } catch (error) {
    // One that is in itself, by its references, cannot be written.
    assert.ok(error instanceof SyntaxError || error instanceof TypeError);
    return [];
  }
}

/** The lines of the tweets of an answer as they are made of its bytes; null for one that is left to a parser. */
function quickly(line: string, tweets: number): string[] | null {
  const bytes = encoder.encode(line);
  if (!readOutline(bytes) || !flat.read(bytes)) return null;
  for (let i = 0; i < tweets; i++) if (!flat.add(i)) return null;
  return decoder.decode(flat.lines).split("\n").slice(0, -1);
}

/** Asserts that lines come out the same. @returns How many were made of bytes */
function assertSame(lines: string[]): number {
  let quick = 0;
  for (const line of lines) {
    const slow = slowly(line);
    const made = slow.length > 0 ? quickly(line, slow.length) : null;
    if (!made) continue;
    quick++;
    for (const [i, one] of slow.entries()) if (one !== made[i]) assert.equal(made[i], one, line);
  }
  return quick;
}

/** A tweet beside others, by their references: of each the numbers of those that it refers to. */
function lineOf(references: number[][], more: string): string {
  const tweets = references.map((all, i) => {
    const list = all.map((one) => `{"type":"quoted","id":"${one}"}`).join();
    return `{"text":"${i}","id":"${i}","author_id":"7"${
      all.length > 0 ? `,"referenced_tweets":[${list}]` : ""
    }${more}}`;
  });
  const [own, ...others] = tweets;
  return `{"data":[${own}],"includes":{"users":[{"id":"7","username":"ada"},{"username":"bo","name":"B","id":"8"}],` +
    `"media":[{"media_key":"3_1","type":"photo"}],"places":[{"id":"c","name":"C"}],"tweets":[${others}]}}`;
}
const MORE =
  ',"entities":{"mentions":[{"start":0,"end":3,"username":"bo"}]},"geo":{"place_id":"c"},' +
  '"attachments":{"media_keys":["3_1","3_2"]},"mentions":[{"username":"ada"}]';

Deno.test("recorded and made answers come out the same, all of them of bytes alone", async () => {
  const lines = [...madePages(), ...(await recordedAnswers()).flat()];
  assert.equal(assertSame(lines), lines.length);
});

Deno.test("what the API could send comes out the same, and what it does not send", () => {
  assert.equal(assertSame(USUAL), USUAL.length - 11, "but odd numbers, and names that come twice");
  assertSame(UNUSUAL);
});

Deno.test("tweets come out the same whichever of them refer to which, and in which order they lie", () => {
  const chains = [
    [[1], []],
    [[1], [2], []],
    [[2, 1], [2], [1]],
    [[2], [], [1]],
    [[3, 1], [2], [3], []],
    [[9], [1]],
    [[1], [1]],
  ];
  const lines = chains.flatMap((chain) => ["", MORE].map((more) => lineOf(chain, more)));
  assert.equal(
    assertSame(lines),
    lines.length - 2,
    "only what refers to itself is left to a parser",
  );
});

Deno.test("what comes along twice, or has members of what refers to it, comes out the same", () => {
  const mention =
    ',"entities":{"mentions":[{"username":"bo"},{"username":"x"},{"username":"ada"}]}';
  const users = [
    '{"id":"7","username":"x"},{"id":"8","username":"x","name":"b"},{"id":"7","username":"bo"}',
    '{"id":"7","username":"bo"},{"id":"8","username":"bo","name":"b"}',
    '{"id":"7","username":"x","a":1},{"id":"8","username":"bo"},{"id":"7","username":"bo","b":2}',
    '{"id":"7"},{"username":"bo"},{"id":"8","username":"ada"}',
  ];
  for (const list of users) {
    const line = lineOf([[]], mention).replace(/"users":\[.*?\]/, () => `"users":[${list}]`);
    assert.ok(line.includes(list));
    assertSame([line]);
  }
  const twice = lineOf([[2], [2], [1]], "");
  assertSame([twice.replace(/\]\}\}$/, ',{"id":"1","author_id":"8","text":"again"}]}}')]);
  assertSame([lineOf([[1], []], ',"type":"x"'), lineOf([[1], []], ',"author":[{"id":"1"}]')]);
  assertSame([lineOf([[1], []], ',"geo":{"place_id":"c","name":"D"}')]);
});

Deno.test("what is spelt in another way comes out as JSON.stringify writes it", () => {
  const texts = [
    String.raw`\/\u00fc\u2603\ud83e\udd8b\u0022\u005C\u000A\u000b\u001F\b\f\n\r\t\"\\`,
    String.raw`\ud83e`,
    String.raw`\udd8b\ud83e\u0041`,
    `\u007f\u2028é☃🦫${"x".repeat(40)}\\u00e9`,
    ...Array.from({ length: 40 }, (_, i) => `${"é".repeat(i)}\\u00e9${"x".repeat(i)}\\n`),
  ];
  const numbers = [
    "-0",
    "0.0",
    "-0.0",
    "1.0",
    "10.50",
    "8.250",
    "-3.0",
    "0.05",
    "0.000001",
    "100",
    "0.10",
  ];
  const odd = ["1e5", "1E+2", "0.0000001", "0.12345678901234567890", "1e-7"];
  const lines = texts.map((text) => lineWith(`,"source" : "${text}" , "lang":"en"`));
  const spelt = numbers.map((one) => lineWith(`,"a":[${one},\t{ "b" : ${one} } , []]`));
  assert.equal(assertSame([...lines, ...spelt]), lines.length + spelt.length);
  assertSame(odd.map((one) => lineWith(`,"a":${one}`)));
});

Deno.test("names come out where a parser puts them", () => {
  const members = [
    '"b":1,"a":2,"b":3',
    '"2":1,"1":2',
    '"__proto__":{"a":1}',
    '"\\u0061":1,"a":2',
    '"":1,"long_enough_a":1,"long_enough_b":2,"long_enough_a":3',
    '"note_post":{"text":"b"}',
    '"a":"reposted"',
    '"author":{"id":"1"}',
    '"matching_rules":[1]',
    '"pinned_tweet_id":"2"',
    '"a":{"media":1},"media":2',
  ];
  assertSame(members.map((one) => lineWith(`,${one}`)));
  assertSame(members.map((one) => lineWith(`,"deep":[{"er":{${one}}}]`)));
  const same = assertSame([lineWith(',"data":{"data":1},"a":{"b":1},"b":{"a":{"b":1}}')]);
  assert.equal(same, 1);
});

Deno.test("with any JSON in place of any part of an answer, its tweets come out the same", () => {
  let quick = 0;
  fc.assert(
    fc.property(changedLines(), (lines) => {
      quick += assertSame(lines);
    }),
    { numRuns: 2_000 },
  );
  assert.ok(quick > 0);
});

Deno.test("lines of bytes and of a parser come out in their order", async () => {
  const lines = [...USUAL, ...UNUSUAL, ...madePages()].filter((line) => {
    try {
      return parseTweetLine(encoder.encode(line)).api === "2";
    } catch {
      return false;
    }
  });
  const bytes = await exported(lines, (sink) => new JsonlWriter(sink), { keepDuplicates: true });
  assert.deepEqual(decoder.decode(bytes).trimEnd().split("\n"), lines.flatMap(slowly));
});
