/**
 * Writes packed values as the pages of a Parquet file, in row groups of a writer of hyparquet-writer: the headers of
 * pages, levels and all metadata are the library's; what it would make of a value each, an object, is not made.
 */

import type { ColumnChunk } from "hyparquet";
import { ByteWriter, type ParquetWriter } from "hyparquet-writer";
import { writePageHeader } from "hyparquet-writer/src/datapage.js";
import { writeRleBitPackedHybrid } from "hyparquet-writer/src/encoding.js";
import { type Leaf, NumberLeaf, PREFIX, TextLeaf } from "./packed_leaf.ts";

const WORD = 2 ** 32;
/** Bytes of a page below which compressing it is of no use. */
const SMALL = 64;

/** Compresses a block. */
export type Compress = (block: Uint8Array) => Uint8Array;

type Statistics = NonNullable<NonNullable<ColumnChunk["meta_data"]>["statistics"]>;

const levels = new ByteWriter();
const body = new ByteWriter();

/** Writes the values of all leaves, in the order of the schema, as a row group. */
export function writeRowGroup(
  writer: ParquetWriter,
  leaves: readonly Leaf[],
  { rows, compress }: { rows: number; compress: Compress },
): void {
  const start = writer.writer.offset;
  const columns = leaves.map((leaf) => writeLeaf(writer, leaf, compress));
  const sizes = columns.map(({ meta_data }) => meta_data?.total_uncompressed_size ?? 0n);
  writer.num_rows += BigInt(rows);
  writer.row_groups.push({
    columns,
    total_byte_size: sizes.reduce((sum, size) => sum + size, 0n),
    num_rows: BigInt(rows),
    total_compressed_size: BigInt(writer.writer.offset - start),
  });
}

function writeLeaf({ writer }: ParquetWriter, leaf: Leaf, compress: Compress): ColumnChunk {
  const start = writer.offset;
  const dictionary = leaf instanceof TextLeaf && isRepetitive(leaf) ? leaf : undefined;
  let size = 0;
  if (dictionary) {
    const texts = dictionary.bytes;
    const compressed = compress(texts);
    size += writeHeader(writer, {
      type: "DICTIONARY_PAGE",
      uncompressed_page_size: texts.length,
      compressed_page_size: compressed.length,
      dictionary_page_header: { num_values: dictionary.texts, encoding: "PLAIN" },
    }) + texts.length;
    writer.appendBytes(compressed);
  }
  const encoding = dictionary ? "RLE_DICTIONARY" : "PLAIN";
  const pageStart = writer.offset;
  const repetitionBytes = writeLevels(leaf);
  const values = dictionary ? indexesOf(dictionary) : valuesOf(leaf);
  const isCompressed = values.length >= SMALL;
  const compressed = isCompressed ? compress(values) : values;
  const { definitions, repetitions, count } = leaf;
  size += writeHeader(writer, {
    type: "DATA_PAGE_V2",
    uncompressed_page_size: levels.index + values.length,
    compressed_page_size: levels.index + compressed.length,
    data_page_header_v2: {
      num_values: definitions.length,
      num_nulls: definitions.length - count,
      num_rows: leaf.isRepeated ? countRows(repetitions) : definitions.length,
      encoding,
      definition_levels_byte_length: levels.index - repetitionBytes,
      repetition_levels_byte_length: repetitionBytes,
      is_compressed: isCompressed,
    },
  }) + levels.index + values.length;
  writer.appendBytes(levels.getBytes());
  writer.appendBytes(compressed);
  const page = { page_type: "DATA_PAGE_V2", encoding, count: 1 } as const;
  const first = { page_type: "DICTIONARY_PAGE", encoding: "PLAIN", count: 1 } as const;
  return {
    file_offset: BigInt(start),
    meta_data: {
      type: leaf.type,
      encodings: dictionary ? ["PLAIN", encoding] : [encoding],
      path_in_schema: [...leaf.path],
      codec: "ZSTD",
      num_values: BigInt(definitions.length),
      total_compressed_size: BigInt(writer.offset - start),
      total_uncompressed_size: BigInt(size),
      data_page_offset: BigInt(pageStart),
      ...(dictionary ? { dictionary_page_offset: BigInt(start) } : {}),
      statistics: { ...statisticsOf(leaf), null_count: BigInt(definitions.length - count) },
      encoding_stats: dictionary ? [first, page] : [page],
    },
  };
}

/** Returns whether texts come again so often that a dictionary at least halves them, as the library decides it. */
function isRepetitive({ texts, count, bytes, total }: TextLeaf): boolean {
  const indexes = Math.ceil(count * bitsFor(texts - 1) / 8);
  return count > 0 && 2 * (bytes.length + indexes) <= total;
}

/** Writes a page's header. @returns Its bytes */
function writeHeader(
  writer: ParquetWriter["writer"],
  header: Parameters<typeof writePageHeader>[1],
): number {
  const start = writer.offset;
  writePageHeader(writer, header);
  return writer.offset - start;
}

/** Writes the levels. @returns Bytes of those of lists, which come first */
function writeLevels({ isRepeated, definitions, repetitions, full }: Leaf): number {
  clear(levels);
  if (isRepeated) writeRleBitPackedHybrid(levels, repetitions, 1);
  const bytes = levels.index;
  writeRleBitPackedHybrid(levels, definitions, bitsFor(full));
  return bytes;
}

/** Returns the numbers of texts, in as few bits as they take. */
function indexesOf({ texts, numbers }: TextLeaf): Uint8Array {
  clear(body);
  const bits = bitsFor(texts - 1);
  body.appendUint8(bits);
  writeRleBitPackedHybrid(body, numbers, bits);
  return body.getBytes();
}

/** Returns the values one after the other. */
function valuesOf(leaf: Leaf): Uint8Array {
  if (leaf instanceof TextLeaf) return leaf.isInOrder ? leaf.bytes : textsOf(leaf);
  if (!(leaf instanceof NumberLeaf)) return new Uint8Array();
  const { type, values } = leaf;
  if (type === "INT64") return longsOf(values);
  if (type === "INT32") return bytesOf(Int32Array.from(values));
  return type === "DOUBLE" ? bytesOf(values) : truthsOf(values);
}

function textsOf(leaf: TextLeaf): Uint8Array {
  const { bytes, numbers, total } = leaf;
  const all = new Uint8Array(total);
  let at = 0;
  for (const number of numbers) {
    const [start, end] = [leaf.endOf(number - 1), leaf.endOf(number)];
    for (let i = start; i < end; i++) all[at++] = bytes[i] ?? 0;
  }
  return all;
}

function longsOf(values: Float64Array): Uint8Array {
  const words = new Uint32Array(2 * values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? 0;
    const high = Math.floor(value / WORD);
    words[2 * i] = value - high * WORD;
    words[2 * i + 1] = high;
  }
  return bytesOf(words);
}

function truthsOf(values: Float64Array): Uint8Array {
  const bits = new Uint8Array(Math.ceil(values.length / 8));
  for (let i = 0; i < values.length; i++) {
    if (values[i] === 1) bits[i >> 3] = (bits[i >> 3] ?? 0) | (1 << (i & 7));
  }
  return bits;
}

/** Returns the lowest and the highest value, if there is any. */
function statisticsOf(leaf: Leaf): Statistics {
  if (leaf.count === 0) return {};
  if (leaf instanceof TextLeaf) return textStatistics(leaf);
  return leaf instanceof NumberLeaf ? numberStatistics(leaf) : {};
}

function numberStatistics({ type, values }: NumberLeaf): Statistics {
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? 0;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (type === "BOOLEAN") return { min_value: low === 1, max_value: high === 1 };
  if (type === "INT64") return { min_value: BigInt(low), max_value: BigInt(high) };
  // The format's documents want zeros with these signs.
  return { min_value: low === 0 ? -0 : low, max_value: high === 0 ? 0 : high };
}

function textStatistics(leaf: TextLeaf): Statistics {
  const { bytes } = leaf;
  let [low, high] = [0, 0];
  for (let text = 1; text < leaf.texts; text++) {
    if (compare(leaf, bytes, text, low) < 0) low = text;
    else if (compare(leaf, bytes, text, high) > 0) high = text;
  }
  const copy = (text: number) => bytes.slice(leaf.endOf(text - 1) + PREFIX, leaf.endOf(text));
  return { min_value: copy(low), max_value: copy(high) };
}

/** Compares two texts. @param bytes The leaf's */
function compare(leaf: TextLeaf, bytes: Uint8Array, one: number, other: number): number {
  const [start, second] = [leaf.endOf(one - 1) + PREFIX, leaf.endOf(other - 1) + PREFIX];
  const [length, otherLength] = [leaf.endOf(one) - start, leaf.endOf(other) - second];
  const both = Math.min(length, otherLength);
  for (let i = 0; i < both; i++) {
    const difference = (bytes[start + i] ?? 0) - (bytes[second + i] ?? 0);
    if (difference !== 0) return difference;
  }
  return length - otherLength;
}

function countRows(repetitions: Uint8Array): number {
  let rows = 0;
  for (let i = 0; i < repetitions.length; i++) if (repetitions[i] === 0) rows++;
  return rows;
}

/** Returns how many bits the numbers up to one take. */
function bitsFor(largest: number): number {
  return Math.ceil(Math.log2(largest + 1));
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function clear(bytes: ByteWriter): void {
  bytes.index = bytes.offset = 0;
}
