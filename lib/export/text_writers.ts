/** Files of tweets that are text: ids, JSON lines, CSV. */

import { wellFormed } from "../format/surrogates.ts";
import { type Cell, toCsvHeader, toCsvRow, toExcelRow } from "./csv.ts";
import { CsvBytes } from "./csv_bytes.ts";
import { FlatBytes } from "./flat_bytes.ts";
import { flatten } from "./flatten.ts";
import { isLine, type Post } from "./post.ts";
import { readOutline } from "./recorded_line.ts";
import type { PostWriter, Sink, Table } from "./writer.ts";

/** Bytes that are written at once. */
const BLOCK = 2 ** 18;
const LINE_FEED = Uint8Array.of(0x0a);
const NONE = new Uint8Array();
const encoder = new TextEncoder();

/** Buffers the texts of tweets until there are enough to write. */
abstract class TextWriter implements PostWriter {
  readonly #sink: Sink;
  /** Used again once it is written: new ones of this size would be collected as garbage all the time. */
  readonly #block = new CsvBytes();

  constructor(sink: Sink, beginning = "") {
    this.#sink = sink;
    this.#block.addText(beginning);
  }

  /** Adds the text of a tweet in the file, with its line end. */
  protected abstract addPost(post: Post, block: CsvBytes): void;

  add(posts: readonly Post[]): Promise<void> | void {
    for (const post of posts) this.addPost(post, this.#block);
    if (this.#block.length >= BLOCK) return this.end();
  }

  async end(): Promise<void> {
    if (this.#block.length > 0) await this.#sink.write(this.#block.from(0));
    this.#block.cut(0);
  }
}

/** Writes the ids of tweets, one a line. */
export class IdWriter extends TextWriter {
  protected addPost({ id }: Post, block: CsvBytes): void {
    block.addText(`${id}\n`);
  }
}

/** Writes rows as CSV. */
export class CsvWriter extends TextWriter {
  readonly readsAll: boolean;
  readonly #rows: Table;
  readonly #isExcel: boolean;
  readonly #toRow: (cells: readonly Cell[]) => string;

  /** @param options.excel Whether a spreadsheet is to open it by a double click. */
  constructor(sink: Sink, rows: Table, { excel = false } = {}) {
    super(sink, toCsvHeader(rows.columns, { excel }));
    this.#rows = rows;
    this.#toRow = excel ? toExcelRow : toCsvRow;
    this.#isExcel = excel;
    this.readsAll = !rows.readsBytes || (excel && rows.addCsvRow !== undefined);
  }

  protected addPost(post: Post, block: CsvBytes): void {
    if (!this.#isExcel && this.#rows.addCsvRow?.(post, block)) return;
    block.addText(this.#toRow(this.#rows.toCells(post)));
  }
}

/**
 * Writes one tweet a line: of version 1.1 the bytes that were recorded, of version 2 as `twarc2 flatten` does; a
 * tweet that is only referred to is inside of the one that refers to it.
 */
export class JsonlWriter implements PostWriter {
  readonly #sink: Sink;
  readonly #block = new CsvBytes();
  readonly #flat = new FlatBytes();

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  add(posts: readonly Post[]): Promise<void> | void {
    const [first] = posts;
    if (!first) return;
    if (first.line.api === "1.1") {
      for (const post of posts) {
        this.#addText(isLine(post) ? post.bytes : JSON.stringify(post.json));
      }
    } else if (this.#flatten(posts)) {
      this.#block.addBytes(this.#flat.lines);
    } else {
      flatten(first.line);
      for (const { json } of posts) this.#addText(JSON.stringify(json));
    }
    if (this.#block.length >= BLOCK) return this.end();
  }

  async end(): Promise<void> {
    if (this.#block.length > 0) await this.#sink.write(this.#block.from(0));
    this.#block.cut(0);
  }

  /** Makes lines of bytes. @returns False where a parser has to make them */
  #flatten(posts: readonly Post[]): boolean {
    const [{ bytes } = { bytes: NONE }] = posts;
    if (!readOutline(bytes) || !this.#flat.read(bytes)) return false;
    return posts.every(({ number }) => number !== undefined && this.#flat.add(number));
  }

  #addText(text: Uint8Array | string): void {
    this.#block.addBytes(wellFormed(typeof text === "string" ? encoder.encode(text) : text));
    this.#block.addBytes(LINE_FEED);
  }
}
