/** Rows of the common columns that are made of bytes are those that a parser would give. */

import fc from "fast-check";
import { openTable, toTextCell } from "../../lib/export/columns.ts";
import { toCommon } from "../../lib/export/common.ts";
import { COMMON_COLUMNS } from "../../lib/export/common_columns.ts";
import type { Post } from "../../lib/export/post.ts";
import { madePages } from "../sandbox/v2_pages.ts";
import { changedLines, lineWith, USUAL } from "./answer_lines.ts";
import { assertSameRows, testAnswerRows } from "./same_rows.ts";

async function assertSame(lines: string[], { merge = true, quick = 0 } = {}): Promise<void> {
  const table = openTable({ columns: "common", merge, apis: new Set(["2"]) });
  const toCells = (post: Post) => {
    const tweet = toCommon(post, { merge });
    return COMMON_COLUMNS.map((column) => toTextCell(column.read(tweet, post.place), column));
  };
  const parsed = { columns: table.columns, toCells };
  await assertSameRows(lines, { table, parsed, quick });
}

/** Tweets with what only these columns are made of. */
const COMMON = [
  ...["2016-03-28T14:36:31.000Z", "2016-03-28T14:36:31Z", "2016-03-28T14:36:31.000+00:00", ""],
  ...["2016-02-28T23:59:59.999Z", "2016-02-29T00:00:00.000Z", "2016-02-30T00:00:00.000Z"],
  ...[
    "2016-02-28T24:00:00.000Z",
    "2016-00-10T00:00:00.000Z",
    "2016-13-10T00:00:00.000Z",
    "no time",
  ],
  ...["2016-10-32T00:00:00.000Z", "2016-10-00T00:00:00.000Z", "2016-10-10T00:60:00.000Z"],
  ...[
    "0000-01-01T00:00:00.000Z",
    "9999-12-31T23:59:59.999Z",
    "2016-03-28T14:36:31.0\\u0030\u0030Z",
  ],
].map((time) =>
  lineWith(`,"created_at":"${time}"`).replace('"username":"ada"', `"created_at":"${time}"`)
);
const MORE = [
  ...["null", "7", '"x"', "-0", "1.50", "123456789012345678", "-123456789012345678"].flatMap((
    value,
  ) => [
    lineWith(`,"public_metrics":{"like_count":${value}},"possibly_sensitive":${value}`)
      .replace('"public_metrics":{"like_count":0},', ""),
    lineWith(`,"lang":${value},"conversation_id":${value},"edit_history_tweet_ids":[${value},"2"]`),
    lineWith(`,"geo":{"coordinates":{"coordinates":[${value},${value}]},"place_id":${value}}`),
    lineWith(
      `,"geo":{"coordinates":${value}},"entities":{"mentions":[{"id":${value},"username":${value}}]}`,
    ),
    lineWith(
      `,"created_at":${value},"in_reply_to_user_id":${value},"withheld":{"country_codes":${value}}`,
    ),
    lineWith(
      `,"attachments":{"media_keys":["3_1","3_2"]}`,
      `,"media":[{"media_key":"3_1","width":${value},"alt_text":${value},"url":${value},"preview_image_url":"p, q"}]`,
    ),
    lineWith(
      `,"geo":{"place_id":"c0"}`,
      `,"places":[{"id":"c0","full_name":${value},"place_id":"c1","coordinates":{"coordinates":[1,2]}}]`,
    ),
    lineWith("").replace(
      '"username":"ada"',
      `"username":${value},"verified":${value},"public_metrics":{"tweet_count":${value}}`,
    ),
    lineWith("").replace('"author_id":"7","text":"a"', `"author_id":${value},"text":"a"`),
    `{"data":{"id":"1","text":"a"},"matching_rules":[{"tag":${value}},{"tag":"a, b"}],"__twarc":{"retrieved_at":${value}}}`,
  ]),
  '{"data":{"id":"1","text":"a"},"__twarc":{"retrieved_at":"2021-11-04T13:02:27+00:00"}}',
  '{"data":{"id":"1212092628029698048","text":"a"},"__twarc":{"retrieved_at":"2021-11-04T13:02:27.000Z"}}',
  lineWith(',"entities":{"hashtags":[{"tag":"reposted"}]},"lang":"reposted"'),
];

Deno.test("cells are the same, of bytes alone, for what the API sends", async () => {
  for (const line of USUAL) await assertSame([line, line]);
  for (const line of [...COMMON, ...MORE]) await assertSame([line, line], { merge: false });
  await assertSame(COMMON, { quick: COMMON.length });
  await assertSame([...USUAL, ...COMMON, ...MORE]);
});

testAnswerRows(assertSame);

Deno.test("with any JSON in place of any part of an answer, rows are the same", async () => {
  const lines = changedLines([...madePages(), ...USUAL, ...MORE]);
  await fc.assert(fc.asyncProperty(lines, (lines) => assertSame(lines)), { numRuns: 300 });
});
