/** What is packed from bytes is what the cells of a parsed tweet give: what only a parser can say is left to it. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { COMMON_COLUMNS } from "../../lib/export/common_columns.ts";
import { toCommon } from "../../lib/export/common.ts";
import { PackedAnswers } from "../../lib/export/packed_cells.ts";
import { PackedColumns } from "../../lib/export/packed_columns.ts";
import { type Leaf, NumberLeaf, PREFIX, TextLeaf } from "../../lib/export/packed_leaf.ts";
import type { Post } from "../../lib/export/post.ts";
import { readRecordedPosts } from "../../lib/export/recorded_line.ts";
import { madePages } from "../sandbox/v2_pages.ts";
import { changedLines, lineWith, UNUSUAL, USUAL } from "./answer_lines.ts";
import { recordedAnswers } from "./exported.ts";

const PLACE = { collection: "c", harvest: "20260102030405", file: "harvests/a", number: 1 };
const decoder = new TextDecoder();

/** Adds lines to columns in both ways; returns how many tweets were packed from bytes. */
function assertSame(lines: string[], merges = [true, false]): number {
  let packed = 0;
  for (const merge of merges) {
    const [quick, slow] = [new PackedColumns(), new PackedColumns()];
    const answers = new PackedAnswers(quick, { merge });
    for (const line of lines) {
      for (const post of postsIn(new TextEncoder().encode(line))) {
        if (!answers.add(post)) continue;
        packed++;
        const tweet = toCommon(post, { merge });
        for (const [i, { add }] of slow.all.entries()) add(COMMON_COLUMNS[i]?.read(tweet, PLACE));
      }
    }
    for (const [i, column] of quick.leaves.entries()) {
      const other = slow.leaves[i];
      assert.ok(other);
      assert.deepEqual(partsOf(column), partsOf(other), `${column.path.join(".")}: ${lines[0]}`);
    }
  }
  return packed;
}

function partsOf(leaf: Leaf): unknown {
  const { path, type, definitions, repetitions } = leaf;
  return { path, type, definitions, repetitions, values: valuesOf(leaf) };
}

function valuesOf(leaf: Leaf): unknown {
  if (leaf instanceof NumberLeaf) return leaf.values;
  assert.ok(leaf instanceof TextLeaf);
  return [...leaf.numbers].map((one) =>
    decoder.decode(leaf.bytes.subarray(leaf.endOf(one - 1) + PREFIX, leaf.endOf(one)))
  );
}

function postsIn(bytes: Uint8Array): Post[] {
  try {
    return readRecordedPosts(bytes, PLACE);
  } catch {
    return [];
  }
}

Deno.test("columns have the same values, of bytes alone, for what the API sends", () => {
  for (const line of USUAL) assert.ok(assertSame([line, line]) >= 4, line);
});

Deno.test("what the API does not send is left to a parser, or the same", () => {
  for (const line of UNUSUAL) assertSame([USUAL[0] ?? "", line, line]);
  assertSame([...USUAL, ...UNUSUAL, ...USUAL]);
});

Deno.test("recorded and made answers have the same values, all of them of bytes", async () => {
  const pages = [...madePages(), ...(await recordedAnswers()).flat()];
  const tweets = pages.reduce((sum, page) => sum + [JSON.parse(page).data].flat().length, 0);
  assert.equal(assertSame(pages), 2 * tweets);
});

Deno.test("values of other types than the API's are as cells have them", () => {
  const numbers = [
    "7",
    "-7",
    "1.5",
    "-0",
    "1e3",
    "123456789012345678",
    "1e999",
    '"7"',
    "null",
    "[]",
    "true",
  ];
  const times = [
    "2026-01-02T03:04:05.006Z",
    "2024-02-29T00:00:00.000Z",
    "2026-01-02",
    "0099-01-02T03:04:05.006Z",
    "x",
  ]
    .concat([
      "2026-02-30T00:00:00.000Z",
      "Mon Mar 28 14:36:01 +0000 2016",
      "2026-01-02T03:04:05\\u002e006Z",
    ]);
  const entities = (one: string) =>
    `{"hashtags":[{"tag":${one}},${one}],"mentions":[{"id":${one},"username":${one}}],` +
    `"urls":[{"expanded_url":${one}},{"expanded_url":"u","media_key":${one}}]}`;
  const values = [...numbers, ...times.map((time) => `"${time}"`), '"\\ud83e\\u00e9\\n"', "{}"];
  const lines = values.flatMap((one) => [
    lineWith(
      `,"created_at":${one},"conversation_id":${one},"in_reply_to_user_id":${one},"lang":${one},` +
        `"source":${one},"possibly_sensitive":${one},"edit_history_tweet_ids":[${one},"1"]`,
    ),
    lineWith(`,"referenced_tweets":[{"type":"replied_to","id":"2"}],"in_reply_to_user_id":${one}`),
    lineWith(`,"entities":${entities(one)},"geo":{"coordinates":{"coordinates":[${one},${one}]}}`),
    lineWith(
      ',"attachments":{"media_keys":["3_1","3_2"]},"geo":{"place_id":"c0"}',
      `,"media":[{"media_key":"3_1","type":${one},"url":${one},"preview_image_url":"p","alt_text":${one},` +
        `"width":${one},"height":${one},"duration_ms":${one}}],"places":[{"id":"c0","full_name":${one}}]`,
    ),
    lineWith("").replace(
      '"username":"ada"',
      `"username":${one},"created_at":${one},"verified":${one},` +
        `"public_metrics":{"followers_count":${one}}`,
    ),
    lineWith("").replace('"like_count":0', `"like_count":${one},"impression_count":${one}`),
  ]);
  assert.ok(lines.every((line) => JSON.parse(line)));
  for (const line of lines) assertSame([line]);
});

Deno.test("with any JSON in place of any part of an answer, values are the same", () => {
  fc.assert(fc.property(changedLines(), (lines) => void assertSame(lines)), { numRuns: 400 });
});
