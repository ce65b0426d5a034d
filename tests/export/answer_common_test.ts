/** Tweets that are read of bytes are those that a parser gives: what only a parser can say is left to it. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { AnswerCommon } from "../../lib/export/answer_common.ts";
import { type Common, toCommon } from "../../lib/export/common.ts";
import { COMMON_COLUMNS } from "../../lib/export/common_columns.ts";
import type { Post } from "../../lib/export/post.ts";
import { readRecordedPosts } from "../../lib/export/recorded_line.ts";
import { madePages } from "../sandbox/v2_pages.ts";
import { changedLines, UNUSUAL, USUAL } from "./answer_lines.ts";
import { recordedAnswers } from "./exported.ts";

const PLACE = { collection: "c", harvest: "20260102030405", file: "harvests/a", number: 1 };

/** All that exports take of a tweet. */
function partsOf(tweet: Common): unknown {
  const { author, replyTo, repostOf, quoteOf, mentions, createdAt, kind } = tweet;
  const columns = COMMON_COLUMNS.map(({ name, read }) => [name, read(tweet, PLACE)]);
  const { id, handle } = author;
  return { columns, id, handle, replyTo, repostOf, quoteOf, mentions, createdAt, kind };
}

/** Reads lines in both ways, one after the other with the same readers; returns how many tweets were read of bytes. */
function assertSame(lines: string[]): number {
  let read = 0;
  for (const merge of [true, false]) {
    const reader = new AnswerCommon({ merge });
    for (const line of lines) {
      const bytes = new TextEncoder().encode(line);
      for (const post of postsIn(bytes)) {
        const found = reader.read(post);
        if (!found) continue;
        read++;
        const parts = partsOf(found);
        assert.deepEqual(parts, partsOf(toCommon(post, { merge })), line);
      }
    }
  }
  return read;
}

function postsIn(bytes: Uint8Array): Post[] {
  try {
    return readRecordedPosts(bytes, PLACE);
  } catch {
    return [];
  }
}

Deno.test("a tweet has the same parts, of bytes alone, for what the API sends", () => {
  for (const line of USUAL) assert.ok(assertSame([line, line]) >= 4, line);
});

Deno.test("what the API does not send is left to a parser, or the same", () => {
  for (const line of UNUSUAL) assertSame([USUAL[0] ?? "", line, line]);
  assertSame([...USUAL, ...UNUSUAL, ...USUAL]);
});

Deno.test("recorded and made answers have the same parts, all of them of bytes", async () => {
  const pages = [...madePages(), ...(await recordedAnswers()).flat()];
  const tweets = pages.reduce((sum, page) => sum + [JSON.parse(page).data].flat().length, 0);
  assert.equal(assertSame(pages), 2 * tweets);
});

Deno.test("with any JSON in place of any part of an answer, its parts are the same", () => {
  fc.assert(fc.property(changedLines(), (lines) => void assertSame(lines)), { numRuns: 300 });
});
