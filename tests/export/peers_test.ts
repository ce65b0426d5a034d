/** Exports against the programs that people know, cell by cell: on recorded tweets where they are here, and on made ones. */

import assert from "node:assert/strict";
import { join } from "node:path";
import type { JsonObject } from "../../lib/base/json.ts";
import { ANSWER_COLUMNS } from "../../lib/export/answer_columns.ts";
import { openTable } from "../../lib/export/columns.ts";
import { COMMON_COLUMNS } from "../../lib/export/common_columns.ts";
import { Network } from "../../lib/export/network.ts";
import { EDGES } from "../../lib/export/network_records.ts";
import { EdgesWriter, GexfWriter } from "../../lib/export/network_writers.ts";
import { Parquet } from "../../lib/export/parquet.ts";
import { STATUS_COLUMNS } from "../../lib/export/status_columns.ts";
import { CsvWriter, JsonlWriter } from "../../lib/export/text_writers.ts";
import type { PostWriter, Sink } from "../../lib/export/writer.ts";
import { pythonReads } from "../peers/python.ts";
import { madePages } from "../sandbox/v2_pages.ts";
import { exported, madeStatuses, recordedAnswers, recordedStatuses } from "./exported.ts";

/** A row that a program could not make is null. */
type Rows = (string[] | null)[];

/** What pyarrow and DuckDB read. */
interface Read {
  rows: Record<string, unknown>[];
  types: Record<string, string>;
  metadata: Record<string, string>;
  kinds: [kind: string, count: number, oldest: string, hashtags: number, likes: number][];
}

/** What Arrow calls the types of columns. */
const ARROW: Record<string, string> = {
  text: "string",
  time: "timestamp[us, tz=UTC]",
  integer: "int64",
  float: "double",
  boolean: "bool",
  texts: "list<element: string>",
  media:
    "list<element: struct<key: string, type: string, url: string, alt: string, width: int32, " +
    "height: int32, duration_ms: int32>>",
};

/** A cell of Parquet is that of the table of text. */
function assertRead(
  { rows, types, metadata, kinds }: Read,
  [names = [], ...texts]: string[][],
): void {
  assert.deepEqual(
    types,
    Object.fromEntries(COMMON_COLUMNS.map(({ name, type }) => [name, ARROW[type]])),
  );
  assert.equal(metadata.twarc_cloud, "what it is");
  assert.equal(rows.length, texts.length);
  for (const [i, row] of rows.entries()) {
    for (const [j, name] of names.entries()) {
      assert.deepEqual(textOf(row[name]), value(texts[i]?.[j] ?? ""), `${name} of row ${i}`);
    }
  }
  const counted = kinds.map(([kind, n]) => [kind, n]);
  const wanted = Map.groupBy(texts, (row) => row[names.indexOf("kind")] ?? "");
  assert.deepEqual(counted, [...wanted].map(([kind, all]) => [kind, all.length]).toSorted());
}

/** What networkx reads. */
interface Graph {
  nodes: Record<string, { label: string; posts?: number }>;
  edges: [source: string, target: string, kind: string, weight: number][];
}

/** The graph has the edges of the table of edges, and as many posts as the table of tweets has. */
function assertGraph(
  { nodes, edges }: Graph,
  [header, ...rows]: string[][],
  tweets: string[][],
): void {
  assert.deepEqual(header, ["source", "target", "kind", "weight"]);
  assert.ok(rows.length > 0);
  assert.deepEqual(
    edges.map((edge) => edge.join()).toSorted(),
    rows.map((row) => row.join()).toSorted(),
  );
  const posts = Object.values(nodes).reduce((sum, node) => sum + (node.posts ?? 0), 0);
  const author = tweets[0]?.indexOf("author_id") ?? -1;
  assert.equal(posts, tweets.slice(1).filter((row) => row[author] !== "").length);
}

/** A cell as the table of text has it. */
function textOf(cell: unknown): unknown {
  if (cell === null) return "";
  if (typeof cell === "boolean") return cell ? "True" : "False";
  if (typeof cell !== "string") return typeof cell === "number" ? `${cell}` : cell;
  const time = /^\d{4}-\d\d-\d\dT[\d:.]+\+00:00$/.test(cell) ? new Date(cell) : null;
  return time ? time.toISOString() : value(cell);
}

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
  const table = (api: string) => openTable({ merge: true, apis: new Set([api]) });
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
    const toParquet = (sink: Sink) =>
      new Parquet({
        openShard: () => Promise.resolve({ write: (bytes) => sink.write(bytes), bytes: 0 }),
        shardBytes: 1,
        metadata: { twarc_cloud: "what it is" },
        merge: true,
        raw: false,
      });
    await write("2.parquet", answers, toParquet);
    await write("1.parquet", statuses, toParquet);
    const toGexf = (sink: Sink) => new GexfWriter(sink, new Network({ kinds: new Set(EDGES) }));
    const toEdges = (sink: Sink) => new EdgesWriter(sink, new Network({ kinds: new Set(EDGES) }));
    for (const [name, lines] of [["2", answers], ["1", statuses]] as const) {
      await write(`${name}.gexf`, lines, toGexf);
      await write(`${name}-edges.csv`, lines, toEdges);
    }
    const toCommon = (sink: Sink) =>
      new CsvWriter(sink, openTable({ columns: "common", merge: true, apis: new Set(["2"]) }));
    await write("2-common.csv", answers, toCommon);
    await write("1-common.csv", statuses, toCommon);
    const [ours2, theirs2, ours1, theirs1, flat, table2, table1, common2, common1, ...graphs] =
      await pythonReads([
        ["read_csv", path("2.csv")],
        ["twarc_csv", path("2"), NEW.join(",")],
        ["read_csv", path("1.csv")],
        ["json2csv", path("1")],
        ["flatten", path("2")],
        ["parquet", path("2.parquet")],
        ["parquet", path("1.parquet")],
        ["read_csv", path("2-common.csv")],
        ["read_csv", path("1-common.csv")],
        ["gexf", path("2.gexf")],
        ["gexf", path("1.gexf")],
        ["read_csv", path("2-edges.csv")],
        ["read_csv", path("1-edges.csv")],
      ]) as [
        ...[Rows, Rows, Rows, Rows, JsonObject[], Read, Read, string[][], string[][]],
        ...[Graph, Graph, string[][], string[][]],
      ];
    assert.deepEqual(differences(ANSWER_COLUMNS, ours2, theirs2), []);
    assert.deepEqual(differences(STATUS_COLUMNS, ours1, theirs1), []);
    assertRead(table2, common2);
    assertRead(table1, common1);
    const [graph2, graph1, edges2, edges1] = graphs;
    assertGraph(graph2, edges2, common2);
    assertGraph(graph1, edges1, common1);
    const flattened = (await Deno.readTextFile(path("2.jsonl"))).trimEnd().split("\n");
    assert.deepEqual(flattened.map((line) => JSON.parse(line)), flat);
    assert.equal(await Deno.readTextFile(path("1.jsonl")), await Deno.readTextFile(path("1")));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
