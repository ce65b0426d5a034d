/** Tweets as Parquet: the common columns, in files of a size that every reader accepts. */

import type { SchemaElement } from "hyparquet";
import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import { zstdCompressSync } from "node:zlib";
import { commonReader } from "./answer_common.ts";
import { COMMON_COLUMNS, type CommonCell, type Type } from "./common_columns.ts";
import type { Common } from "./common.ts";
import { PackedAnswers } from "./packed_cells.ts";
import { PackedColumns } from "./packed_columns.ts";
import { writeRowGroup } from "./packed_pages.ts";
import { type Post, rawText } from "./post.ts";
import type { Pseudonyms } from "./pseudonyms.ts";
import type { PostWriter, Sink } from "./writer.ts";

/** Rows that are buffered, and written as one group. */
const GROUP = 20_000;
/** Bytes of texts, each once, with which a group is written that has less. */
const GROUP_BYTES = 2 ** 24;

/** Rows after which it is looked how large the group is. */
const FEW = 100;

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

/** Makes Parquet files, one row group after the other. */
export class Parquet implements PostWriter {
  readonly #options: ParquetOptions;
  readonly #read: (post: Post) => Common;
  readonly #columns: PackedColumns;
  /** Adds tweets from their bytes; undefined where each has to be read. */
  readonly #answers: PackedAnswers | undefined;
  readonly #cells: ((tweet: Common, post: Post) => CommonCell)[];
  #rows = 0;
  #isFirst = true;
  #open: { shard: Shard; bytes: ByteWriter; writer: ParquetWriter } | undefined;

  constructor(options: ParquetOptions) {
    this.#options = options;
    this.#read = commonReader(options);
    this.#columns = new PackedColumns(options.raw ? [{ name: "raw", type: "text" }] : []);
    const isPlain = !options.raw && !options.pseudonyms;
    this.#answers = isPlain ? new PackedAnswers(this.#columns, options) : undefined;
    this.#cells = COMMON_COLUMNS.map(({ read }) => (tweet, { place }) => read(tweet, place));
    if (options.raw) this.#cells.push((_, post) => rawText(post));
  }

  async add(posts: readonly Post[]): Promise<void> {
    for (const post of posts) {
      if (!this.#answers?.add(post)) this.#addRow(post);
      if (++this.#rows === GROUP || this.#isFull()) await this.#writeGroup();
    }
  }

  async end(): Promise<void> {
    // Without any rows there is a file as well, with its columns.
    if (this.#rows > 0 || this.#isFirst) await this.#writeGroup();
    await this.#endShard();
  }

  #isFull(): boolean {
    return this.#rows % FEW === 0 && this.#columns.bytes >= GROUP_BYTES;
  }

  #addRow(post: Post): void {
    const tweet = this.#read(post);
    const { pseudonyms } = this.#options;
    for (const [i, { name, add }] of this.#columns.all.entries()) {
      const cell = this.#cells[i]?.(tweet, post);
      add(pseudonyms ? pseudonyms.hideCell(name, cell) : cell);
    }
  }

  async #writeGroup(): Promise<void> {
    const open = this.#open ??= await this.#openShard();
    this.#isFirst = false;
    const { leaves } = this.#columns;
    if (this.#rows > 0) writeRowGroup(open.writer, leaves, { rows: this.#rows, compress });
    for (const leaf of leaves) leaf.clear();
    this.#rows = 0;
    await write(open);
    if (open.shard.bytes >= this.#options.shardBytes) await this.#endShard();
  }

  async #openShard() {
    const shard = await this.#options.openShard();
    const bytes = new ByteWriter(2 ** 20);
    const writer = new ParquetWriter({
      writer: bytes,
      schema: toSchema(this.#columns.all),
      codec: "ZSTD",
      compressors: { ZSTD: compress },
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

function compress(block: Uint8Array): Uint8Array {
  return zstdCompressSync(block);
}

/** Writes the bytes so far, and reuses their buffer. */
async function write({ shard, bytes }: { shard: Shard; bytes: ByteWriter }): Promise<void> {
  await shard.write(bytes.getBytes());
  bytes.index = 0;
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
