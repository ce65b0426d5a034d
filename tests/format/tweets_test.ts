import assert from "node:assert/strict";
import { unpackIfPacked } from "../../lib/format/codec.ts";
import { splitLines } from "../../lib/format/lines.ts";
import { readIds } from "../../lib/twitter/bytes/ids.ts";
import { parseTweetLine } from "../../lib/format/tweets.ts";
import { inNewWords } from "../../lib/sandbox/v2/words.ts";
import { v1TweetFiles, v2PageFiles } from "../twitter_data.ts";

const encoder = new TextEncoder();
const parse = (text: string) => parseTweetLine(encoder.encode(text));

const PAGE = JSON.stringify({
  data: [
    {
      id: "20",
      text: "RT",
      author_id: "7",
      edit_history_tweet_ids: ["20"],
      referenced_tweets: [{ type: "retweeted", id: "18446744073709551615" }],
      attachments: { media_keys: ["3_1"], poll_ids: ["5"] },
      geo: { place_id: "0a" },
    },
    { id: "19", text: "b", author_id: "7", public_metrics: { retweet_count: 2 } },
  ],
  includes: {
    users: [{ id: "7", username: "a", public_metrics: { tweet_count: 2 } }],
    tweets: [{ id: "18446744073709551615", text: "c", author_id: "8" }],
    media: [{ media_key: "3_1", type: "photo" }],
    polls: [{ id: "5", options: [] }],
    places: [{ id: "0a", full_name: "Somewhere" }],
  },
  meta: { result_count: 2 },
  __twarc: { url: "https://api", version: "1", retrieved_at: "2026-01-02T03:04:05Z" },
});

Deno.test("parseTweetLine() reads a status of version 1.1 as one tweet, with all digits of its id", () => {
  const big = '{"id":9007199254740993,"id_str":"9007199254740993","text":"a","user":{"id":1}}';
  const { api, tweets, includes, rules, retrieved } = parse(big);
  assert.deepEqual([api, tweets.map(({ id }) => id)], ["1.1", ["9007199254740993"]]);
  assert.equal(tweets[0]?.json.text, "a");
  assert.deepEqual([includes.users.size, rules, retrieved], [0, [], undefined]);
});

Deno.test("parseTweetLine() reads all digits of an id that is a number only", () => {
  const early = '{"text":"9007199254740995","user":{"id":3},"id":9007199254740993}';
  assert.deepEqual(parse(early).tweets.map(({ id }) => id), ["9007199254740993"]);
  assert.deepEqual(parse('{"id":20,"text":"a"}').tweets.map(({ id }) => id), ["20"]);
});

Deno.test("parseTweetLine() reads every tweet of a page, and what they refer to by what they refer to it with", () => {
  const { api, tweets, includes, rules, retrieved } = parse(PAGE);
  assert.deepEqual([api, tweets.map(({ id }) => id), rules], ["2", ["20", "19"], []]);
  assert.equal(includes.users.get("7")?.username, "a");
  assert.equal(includes.tweets.get("18446744073709551615")?.text, "c");
  assert.equal(includes.media.get("3_1")?.type, "photo");
  assert.ok(includes.polls.has("5"));
  assert.equal(includes.places.get("0a")?.full_name, "Somewhere");
  assert.equal(retrieved?.retrieved_at, "2026-01-02T03:04:05Z");
});

Deno.test("parseTweetLine() reads a stream's tweet with the rules that it matches", () => {
  const { api, tweets, rules } = parse(
    '{"data":{"id":"20","text":"a"},"includes":{},"matching_rules":[{"id":"1","tag":"cats"}]}',
  );
  assert.deepEqual([api, tweets.map(({ id }) => id)], ["2", ["20"]]);
  assert.deepEqual(rules, [{ id: "1", tag: "cats" }]);
});

Deno.test("parseTweetLine() reads the new words as the old ones", () => {
  const inNew = inNewWords(PAGE).replace('"retweeted"', '"reposted"');
  assert.match(inNew, /edit_history_post_ids.*referenced_posts.*reposted.*repost_count.*"posts":/);
  assert.deepEqual(parse(inNew), parse(PAGE));
});

Deno.test("parseTweetLine() leaves the new words alone inside of texts", () => {
  const said = '{"data":[{"id":"1","text":"\\"posts\\": \\"reposted\\""}]}';
  assert.equal(parse(said).tweets[0]?.json.text, '"posts": "reposted"');
});

Deno.test("parseTweetLine() refuses what is no line of tweets", () => {
  for (
    const text of [
      "",
      "{",
      "[]",
      "null",
      '"a"',
      "{}",
      '{"delete":{"status":{"id":1}}}',
      '{"data":[{}]}',
      '{"data":[null]}',
      '{"data":null}',
      '{"id":"x"}',
      '{"id":1.5}',
      '{"id":-1}',
    ]
  ) assert.throws(() => parse(text), SyntaxError, text);
  assert.throws(() => parseTweetLine(Uint8Array.of(0x22, 0xff, 0x22)), TypeError);
});

Deno.test("parseTweetLine() reads the same ids from real lines as the harvest path", async () => {
  let tweets = 0;
  for (const path of [...await v1TweetFiles(), ...await v2PageFiles()]) {
    const bytes = new Uint8Array(unpackIfPacked(await Deno.readFile(path), 2 ** 28));
    for await (const { line } of splitLines(ReadableStream.from([bytes]))) {
      const ids = outcome(() => readIds(line));
      assert.deepEqual(outcome(() => parseTweetLine(line).tweets.map(({ id }) => id)), ids, path);
      tweets += ids?.length ?? 0;
    }
  }
  const isHere = (await v1TweetFiles()).length > 0;
  assert.equal(tweets > 1_000, isHere);
});

function outcome(read: () => string[]): string[] | null {
  try {
    return read();
  } catch {
    return null;
  }
}

Deno.test("parseTweetLine() keeps the digits of numbers in version 2 that JavaScript rounds", () => {
  const rule = '{"id":1166895166390583299,"tag":"cats"}';
  const more =
    '"n":-9007199254740993,"half":1.5,"few":12,"list":[[9007199254740993,9007199254740995]],"said":"[9007199254740993]"';
  const line = parse(`{"data":{"id":"20","text":"a",${more}},"matching_rules":[${rule}]}`);
  assert.equal(JSON.stringify(line.rules), `[${rule}]`);
  assert.equal(JSON.stringify(line.tweets[0]?.json), `{"id":"20","text":"a",${more}}`);
});

Deno.test("parseTweetLine() keeps them wherever they stand, ids too", () => {
  const line = (id: string, n: string) => `{"data":[{"id" : ${id} , "text":"a","n":${n}}]}`;
  for (
    const n of ["[[1],[9007199254740993]]", '{"m"\t: 9007199254740993}', "[ 9007199254740993]"]
  ) {
    const [tweet] = parse(line('"20"', n)).tweets;
    assert.match(JSON.stringify(tweet?.json), /9007199254740993/, n);
  }
  assert.equal(parse(line("9007199254740993", "1")).tweets[0]?.id, "9007199254740993");
});

Deno.test("parseTweetLine() keeps them in the new words too", () => {
  const rule = '{"id":1166895166390583299,"tag":"cats"}';
  const line = parse(
    `{"data":{"id":"20","text":"a","referenced_posts":[],"n":9007199254740993},"matching_rules":[${rule}]}`,
  );
  assert.equal(JSON.stringify(line.rules), `[${rule}]`);
  assert.equal(
    JSON.stringify(line.tweets[0]?.json),
    '{"id":"20","text":"a","referenced_tweets":[],"n":9007199254740993}',
  );
});
