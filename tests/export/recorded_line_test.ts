import assert from "node:assert/strict";
import type { Json } from "../../lib/base/json.ts";
import { isRepeating, readRecordedPosts } from "../../lib/export/recorded_line.ts";
import { IdWriter } from "../../lib/export/text_writers.ts";
import { parseTweetLine } from "../../lib/format/tweets.ts";
import { madePages } from "../sandbox/v2_pages.ts";
import { exported, madeStatuses, recordedAnswers, recordedStatuses } from "./exported.ts";

const encoder = new TextEncoder();
const PLACE = { collection: "c", harvest: "20260102030405", file: "f", number: 1 };

/** Lines with tweets that a pass over their bytes could take for something else than a parser does. */
const UNUSUAL = [
  // Of version 1.1: ids that are numbers, named twice, or not beside the text.
  '{"id":9007199254740993,"text":"a"}',
  '{"id":1,"id":2,"text":"a","retweeted_status":{"id":3}}',
  '{"id":1,"id_str":"0012","text":"a"}',
  '{"i\\u0064":5,"text":"a","retweeted_status":null}',
  ' {"id" : 5 , "retweeted_status" : [] } ',
  // Of version 2: in new words, flattened, one of a stream, none, and with references of every kind.
  '{"data":[{"id":"1","referenced_posts":[{"type":"reposted","id":"2"}],"note_post":{"text":"b"}}]}',
  '{"data":[{"id":"1","referenced_tweets":[{"type":"reposted","id":2}]}]}',
  '{"data":[{"id":"1","referenced_tweets":[{"type":["retweeted"],"id":"2"}]}]}',
  '{"data":[{"id":"1","referenced_tweets":[{"type":"r\\u0065tweeted","id":"2"},null]}]}',
  '{"data":[{"id":"1","referenced_tweets":[{"type":"r\\u0065tweeted","id":"2"}]}]}',
  '{"data":[{"id":"1","referenced_tweets":null},{"id":"2","referenced_tweets":{"type":"retweeted"}}]}',
  '{"data":[{"id":"1","referenced_tweets":[{"type":"retweeted","id":"2"}],"referenced_posts":[]}]}',
  '{"id":"1","author":{"id":"2"},"referenced_tweets":[{"type":"retweeted","id":"3","text":"c"}]}',
  '{"data":{"id":"1","n":12345678901234567890},"matching_rules":[{"id":"4","tag":"t"}]}',
  '{"data":[{"id":9007199254740993},{"id":12}]}',
  '{"data":[],"meta":{"result_count":0}}',
];

/** What a post says, and with what digits. */
function said(posts: Json): string {
  return JSON.stringify(posts);
}

Deno.test("a line has the tweets that a parser finds in it, each a retweet where the parser says so", async () => {
  const lines = [
    ...[...UNUSUAL, ...madeStatuses(), ...madePages()],
    ...[...await recordedStatuses(), ...await recordedAnswers()].flat(),
  ];
  for (const line of lines) {
    const bytes = encoder.encode(line);
    const posts = readRecordedPosts(bytes, PLACE);
    const parsed = parseTweetLine(bytes);
    assert.deepEqual(
      posts.map(({ id, number, isRetweet, line: { api } }) => ({ id, number, isRetweet, api })),
      parsed.tweets.map(({ id, json }, number) => {
        return { id, number, isRetweet: isRepeating({ json, line: parsed }), api: parsed.api };
      }),
      line.slice(0, 200),
    );
    assert.equal(said(posts.map(({ json }) => json)), said(parsed.tweets.map(({ json }) => json)));
    const [{ line: { rules = [], retrieved = null } = {} } = {}] = posts;
    if (posts.length > 0) {
      assert.equal(said([rules, retrieved]), said([parsed.rules, parsed.retrieved ?? null]));
    }
  }
});

Deno.test("what is no line of tweets is refused, as by a parser", () => {
  for (
    const line of ["", "7", "[]", '{"data":null}', '{"data":[7]}', '{"id":"x"}', '{"id":1', "{}"]
  ) {
    const bytes = encoder.encode(line);
    assert.throws(() => readRecordedPosts(bytes, PLACE), SyntaxError, line);
  }
  assert.throws(() => readRecordedPosts(Uint8Array.of(0x22, 0xff, 0x22), PLACE), TypeError);
});

Deno.test("an export of ids parses no line", async () => {
  const parse = JSON.parse;
  const lengths: number[] = [];
  JSON.parse = (text: string, ...others: []) => {
    lengths.push(text.length);
    return parse(text, ...others);
  };
  try {
    const lines = [...madeStatuses(), ...madePages()];
    const ids = await exported(lines, (sink) => new IdWriter(sink));
    assert.equal(new TextDecoder().decode(ids).trimEnd().split("\n").length, 15);
  } finally {
    JSON.parse = parse;
  }
  // But for the words that references are named by.
  assert.ok(Math.max(0, ...lengths) <= '"replied_to"'.length, `${lengths}`);
});
