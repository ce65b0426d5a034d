import assert from "node:assert/strict";
import { listAllIds, redact } from "../../../lib/twitter/bytes/redact.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const textOf = (line: Uint8Array | null) => line && new TextDecoder().decode(line);
const without = (line: string, ...ids: string[]) => redact(bytes(line), (id) => ids.includes(id));

const quote =
  '{"id":10,"id_str":"10","full_text":"a \\/ b","quoted_status":{"id_str":"11","user":{}}}';
const retweet = `{"id_str":"20","retweeted_status":${quote},"quoted_status":null}`;

Deno.test("every tweet of a line has its say, also those inside others", () => {
  assert.deepEqual(listAllIds(bytes(quote)), ["10", "11"]);
  assert.deepEqual(listAllIds(bytes(retweet)), ["20", "10", "11"]);
  assert.deepEqual(
    listAllIds(bytes('{"data":[{"id":"1"},{"id":"2"}],"includes":{"tweets":[{"id":"3"}]}}')),
    ["1", "2", "3"],
  );
  assert.deepEqual(listAllIds(bytes('{"data":{"id":"1"},"matching_rules":[]}')), ["1"]);
  assert.throws(() => listAllIds(bytes("{}")), SyntaxError);
});

Deno.test("a line without what is gone stays byte for byte", () => {
  for (const line of [quote, retweet, '{ "data" : [ {"id":"1"} ] , "meta":{}}']) {
    assert.equal(textOf(without(line, "5").line), line);
    assert.deepEqual(without(line, "5").removed, []);
  }
});

Deno.test("v1.1: a tweet goes, a retweet goes with what it repeats, a quote stays without what it quotes", () => {
  assert.equal(without(quote, "10").line, null);
  assert.equal(without(retweet, "10").line, null);
  assert.deepEqual(without(retweet, "20", "10").removed, ["20", "10"]);
  const { line, removed, count } = without(quote, "11");
  assert.equal(textOf(line), quote.replace('{"id_str":"11","user":{}}', "null"));
  assert.deepEqual([removed, count], [["11"], 1]);
  assert.equal(
    textOf(without(retweet, "11").line),
    retweet.replace('{"id_str":"11","user":{}}', "null"),
  );
});

const answer = '{"data":[{"id":"1","author_id":"7","text":"x\\/y"}, {"id":"2","author_id":"8",' +
  '"attachments":{"media_keys":["3_1"]},"entities":{"mentions":[{"username":"nine"}]}},' +
  '{"id":"3","author_id":"7","referenced_tweets":[{"id":"4"}]}],' +
  '"includes":{"users":[{"id":"7","username":"seven"},{"id":"8","username":"eight"},' +
  '{"id":"9","username":"nine"}],"tweets":[{"id":"4","author_id":"9"}],"media":[{"media_key":"3_1"}]},' +
  '"meta":{"result_count":3},"__twarc":{"url":"u"}}';

Deno.test("v2: tweets go from data and from includes, with what only they refer to", () => {
  const { line, removed, counted, count } = without(answer, "2");
  assert.deepEqual([removed, counted, count], [["2"], 3, 2]);
  const left = JSON.parse(textOf(line) ?? "");
  assert.deepEqual(left.data.map((tweet: { id: string }) => tweet.id), ["1", "3"]);
  assert.deepEqual(left.includes.users.map((user: { id: string }) => user.id), ["7", "9"]);
  assert.deepEqual(left.includes.media, []);
  assert.ok(textOf(line)?.includes('{"id":"1","author_id":"7","text":"x\\/y"},{"id":"3"'));
  assert.ok(textOf(line)?.endsWith('"meta":{"result_count":3},"__twarc":{"url":"u"}}'));
});

Deno.test("v2: a tweet that others refer to goes, and they stay", () => {
  const left = JSON.parse(textOf(without(answer, "4").line) ?? "");
  assert.deepEqual(left.includes.tweets, []);
  assert.equal(left.data.length, 3);
  assert.deepEqual(left.includes.users.length, 3, "Another tweet mentions its author");
});

Deno.test("v2: a line goes with its last tweet, and that of a stream with its one", () => {
  assert.deepEqual(without(answer, "1", "2", "3"), {
    line: null,
    removed: ["1", "2", "3"],
    counted: 3,
    count: 0,
  });
  assert.equal(without('{"data":{"id":"1"},"matching_rules":[]}', "1").line, null);
});

/** The same in the new words of version 2. */
const inNewWords = (line: string) =>
  line.replaceAll("referenced_tweets", "referenced_posts").replace('"tweets":', '"posts":');

Deno.test("v2: in the new words, included posts have their say, and go", () => {
  const line = inNewWords(answer);
  assert.ok(line.includes('"posts":[{"id":"4"'));
  assert.deepEqual(listAllIds(bytes(line)), ["1", "2", "3", "4"]);
  const { line: left, removed } = without(line, "4");
  assert.deepEqual(removed, ["4"]);
  assert.deepEqual(JSON.parse(textOf(left) ?? "").includes.posts, []);
  assert.deepEqual(JSON.parse(textOf(without(line, "1").line) ?? "").includes.posts.length, 1);
});

for (const words of ["referenced_tweets", "referenced_posts"]) {
  Deno.test(`v2: a retweet goes with what it repeats, whose text it has, a quote stays (${words})`, () => {
    const line =
      `{"data":[{"id":"1","text":"RT @a: b","${words}":[{"type":"retweeted","id":"4"}]},` +
      `{"id":"2","text":"c","${words}":[{"type":"quoted","id":"4"}]}],"includes":{}}`;
    const { line: left, removed, counted, count } = without(line, "4");
    assert.deepEqual([removed, counted, count], [["4"], 2, 1]);
    assert.deepEqual(JSON.parse(textOf(left) ?? "").data.map(({ id }: { id: string }) => id), [
      "2",
    ]);
  });
}
