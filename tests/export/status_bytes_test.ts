/** Rows of statuses that are made of bytes are those that a parser would give. */

import fc from "fast-check";
import { openTable } from "../../lib/export/columns.ts";
import { changedLines } from "./answer_lines.ts";
import { madeStatuses, recordedStatuses } from "./exported.ts";
import { assertSameRows } from "./same_rows.ts";

/** A status with more. */
function statusWith(more: string, ofUser = ""): string {
  return `{"id":1,"id_str":"1","text":"a"${more},"user":{"id_str":"7","screen_name":"ada"${ofUser}}}`;
}

const TEXTS = [
  ...["", "a,b", '\\"', 'say \\"a, b\\"', "a\\r\\nb\\nc\\rd", "\\\\n", "\\t\\b\\f\\/", "a\\nb"],
  ...["\\u000a\\u000d\\u0022\\u002c\\u0001", "\\u00fc\\u2603\\ud83e\\udd8b\\ud83e", "é☃🦫"],
  ...["\\udd8b\\ud83e\\ud83e\\udd8b", "\u2028\x7f", "\\ufeffa", "\ufeffa", "=1+1"],
];
const NUMBERS = [
  ...["0", "-0", "1.0", "1.50", "0.1", "1e3", "1E-7", "-12", "100.25", "123456789012345"],
  ...["1234567890123456", "9007199254740993", "123456789012345678901", "1e400", "-1e21"],
];

/** Statuses as the API could send them, of which all rows are made of bytes. */
const USUAL = [
  ...TEXTS.flatMap((text) => [
    statusWith(`,"full_text":"${text}","source":"${text}"`, `,"description":"${text}"`),
    statusWith("", `,"screen_name":"${text}"`),
    statusWith(
      `,"entities":{"hashtags":[{"text":"${text}"},{"text":"b"},{}],"urls":[{"expanded_url":null},{"expanded_url":"${text}"}]}`,
      `,"entities":{"url":{"urls":[{"expanded_url":"${text}"},{"expanded_url":null},{"expanded_url":"${text}"}]}}`,
    ),
    statusWith(`,"extended_tweet":{"full_text":"${text}"},"retweeted_status":{"text":"${text}"}`),
  ]),
  ...NUMBERS.flatMap((number) => [
    statusWith(`,"favorite_count":${number}`, `,"followers_count":${number}`),
    statusWith(`,"coordinates":{"coordinates":[${number}, -8 ,${number}]}`),
  ]),
  ...["0", "5", "9007199254740993", "null"].map((id) =>
    statusWith(`,"in_reply_to_status_id":${id},"in_reply_to_user_id":${id}`)
  ),
  statusWith(
    ',"in_reply_to_status_id":9007199254740993,"in_reply_to_status_id_str":"9007199254740993"',
  ),
  ...["retweeted_status", "quoted_status"].flatMap((other) => [
    statusWith(`,"${other}":{"id":3,"text":"b","favorite_count":5,"user":{"id":8}}`),
    statusWith(
      `,"${other}":{"id_str":"9","full_text":"b","user":{"id_str":"8","screen_name":"bo"}}`,
    ),
    statusWith(`,"${other}":{"id_str":null,"extended_tweet":{"full_text":"c"},"entities":{}}`),
    statusWith(`,"${other}":{},"entities":{"hashtags":[{"text":"own"}]}`),
    statusWith(`,"${other}":null`),
  ]),
  statusWith(',"quoted_status":{"id_str":"2"},"retweeted_status":{"id_str":"3","user":null}'),
  statusWith(
    ',"created_at":"Mon Mar 28 14:36:31 +0000 2016"',
    ',"created_at":"Sun Dec 01 00:00:00 +0000 2019"',
  ),
  statusWith(
    ',"created_at":null,"place":null,"entities":null,"extended_entities":null,"coordinates":null',
  ),
  statusWith(
    ',"extended_entities":{"media":[{"media_url_https":"a"}]},"entities":{"media":[{"media_url_https":"b"}]}',
  ),
  statusWith(
    ',"extended_entities":{"media":null},"entities":{"media":[]},"possibly_sensitive":false',
  ),
  statusWith(
    ',"lang":"a","lang":null,"place":{"full_name":"Z, \\u00fcrich"}',
    ',"verified":true,"name":"x","name":"y"',
  ),
  ' { "id" : 5 , "text" : "a" , "user" : { "id" : 9007199254740993 , "verified" : true } , "deep" : [[{}]] } ',
  '{"id":20,"text":"just setting up"}',
];

/** Statuses that the API does not send. */
const UNUSUAL = [
  statusWith(',"text":7,"full_text":null'),
  ...["9007199254740993", "5", "null", "true"].map((id) => `{"id":1,"id_str":${id},"text":"a"}`),
  statusWith(',"created_at":"Mon Foo 28 14:36:31 +0000 2016"'),
  statusWith(',"created_at":"Mon nFe 28 14:36:31 +0000 2016"'),
  statusWith(',"created_at":"Mon M\\u0061r 28 14:36:31 +0000 2016"'),
  statusWith(',"created_at":"_1_ Mar 28 14:36:31 +0000 2016"'),
  statusWith(',"created_at":"2016-03-28T14:36:31.000Z"'),
  statusWith(',"created_at":1459175791'),
  statusWith(',"created_at":["Mon Mar 28 14:36:31 +0000 2016"]'),
  statusWith(',"in_reply_to_status_id":""'),
  statusWith(',"in_reply_to_status_id":"5","in_reply_to_user_id":false'),
  statusWith(',"in_reply_to_status_id":-0'),
  statusWith(',"in_reply_to_status_id":0.5'),
  statusWith(',"coordinates":{"coordinates":[null,"8.5",true,[1],{}]}'),
  statusWith(',"coordinates":{"coordinates":"8.5"}'),
  statusWith(',"coordinates":7,"place":"x","entities":[]'),
  statusWith(',"entities":{"hashtags":[{"text":7},"x",null],"urls":{"a":1}}'),
  statusWith(',"entities":{"hashtags":[{"text":["a","b"]},{"text":{}}]}'),
  statusWith(',"entities":{},"entities":{"hashtags":[{"text":"a"}]}'),
  statusWith(',"favorite_count":[1,2],"lang":{"a":"\\ud83e"},"source":["x"]'),
  statusWith(',"retweeted_status":[],"quoted_status":7'),
  statusWith(',"retweeted_status":{"id_str":true,"user":[]}'),
  statusWith(',"retweeted_status":{"id":true,"user":{"id_str":false,"id":1.5}}'),
  statusWith(',"l\\u0061ng":"a","lang":"b"'),
  statusWith(',"__proto__":{"lang":"x"}', ',"id_str":[1],"__proto__":{"id":8}'),
  statusWith(',"user":{"name":"x"}'),
  statusWith("", ',"screen_name":7'),
  statusWith("", ',"entities":{"url":{"urls":[{"expanded_url":0},{"expanded_url":5},7]}}'),
  `{"id":1,"text":"a","user":${"[".repeat(20)}${"]".repeat(20)}}`,
  '{"data":{"id":"1","text":"of version 2"}}',
  '{"id":"1","text":"flat","user":{"screen_name":"x"}}',
];

async function assertSame(lines: string[], { merge = true, quick = 0 } = {}): Promise<void> {
  const table = openTable({ merge, apis: new Set(["1.1"]) });
  const { columns, toCells } = table;
  await assertSameRows(lines, { table, parsed: { columns, toCells }, quick });
}

Deno.test("cells are the same, of bytes alone, for what the API sends", async () => {
  for (const merge of [true, false]) {
    for (const line of USUAL) await assertSame([line, line], { merge, quick: 2 });
  }
});

Deno.test("what the API does not send is as a parser reads it", async () => {
  for (const line of UNUSUAL) {
    for (const merge of [true, false]) await assertSame([USUAL[0] ?? "", line, line], { merge });
  }
});

Deno.test("recorded and made statuses have the same rows, all of them of bytes", async () => {
  const lines = [...madeStatuses(), ...(await recordedStatuses()).flat()];
  for (const merge of [true, false]) await assertSame(lines, { merge, quick: lines.length });
});

Deno.test("with any JSON in place of any part of a status, rows are the same", async () => {
  const statuses = changedLines([...madeStatuses(), ...USUAL]);
  await fc.assert(fc.asyncProperty(statuses, (lines) => assertSame(lines)), { numRuns: 300 });
});
