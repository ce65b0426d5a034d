import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { openTable } from "../../lib/export/columns.ts";
import { COMMON_COLUMNS } from "../../lib/export/common_columns.ts";
import { CsvWriter, JsonlWriter } from "../../lib/export/text_writers.ts";
import { parseTweetLine } from "../../lib/format/tweets.ts";
import { readIds } from "../../lib/twitter/bytes/ids.ts";
import { exported, recordedAnswers } from "../export/exported.ts";
import { madePages } from "../sandbox/v2_pages.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

async function linesOf(pages: string[]): Promise<string[]> {
  const bytes = await exported(pages, (sink) => new JsonlWriter(sink), { keepDuplicates: true });
  return decoder.decode(bytes).trimEnd().split("\n");
}

async function tableOf(lines: string[], columns: string): Promise<string> {
  const isSet = ["twarc", "4cat"].includes(columns);
  const apis = new Set(isSet ? ["2"] : ["1.1", "2"]);
  const table = openTable({ columns, merge: true, apis });
  const options = { keepDuplicates: true };
  return decoder.decode(await exported(lines, (sink) => new CsvWriter(sink, table), options));
}

Deno.test("tweets that twarc2 has flattened are read as the answers that they came in: the same tables, the same lines", async () => {
  const pages = [...madePages(), ...(await recordedAnswers()).flat()];
  const flat = await linesOf(pages);
  const ids = flat.map((line) => JSON.parse(line).id);
  assert.deepEqual(flat.flatMap((line) => readIds(encoder.encode(line))), ids);
  // Members may have another order, and what a tweet's reference refers to its author too.
  const known = (line: string) => {
    const tweet = JSON.parse(line);
    for (const one of tweet.referenced_tweets ?? []) delete one.referenced_tweets;
    return tweet;
  };
  for (const [i, line] of (await linesOf(flat)).entries()) {
    assert.ok(isDeepStrictEqual(known(line), known(flat[i] ?? "")), ids[i]);
  }
  // The number of a line differs, as there are more of them; flattening says the ids of who is mentioned.
  const common = COMMON_COLUMNS.map(({ name }) => name)
    .filter((name) => name !== "line" && name !== "mentions").join();
  for (const columns of ["twarc", "4cat", common]) {
    const theirs = (await tableOf(pages, columns)).split("\n");
    for (const [i, row] of (await tableOf(flat, columns)).split("\n").entries()) {
      assert.equal(row, theirs[i], columns);
    }
  }
});

Deno.test("a status of version 1.1 is no flattened tweet, nor is what has no id", () => {
  const [api] = [parseTweetLine(encoder.encode('{"id":20,"id_str":"20","text":"a"}')).api];
  assert.equal(api, "1.1");
  assert.equal(parseTweetLine(encoder.encode('{"id":"20","text":"a"}')).api, "2");
  assert.throws(() => parseTweetLine(encoder.encode('{"id":"abc"}')), SyntaxError);
});
