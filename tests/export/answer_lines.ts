/** Lines of answers as the API could send them, and as it does not. */

import fc from "fast-check";
import { madePages } from "../sandbox/v2_pages.ts";
import { jsonText } from "../twitter/json_texts.ts";

/** Returns a line with a tweet that has more, with others beside it. */
export function lineWith(more: string, beside = ""): string {
  return `{"data":[{"id":"1","author_id":"7","text":"a","public_metrics":{"like_count":0}${more}}]` +
    `,"includes":{"users":[{"id":"7","username":"ada"}],"tweets":[{"id":"2","author_id":"7",` +
    `"text":"b","public_metrics":{"like_count":5}}]${beside}}}`;
}

/** Cells as the API could send them, of which all rows are made of bytes. */
export const USUAL = [
  // Texts, with all that CSV and JSON escape.
  ...[
    "",
    "a,b",
    '\\"',
    'say \\"a, b\\"',
    "a\\r\\nb\\nc\\rd",
    "\\\\n",
    "\\t\\b\\f\\/",
    "\\u000a\\u000d\\u0022\\u002c\\u0001",
    "\\u00fc\\u2603\\ud83e\\udd8b\\ud83e",
    "é☃🦫",
    "\\udd8b\\ud83e\\ud83e\\udd8b",
    "\u2028\x7f",
    "\ufeffa",
  ].flatMap((text) => [
    lineWith(`,"lang":"${text}","source":"${text}"`),
    lineWith(`,"entities":{"hashtags":[{"tag":"${text}"}],"annotations":[{"n":"${text}"}]}`),
    lineWith(`,"entities":{"urls":[{"expanded_url":"${text}"},{"url":"${text}"},{"url":null}]}`),
  ]),
  // Numbers, in every form.
  ...[
    "0",
    "-0",
    "1.0",
    "1.50",
    "0.9785",
    "0.1",
    "1e3",
    "1E-7",
    "0.0000001",
    "0.000001",
    "-12",
    "-0.5",
  ]
    .concat(["123456789012345678", "98250000000000004", "0.98250000000000004", "1e400", "100.25"])
    .flatMap((number) => [
      lineWith(`,"edit_controls":{"edits_remaining":${number}}`),
      lineWith(`,"geo":{"coordinates":{"type":"Point","coordinates":[${number}, 8,${number}]}}`),
    ]),
  // Lists and objects, with spaces or without.
  lineWith(',"edit_history_tweet_ids":["1"]'),
  lineWith(',"edit_history_tweet_ids": [ "1" , "2" ] '),
  lineWith(',"context_annotations":[{"domain":{"id":"3","name":"A, B"}, "entity" : { "a":[] }}]'),
  lineWith(',"context_annotations":[{"a":1,"b":{"c":true,"d":null}},"x",[[1]]]'),
  lineWith(',"context_annotations":[{"a":1,"a":2},{"2":1,"1":2}]'),
  lineWith(',"possibly_sensitive":true,"withheld":{"copyright":false,"country_codes":["DE"]}'),
  lineWith(',"entities":{"mentions":[],"cashtags":[{"tag":"A"}],"hashtags":null}'),
  lineWith(
    ',"entities":{"urls":[{"media_key":"3_1","display_url":"d","url":"u"},{"media_key":null}]}',
  ),
  // What a tweet refers to, with and without what comes along.
  ...["retweeted", "quoted", "replied_to"].flatMap((type) => [
    lineWith(`,"referenced_tweets":[{"type":"${type}","id":"2"}]`),
    lineWith(`,"referenced_tweets":[{"type":"${type}","id":"2"}],"entities":{"hashtags":[]}`),
    lineWith(`,"referenced_tweets":[{"id":"99","type":"${type}"}],"in_reply_to_user_id":"5"`),
  ]),
  lineWith(
    ',"referenced_tweets":[{"type":"quoted","id":"3"},{"type":"retweeted","id":"2"}],"lang":"a"',
    ',"places":[]',
  ),
  lineWith(
    ',"attachments":{"media_keys":["3_1","3_2"],"poll_ids":["4"]},"geo":{"place_id":"c0"}',
    ',"media":[{"media_key":"3_1","url":"https:\\/\\/e.org"}],"polls":[{"id":"4","options":[{"l": 1}],' +
      '"x":{"y":1}}],"places":[{"id":"c0","full_name":"Z\\u00fcrich","contained_within":["d"],' +
      '"geo":{"bbox":[8.0, 47.30],"properties":{}}}]',
  ),
  lineWith(',"note_tweet":{"text":"long","entities":{"urls":[{"url":"u"}],"hashtags":null}}'),
  // Members without a column.
  lineWith(',"novel":1,"deep":{"er":{"x":[]},"e":{},"n":null},"organic_metrics":{"view_count":3}'),
  // Users.
  ...[
    '"url":"u","entities":{"url":{"urls":[{"expanded_url":"e"},{"url":"f"}]}}',
    '"url":"u","entities":{"url":{"urls":[]},"description":{"hashtags":[{"tag":"t"}],"x":1}}',
    '"url":"u","entities":{"url":{},"description":null}',
    '"url":"u","entities":{"description":{}},"pinned_tweet":{"id":"1"},"affiliation":{"badge":"b"}',
    '"protected":false,"public_metrics":{"tweet_count":5,"followers_count":null}',
  ].map((more) => lineWith("").replace('"username":"ada"', `"username":"ada",${more}`)),
  // A stream's, and what is of the whole line.
  '{"data":{"id":"1","text":"a"},"matching_rules":[{"id":"123456789012345678","tag":"t"}]}',
  '{"data":[{"id":"1","text":"a"},{"id":"2","text":"a"}],"__twarc":{"url":"u, v","version":"2","x":1}}',
];

/** Lines that the API does not send. */
export const UNUSUAL = [
  lineWith(',"author":{"username":"bo"}'),
  lineWith(',"geo":{"id":"1"},"geo":null'),
  lineWith(',"geo":7,"entities":[]'),
  lineWith(',"lang":"a","lang":null'),
  lineWith(',"novel":1,"novel":2'),
  lineWith(',"novel":{"a":1},"novel":null'),
  lineWith("", ',"places":[{"id":"","full_name":"of none"}]'),
  lineWith("").replaceAll('"author_id":"7",', "").replace('"id":"7"', '"id":""'),
  lineWith(',"novel":1,"novel":{},"deep":{"er":false,"er":{}}'),
  lineWith(',"l\\u0061ng":"a"'),
  lineWith(',"note_post":{"text":"long"},"public_metrics":{"repost_count":2}'),
  lineWith(',"context_annotations":[{"id":"1","type":"reposted","repost_count":1}],"note_post":{}'),
  lineWith(',"referenced_tweets":[{"type":"retweeted","id":"2"},{"type":"retweeted","id":"3"}]'),
  lineWith(',"referenced_tweets":[{"type":"new","id":"2"}]'),
  lineWith(',"referenced_tweets":[{"type":"retweeted","id":2},7]'),
  lineWith(',"entities":{"hashtags":[{"tag":7},{}],"mentions":"x"}'),
  lineWith(',"attachments":{"media":[1],"media_keys":[7],"poll":{"id":"5"}}'),
  lineWith(',"matching_rules":[1],"__twarc":{"url":"u"},"quoted_user_id":"8"'),
  lineWith(`,"deep":${'{"a":'.repeat(20)}1${"}".repeat(20)}`),
  lineWith(`,"context_annotations":${"[".repeat(20)}${"]".repeat(20)}`),
  lineWith("").replace('"text":"a"', '"text":7'),
  lineWith("", ',"posts":[{"id":"9"}]'),
  '{"id":"1","text":"flat","author_id":"7","author":{"id":"7","username":"ada"}}',
  '{"id":1,"id_str":"1","text":"of version 1.1"}',
  '{"data":[{"id":9007199254740993,"text":"a"},{"id":1,"text":7}]}',
];

/** Lines with any JSON in place of any part of an answer, or of one of these lines. */
export function changedLines(pages = [...madePages(), ...USUAL]): fc.Arbitrary<string[]> {
  const change = fc.record({
    page: fc.nat(pages.length - 1),
    part: fc.nat(10_000),
    text: jsonText,
  });
  return fc.array(change, { minLength: 1, maxLength: 5 }).map((all) =>
    all.map(({ page, part, text }) => changed(pages[page] ?? "", part, text))
      .map((line) => line.replaceAll(/[\r\n]/g, ""))
  );
}

/** A page with a text in place of one of its parts, which JSON.parse visits in some order. */
function changed(page: string, part: number, text: string): string {
  let parts = 0;
  JSON.parse(page, (_, value) => {
    parts++;
    return value;
  });
  const mark = "(the part)";
  let at = 0;
  const json = JSON.parse(page, (_, value) => at++ === part % parts ? mark : value);
  return JSON.stringify(json).replace(JSON.stringify(mark), () => text);
}
