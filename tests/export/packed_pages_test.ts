/** What is packed is what a reader of Parquet finds. */

import assert from "node:assert/strict";
import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import fc from "fast-check";
import {
  parquetMetadata,
  parquetReadObjects,
  type ParquetType,
  type SchemaElement,
} from "hyparquet";
import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import { type Leaf, NumberLeaf, TextLeaf } from "../../lib/export/packed_leaf.ts";
import { writeRowGroup } from "../../lib/export/packed_pages.ts";
import { anyText } from "../fakes/any_text.ts";

const encoder = new TextEncoder();
const compress = (block: Uint8Array) => zstdCompressSync(block);

/** A row: of a leaf each, null for none. */
interface Row {
  text: string | null;
  long: number | null;
  double: number | null;
  truth: boolean | null;
  list: string[] | null;
}

const leaf = (name: string, type: ParquetType, more: Partial<SchemaElement> = {}) =>
  ({ name, type, repetition_type: "OPTIONAL", ...more }) as const;
const SCHEMA = [
  { name: "root", num_children: 5 },
  leaf("text", "BYTE_ARRAY", { converted_type: "UTF8" }),
  leaf("long", "INT64"),
  leaf("double", "DOUBLE"),
  leaf("truth", "BOOLEAN"),
  { name: "list", repetition_type: "OPTIONAL", converted_type: "LIST", num_children: 1 },
  { name: "list", repetition_type: "REPEATED", num_children: 1 },
  leaf("element", "BYTE_ARRAY", { converted_type: "UTF8" }),
] satisfies SchemaElement[];

/** Writes groups of rows with the same leaves, as a file. */
function written(groups: Row[][]): ArrayBuffer {
  const text = new TextLeaf(["text"], "BYTE_ARRAY", { full: 1 });
  const long = new NumberLeaf(["long"], "INT64", { full: 1 });
  const double = new NumberLeaf(["double"], "DOUBLE", { full: 1 });
  const truth = new NumberLeaf(["truth"], "BOOLEAN", { full: 1 });
  const list = new TextLeaf(["list", "list", "element"], "BYTE_ARRAY", { full: 3 });
  const leaves: Leaf[] = [text, long, double, truth, list];
  const bytes = new ByteWriter();
  const writer = new ParquetWriter({
    writer: bytes,
    schema: SCHEMA,
    codec: "ZSTD",
    compressors: { ZSTD: compress },
  });
  for (const rows of groups) {
    for (const row of rows) {
      addText(text, row.text);
      long.add(row.long);
      double.add(row.double);
      truth.add(row.truth === null ? null : Number(row.truth));
      list.begin();
      if (row.list === null) list.addNone();
      for (const one of row.list ?? []) addText(list, one);
      list.end();
    }
    writeRowGroup(writer, leaves, { rows: rows.length, compress });
    for (const one of leaves) one.clear();
  }
  writer.finish();
  return bytes.getBuffer();
}

/** Adds a text, of some as JSON has it. */
function addText(leaf: TextLeaf, text: string | null): void {
  if (text === null || text.length % 2 === 0) return leaf.addText(text);
  const json = encoder.encode(JSON.stringify(text));
  leaf.addJson(json, 1, json.length - 1);
}

async function readBack(file: ArrayBuffer): Promise<Record<string, unknown>[]> {
  const compressors = { ZSTD: (block: Uint8Array) => Uint8Array.from(zstdDecompressSync(block)) };
  const rows = await parquetReadObjects({ file, compressors });
  // hyparquet has undefined for no list.
  return rows.map((row) => ({ ...row, list: row.list ?? null }));
}

/** Rows as they are read. */
function expected(rows: Row[]): Record<string, unknown>[] {
  return rows.map(({ text, long, list, ...row }) => ({
    ...row,
    text: text?.toWellFormed() ?? null,
    long: long === null ? null : BigInt(long),
    list: list?.map((one) => one.toWellFormed()) ?? null,
  }));
}

const NONE: Row = { text: null, long: null, double: null, truth: null, list: null };
const word = fc.oneof(
  anyText,
  fc.constantFrom("", "a", "ab", "é☃🦫".repeat(20), "\ud83e", 'say "a"\n'),
);
const rows = fc.array(
  fc.record({
    text: fc.option(word),
    long: fc.option(fc.oneof(fc.maxSafeInteger(), fc.constantFrom(0, -1, 2 ** 53, -(2 ** 62)))),
    double: fc.option(fc.double({ noNaN: true })),
    truth: fc.option(fc.boolean()),
    list: fc.option(fc.array(word, { maxLength: 4 })),
  }),
  { maxLength: 40 },
);

Deno.test("whatever rows are packed, in one group or in several, are read back", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(rows.filter((all) => all.length > 0), { maxLength: 3 }),
      async (groups) => {
        assert.deepEqual(await readBack(written(groups)), expected(groups.flat()));
      },
    ),
    { numRuns: 200 },
  );
});

Deno.test("thousands of rows are read back, with texts that come again and that do not", async () => {
  const made = (i: number, kinds: number): Row => ({
    text: `text ${i % kinds} ${"x".repeat(i % 70)}`,
    long: i * 10_007 - 30_000_000,
    double: i / 7,
    truth: i % 3 === 0,
    list: Array.from({ length: i % 4 }, (_, k) => `${(i + k) % kinds}`),
  });
  const group = (kinds: number) => Array.from({ length: 5_000 }, (_, i) => made(i, kinds));
  const groups = [group(7), group(5_000), group(300), Array<Row>(3_000).fill(NONE)];
  assert.deepEqual(await readBack(written(groups)), expected(groups.flat()));
});

Deno.test("a group says the lowest and the highest value of each column, and how many have none", () => {
  const row = { ...NONE, text: "b", long: -5, double: 0, truth: true, list: ["é", "z", "🦫"] };
  const file = written([[row, NONE, { ...row, text: "\uffee", long: 3, truth: false }, {
    ...row,
    text: "🦫",
  }]]);
  const [group] = parquetMetadata(file).row_groups;
  const statistics = group?.columns.map(({ meta_data }) => meta_data?.statistics);
  assert.deepEqual(
    statistics?.map((one) => [one?.min_value, one?.max_value, one?.null_count]),
    [
      ["b", "🦫", 1n],
      [-5n, 3n, 1n],
      [-0, 0, 1n],
      [false, true, 1n],
      ["z", "🦫", 1n],
    ],
  );
  assert.equal(group?.num_rows, 4n);
});

Deno.test("texts that come again are in the file once", () => {
  const long = "a text that comes again and again".repeat(10);
  const many = Array.from(
    { length: 500 },
    (_, i) => ({ ...NONE, text: `${i % 2}${long}`, list: [long] }),
  );
  const [group] = parquetMetadata(written([many])).row_groups;
  const found = group?.columns.map(({ meta_data }) => meta_data);
  assert.deepEqual(found?.map((one) => one?.dictionary_page_offset !== undefined), [
    true,
    false,
    false,
    false,
    true,
  ]);
  assert.ok((found?.[0]?.total_uncompressed_size ?? 0n) < 1_000n);
});
