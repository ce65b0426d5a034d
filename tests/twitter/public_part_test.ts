import assert from "node:assert/strict";
import { isOfProtected, publicPart } from "../../lib/twitter/public_part.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const partOf = (line: string, count = 1) => {
  const { line: left, ...counts } = publicPart(bytes(line), count);
  return { text: left && new TextDecoder().decode(left), ...counts };
};
const by = (id: string, isProtected: boolean, more = "") =>
  `{"id":${id},"id_str":"${id}","user":{"id_str":"9","protected": ${isProtected}}${more}}`;

Deno.test("a line of which all is public is the very same bytes", () => {
  const odd = bytes(
    '{"id":1,"full_text":"\\"protected\\":true","user":{"id":9,"protected":false}}',
  );
  for (const line of [odd, bytes('{"data":[{"id":"1"}],"meta":{}}')]) {
    assert.equal(publicPart(line, 1).line, line);
  }
});

Deno.test("v1.1: what a protected account wrote goes, a retweet of it too, and of a quote what it quotes", () => {
  const [open, hidden] = [by("1", false), by("2", true)];
  assert.deepEqual(partOf(open), { text: open, count: 1, left: 0 });
  assert.deepEqual(partOf(hidden), { text: null, count: 0, left: 1 });
  assert.deepEqual(partOf(by("3", false, `,"retweeted_status":${hidden}`)), {
    text: null,
    count: 0,
    left: 1,
  });
  assert.deepEqual(partOf(by("4", false, `,"quoted_status":${hidden}`)), {
    text: by("4", false, ',"quoted_status":null'),
    count: 1,
    left: 1,
  });
  assert.ok(isOfProtected(bytes(hidden)));
  assert.ok(!isOfProtected(bytes(by("4", false, `,"quoted_status":${hidden}`))));
});

Deno.test("v2: it goes from data and from includes, with its author where no other tweet needs them", () => {
  const users = '[{"id":"7","username":"open"},{"id":"8","username":"hidden","protected":true}]';
  const kept = '{"id":"1","author_id":"7","text":"x\\/y"}';
  const page = (data: string, tweets = "") =>
    `{"data":[${data}],"includes":{"users":${users}${
      tweets && `,"tweets":[${tweets}]`
    }},"meta":{"result_count":2},"__twarc":{"url":"u"}}`;
  const hidden = '{"id":"2","author_id":"8"}';
  const { text, count, left } = partOf(page(`${kept},${hidden}`), 2);
  assert.equal(
    text,
    `{"data":[${kept}],"includes":{"users":[{"id":"7","username":"open"}]},` +
      '"meta":{"result_count":2},"__twarc":{"url":"u"}}',
  );
  assert.deepEqual([count, left], [1, 1]);
  assert.deepEqual(partOf(page(hidden)), { text: null, count: 0, left: 1 });
  const mention = '{"id":"5","author_id":"7","entities":{"mentions":[{"id":"8"}]}}';
  assert.deepEqual(partOf(page(mention)), { text: page(mention), count: 1, left: 0 });
  const quote = '{"id":"6","author_id":"7","referenced_tweets":[{"type":"quoted","id":"2"}]}';
  const quoted = partOf(page(quote, hidden));
  assert.ok(quoted.text?.includes(`"data":[${quote}]`) && quoted.text.includes('"tweets":[]'));
  assert.deepEqual([quoted.count, quoted.left], [1, 1]);
  const one = `{"data":${hidden},"includes":{"users":${users}},"matching_rules":[{"id":"1"}]}`;
  assert.deepEqual(partOf(one), { text: null, count: 0, left: 1 });
});

Deno.test("v2: what is odd beside the tweets is left as it is, and hides nothing", () => {
  const hidden = '{"id":"2","author_id":"8"}';
  const kept = '{"id":"1","author_id":"7"}';
  const page = (data: string, includes: string) =>
    `{"data":[${data}],"includes":${includes},"meta":{"result_count":1}}`;
  const by8 = '{"id":"8","username":"hidden","protected":true}';
  for (
    const includes of [
      `["protected",true,${by8}]`,
      '{"users":"odd","tweets":[{"protected":true}],"media":7}',
      '{"users":[null,"x",{"protected":true},{"id":"no","protected":true}],"tweets":{"id":"1"}}',
    ]
  ) {
    assert.deepEqual(partOf(page(kept, includes)), {
      text: page(kept, includes),
      count: 1,
      left: 0,
    });
  }
  const users = `{"users":[null,7,${by8}],"tweets":["x",{"text":"y"},null],"media":"odd"}`;
  const { text, count, left } = partOf(page(`${kept},${hidden}`, users), 2);
  assert.equal(text, page(kept, '{"users":[],"tweets":[],"media":"odd"}'));
  assert.deepEqual([count, left], [1, 1]);
});
