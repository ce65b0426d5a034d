/** Tweets as Parquet: the common columns, in files of a size that every reader accepts. */

import type { SchemaElement } from "hyparquet";
import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import { zstdCompressSync } from "node:zlib";
import { commonReader } from "./answer_common.ts";
import { COMMON_COLUMNS, type CommonCell, type Type } from "./common_columns.ts";
import type { Common } from "./common.ts";
import { type Post, rawText } from "./post.ts";
import type { Pseudonyms } from "./pseudonyms.ts";
import type { PostWriter, Sink } from "./writer.ts";

/** Rows that are buffered, and written as one group. */
const GROUP = 5_000;

/** A file that is one of several, with its size. */
export interface Shard extends Sink {
  readonly bytes: number;
}

/** Options of Parquet. */
export interface ParquetOptions {
  /** Begins another file. */
  openShard: () => Promise<Shard>;
  /** Bytes of a file beyond which another one is begun. */
  shardBytes: number;
  /** Metadata of the files, by names. */
  metadata: Readonly<Record<string, string>>;
  /** Whether retweets have the content of the tweets that they repeat. */
  merge: boolean;
  /** Whether the JSON of each tweet is the last column. */
  raw: boolean;
  pseudonyms?: Pseudonyms | undefined;
}

/** A column of a file, with the cells of the group that is being collected. */
interface Column {
  name: string;
  type: Type;
  read: (tweet: Common, post: Post) => CommonCell;
  cells: unknown[];
}

/** Makes Parquet files, one row group after the other. */
export class Parquet implements PostWriter {
  readonly #options: ParquetOptions;
  readonly #read: (post: Post) => Common;
  readonly #columns: Column[];
  #rows = 0;
  #isFirst = true;
  #open: { shard: Shard; bytes: ByteWriter; writer: ParquetWriter } | undefined;

  constructor(options: ParquetOptions) {
    this.#options = options;
    this.#read = commonReader(options);
    this.#columns = COMMON_COLUMNS.map(({ name, type, read }) => ({
      name,
      type,
      read: (tweet, { place }) => read(tweet, place),
      cells: [],
    }));
    const raw = (_: Common, post: Post) => rawText(post);
    if (options.raw) this.#columns.push({ name: "raw", type: "text", read: raw, cells: [] });
  }

  async add(posts: readonly Post[]): Promise<void> {
    for (const post of posts) {
      this.#addRow(post);
      if (this.#rows === GROUP) await this.#writeGroup();
    }
  }

  async end(): Promise<void> {
    // Without any rows there is a file as well, with its columns.
    if (this.#rows > 0 || this.#isFirst) await this.#writeGroup();
    await this.#endShard();
  }

  #addRow(post: Post): void {
    const tweet = this.#read(post);
    for (const column of this.#columns) {
      const cell = column.read(tweet, post);
      const { pseudonyms } = this.#options;
      const shown = pseudonyms ? pseudonyms.hideCell(column.name, cell) : cell;
      column.cells.push(toValue(shown, column.type));
    }
    this.#rows++;
  }

  async #writeGroup(): Promise<void> {
    const open = this.#open ??= await this.#openShard();
    this.#isFirst = false;
    const columnData = this.#columns.map(({ name, cells }) => ({ name, data: cells }));
    if (this.#rows > 0) open.writer.write({ columnData, rowGroupSize: GROUP });
    for (const column of this.#columns) column.cells = [];
    this.#rows = 0;
    await write(open);
    if (open.shard.bytes >= this.#options.shardBytes) await this.#endShard();
  }

  async #openShard() {
    const shard = await this.#options.openShard();
    const bytes = new ByteWriter(2 ** 20);
    const writer = new ParquetWriter({
      writer: bytes,
      schema: toSchema(this.#columns),
      codec: "ZSTD",
      compressors: { ZSTD: (block) => zstdCompressSync(block) },
      kvMetadata: Object.entries(this.#options.metadata).map(([key, value]) => ({ key, value })),
      createdBy: "twarc-cloud",
    });
    return { shard, bytes, writer };
  }

  async #endShard(): Promise<void> {
    if (!this.#open) return;
    this.#open.writer.finish();
    await write(this.#open);
    this.#open = undefined;
  }
}

/** Writes the bytes so far, and reuses their buffer. */
async function write({ shard, bytes }: { shard: Shard; bytes: ByteWriter }): Promise<void> {
  await shard.write(bytes.getBytes());
  bytes.index = 0;
}

/** Converts a cell for the library. */
function toValue(cell: CommonCell, type: Type): unknown {
  if (cell === undefined) return null;
  // Microseconds: of a Date, the library makes an array for each.
  if (type === "time") return BigInt(Number(cell) * 1_000);
  if (type === "integer") return BigInt(Math.round(Number(cell)));
  return cell;
}

/** Returns the schema: three levels for lists, as the format's documents require. */
function toSchema(columns: readonly { name: string; type: Type }[]): SchemaElement[] {
  return [{ name: "root", num_children: columns.length }, ...columns.flatMap(toElements)];
}

function toElements({ name, type }: { name: string; type: Type }): SchemaElement[] {
  switch (type) {
    case "text":
      return [textElement(name)];
    case "time":
      return [leafElement(name, "INT64", "TIMESTAMP_MICROS")];
    case "integer":
      return [leafElement(name, "INT64")];
    case "float":
      return [leafElement(name, "DOUBLE")];
    case "boolean":
      return [leafElement(name, "BOOLEAN")];
    case "texts":
      return listElement(name, [textElement("element")]);
    case "media":
      return listElement(name, [
        { name: "element", repetition_type: "OPTIONAL", num_children: 7 },
        ...["key", "type", "url", "alt"].map(textElement),
        ...["width", "height", "duration_ms"].map((one) => leafElement(one, "INT32")),
      ]);
  }
}

function listElement(name: string, element: SchemaElement[]): SchemaElement[] {
  return [
    { name, repetition_type: "OPTIONAL", converted_type: "LIST", num_children: 1 },
    { name: "list", repetition_type: "REPEATED", num_children: 1 },
    ...element,
  ];
}

function textElement(name: string): SchemaElement {
  return leafElement(name, "BYTE_ARRAY", "UTF8");
}

function leafElement(
  name: string,
  type: NonNullable<SchemaElement["type"]>,
  converted?: NonNullable<SchemaElement["converted_type"]>,
): SchemaElement {
  const element: SchemaElement = { name, type, repetition_type: "OPTIONAL" };
  return converted === undefined ? element : { ...element, converted_type: converted };
}
