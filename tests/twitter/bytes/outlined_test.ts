/**
 * What is read by an outline is what a parser would have read. A name with an escape leaves a text to the parser, so that
 * each text is read twice: as it is, and with such a member, that says nothing, at its end.
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { readStreamLine } from "../../../lib/twitter/v1/messages.ts";
import { readIds } from "../../../lib/twitter/bytes/ids.ts";
import { readTweetLine } from "../../../lib/twitter/bytes/tweet_line.ts";
import { readTweets } from "../../../lib/twitter/v2/answers.ts";
import { readLine } from "../../../lib/twitter/v2/stream.ts";
import { jsonText } from "../json_texts.ts";

const encoder = new TextEncoder();
const ID = "1377649934414049282";

const ids = fc.oneof(
  fc.constantFrom(ID, `"${ID}"`, "1", '"1"', '"01"', "-1", "1.5", "1e3", "1e999", "null", "{}"),
  fc.constantFrom(
    '"18446744073709551615"',
    "18446744073709551616",
    '"99999999999999999999"',
    '"\\u0031"',
  ),
);

/** Members of some names, each with a value that is often the right one. */
function objects(values: Record<string, fc.Arbitrary<string>>): fc.Arbitrary<string> {
  const member = fc.oneof(
    ...Object.entries(values).map(([name, value]) =>
      fc.oneof({ weight: 8, arbitrary: value }, { weight: 1, arbitrary: jsonText })
        .map((text) => `"${name}":${text}`)
    ),
  );
  return fc.array(member, { minLength: 1, maxLength: 6 }).map((all) => `{${all.join(",")}}`);
}

function list(element: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.array(element, { maxLength: 3 }).map((all) => `[${all.join(",")}]`);
}

const users = objects({
  id: ids,
  username: fc.constantFrom('"n"', "1"),
  protected: fc.constantFrom("true", "false", "null"),
});

/** What is read, or the kind of the failure; without lines, of which one has a member more, and what may be looked at again. */
function outcome(read: () => unknown): unknown {
  try {
    return JSON.parse(
      JSON.stringify(
        read(),
        (name, value) =>
          ["line", "traits", "isPublic", "isWellFormed", "isOneLine"].includes(name)
            ? undefined
            : value,
      ),
    );
  } catch (error) {
    assert.ok(error instanceof SyntaxError, `${error}`);
    return "SyntaxError";
  }
}

function assertSame(texts: fc.Arbitrary<string>, read: (bytes: Uint8Array) => unknown): void {
  fc.assert(
    fc.property(texts, (text) => {
      const parsed = `${text.slice(0, -1)},"\\u0078":1}`;
      assert.deepEqual(
        outcome(() => read(encoder.encode(text))),
        outcome(() => read(encoder.encode(parsed))),
        text,
      );
    }),
    { numRuns: 2_000 },
  );
}

Deno.test("a line of a v1.1 stream is what a parser says that it is", () => {
  const status = objects({ id: ids, id_str: ids, user: users, limit: fc.constant('{"track":3}') });
  assertSame(status, readStreamLine);
});

Deno.test("a line of a v2 stream is what a parser says that it is", () => {
  const rules = { mark: "m", ids: new Set(["1"]) };
  const line = objects({
    data: objects({ id: ids, id_str: ids }),
    matching_rules: list(objects({ id: ids, tag: fc.constantFrom('"m"', '"m x"', '"y"', "null") })),
    errors: list(objects({ title: fc.constant('"t"') })),
  });
  assertSame(
    line,
    (bytes) =>
      readLine(bytes, rules, {
        provenance: () => ({ url: "u", version: "v", retrieved_at: "t" }),
      }),
  );
});

Deno.test("a recorded line has the ids that are found without an outline", () => {
  const tweet = objects({ id: ids, id_str: ids });
  const data = fc.oneof(tweet, list(tweet), list(fc.constantFrom("1", "null")), fc.constant("{}"));
  assertSame(objects({ id: ids, id_str: ids, data }), readIds);
  assertSame(tweet, readIds);
  const plain = encoder.encode('{"data":[{"id":"1"},{"id":"2"}]}');
  assert.deepEqual(readTweetLine(plain), { ids: ["1", "2"], isWellFormed: true });
});

Deno.test("a page of v2 says what a parser reads in it", () => {
  const page = objects({
    data: list(objects({ id: ids })),
    meta: objects({ next_token: fc.constantFrom('"t"', "1", `"${"x".repeat(3_000)}"`) }),
    errors: list(objects({ title: fc.constant('"t"') })),
    includes: objects({ users: list(users) }),
  });
  assertSame(page, (bytes) => readTweets(bytes));
  assertSame(page, (bytes) => readTweets(bytes, "1"));
});

Deno.test("whoever is protected in a tweet is noticed, however deep, and nobody else", () => {
  const status = (inner: string) =>
    encoder.encode(`{"id":1,"user":{},"quoted_status":{"user":${inner}}}`);
  const isPublic = (inner: string) => {
    const read = readStreamLine(status(inner));
    return "tweet" in read && read.tweet.isPublic === true;
  };
  assert.equal(isPublic('{"protected":false}'), true);
  assert.equal(isPublic('{"text":"\\"protected\\":true"}'), true);
  assert.equal(isPublic('{"protected":true}'), false);
  assert.equal(isPublic('{"a":[{"protected" : true}]}'), false);
});
