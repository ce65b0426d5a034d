/** Exports against the programs that people know, cell by cell: on recorded tweets where they are here, and on made ones. */

import assert from "node:assert/strict";
import { join } from "node:path";
import type { JsonObject } from "../../lib/base/json.ts";
import { ANSWER_COLUMNS } from "../../lib/export/answer_columns.ts";
import { openTable } from "../../lib/export/columns.ts";
import { STATUS_COLUMNS } from "../../lib/export/status_columns.ts";
import { CsvWriter, JsonlWriter } from "../../lib/export/text_writers.ts";
import type { PostWriter, Sink } from "../../lib/export/writer.ts";
import { pythonReads } from "../peers/python.ts";
import { madePages } from "../sandbox/v2_pages.ts";
import { exported, madeStatuses, recordedAnswers, recordedStatuses } from "./exported.ts";

/** A row that a program could not make is null. */
type Rows = (string[] | null)[];

/** What twarc-csv does not know of these tweets, and has to be told of. */
const NEW = [
  "text",
  ...["urls", "mentions", "hashtags", "cashtags"].map((one) => `entities.${one}`),
]
  .map((name) => `note_tweet.${name}`);
/** Where long posts differ, on purpose: their whole text, and the entities of that. */
const LONG = ["1609500000000000002", "1609500000000000001"];
const OF_LONG = /^(text|entities\.\w+)$/;

/** A cell as it is compared: JSON by what it says, whole numbers without the `.0` that pandas puts behind them. */
function value(cell: string): unknown {
  if (/^[[{]/.test(cell)) {
    try {
      return JSON.parse(cell);
    } catch {
      return cell;
    }
  }
  return /^-?\d+\.0$/.test(cell) ? cell.slice(0, -2) : cell;
}

/** The cells that differ, by their columns. */
function differences(columns: readonly string[], ours: Rows, theirs: Rows): string[] {
  assert.deepEqual([ours[0], theirs[0]], [columns, columns]);
  assert.equal(ours.length, theirs.length);
  return theirs.flatMap((row, i) =>
    (row ?? []).flatMap((cell, j) => {
      const [our = "", name = "", id = ""] = [ours[i]?.[j], columns[j], ours[i]?.[0]];
      const isMeant = LONG.includes(id) && OF_LONG.test(name);
      const isSame = JSON.stringify(value(our)) === JSON.stringify(value(cell));
      return isSame || isMeant ? [] : [`${name} of ${id}: ${our} for ${cell}`];
    })
  );
}

Deno.test("exports have the cells of twarc2 csv and of json2csv, and the tweets of twarc2 flatten", async () => {
  const folder = await Deno.makeTempDir({ prefix: "twarc-cloud-test-" });
  const path = (name: string) => join(folder, name);
  const write = async (name: string, lines: string[], open: (sink: Sink) => PostWriter) =>
    await Deno.writeFile(path(name), await exported(lines, open, { keepDuplicates: true }));
  const table = (api: string) =>
    openTable({ columns: undefined, merge: true, raw: false, apis: new Set([api]) });
  const toJsonl = (sink: Sink) => new JsonlWriter(sink);
  try {
    const answers = [...madePages(), ...(await recordedAnswers()).flat()];
    const statuses = [...madeStatuses(), ...(await recordedStatuses()).flat()];
    await Deno.writeTextFile(path("2"), answers.map((line) => `${line}\n`).join(""));
    await Deno.writeTextFile(path("1"), statuses.map((line) => `${line}\n`).join(""));
    await write("2.csv", answers, (sink) => new CsvWriter(sink, table("2")));
    await write("1.csv", statuses, (sink) => new CsvWriter(sink, table("1.1")));
    await write("2.jsonl", answers, toJsonl);
    await write("1.jsonl", statuses, toJsonl);
    const [ours2, theirs2, ours1, theirs1, flat] = await pythonReads([
      ["read_csv", path("2.csv")],
      ["twarc_csv", path("2"), NEW.join(",")],
      ["read_csv", path("1.csv")],
      ["json2csv", path("1")],
      ["flatten", path("2")],
    ]) as [Rows, Rows, Rows, Rows, JsonObject[]];
    assert.deepEqual(differences(ANSWER_COLUMNS, ours2, theirs2), []);
    assert.deepEqual(differences(STATUS_COLUMNS, ours1, theirs1), []);
    const flattened = (await Deno.readTextFile(path("2.jsonl"))).trimEnd().split("\n");
    assert.deepEqual(flattened.map((line) => JSON.parse(line)), flat);
    assert.equal(await Deno.readTextFile(path("1.jsonl")), await Deno.readTextFile(path("1")));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
