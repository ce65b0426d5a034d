/** Files of tweets that are text: ids, JSON lines, CSV. */

import { wellFormed } from "../format/surrogates.ts";
import { Buffer } from "node:buffer";
import { toCsvHeader, toCsvRow, toExcelRow } from "./csv.ts";
import { flatten } from "./flatten.ts";
import { isLine, type Post } from "./post.ts";
import type { PostWriter, Sink, Table } from "./writer.ts";

/** Bytes that are written at once. */
const BLOCK = 2 ** 18;
const NO_ROOM = new Uint8Array();
const LINE_FEED = Buffer.from("\n");
const encoder = new TextEncoder();

/** Buffers texts, as bytes, until there are enough to write. */
abstract class TextWriter implements PostWriter {
  readonly #sink: Sink;
  /** Used again once it is written: new ones of this size would be collected as garbage all the time. */
  readonly #block = new Uint8Array(2 * BLOCK);
  #length = 0;
  /** The bytes that the block has no room for. */
  #rest: Uint8Array[] = [];

  constructor(sink: Sink, beginning = "") {
    this.#sink = sink;
    this.#put(beginning);
  }

  /** Returns the text of a tweet in the file, with its line end. */
  protected abstract toText(post: Post): string;

  add(posts: readonly Post[]): Promise<void> | void {
    for (const post of posts) this.#put(this.toText(post));
    if (this.#length >= BLOCK) return this.end();
  }

  async end(): Promise<void> {
    const parts = [this.#block.subarray(0, this.#length), ...this.#rest];
    this.#rest = [];
    for (const part of parts) if (part.length > 0) await this.#sink.write(part);
    this.#length = 0;
  }

  /** A text is encoded by itself: most have no character beyond Latin-1, which is quick. */
  #put(text: string): void {
    const room = this.#rest.length > 0 ? NO_ROOM : this.#block.subarray(this.#length);
    const { read, written } = encoder.encodeInto(text, room);
    this.#length += written;
    if (read < text.length) this.#rest.push(encoder.encode(text.slice(read)));
  }
}

/** Writes the ids of tweets, one a line. */
export class IdWriter extends TextWriter {
  protected toText({ id }: Post): string {
    return `${id}\n`;
  }
}

/** Writes rows as CSV. */
export class CsvWriter extends TextWriter {
  readonly #toRow: (post: Post) => string;

  /** @param options.excel Whether a spreadsheet is to open it by a double click. */
  constructor(sink: Sink, rows: Table, { excel = false } = {}) {
    super(sink, toCsvHeader(rows.columns, { excel }));
    if (excel) this.#toRow = (post) => toExcelRow(rows.toCells(post));
    else this.#toRow = (post) => rows.toCsvRow?.(post) ?? toCsvRow(rows.toCells(post));
  }

  protected toText(post: Post): string {
    return this.#toRow(post);
  }
}

/**
 * Writes one tweet a line: of version 1.1 the bytes that were recorded, of version 2 as `twarc2 flatten` does; a
 * tweet that is only referred to is inside of the one that refers to it.
 */
export class JsonlWriter implements PostWriter {
  readonly #sink: Sink;
  #blocks: Uint8Array[] = [];
  #bytes = 0;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  add(posts: readonly Post[]): Promise<void> | void {
    const [first] = posts;
    if (first?.line.api === "2") flatten(first.line);
    for (const post of posts) {
      const bytes = isLine(post) ? post.bytes : encoder.encode(JSON.stringify(post.json));
      this.#push(wellFormed(bytes));
      this.#push(LINE_FEED);
    }
    if (this.#bytes >= BLOCK) return this.end();
  }

  async end(): Promise<void> {
    const block = Buffer.concat(this.#blocks);
    this.#blocks = [];
    this.#bytes = 0;
    if (block.length > 0) await this.#sink.write(block);
  }

  #push(bytes: Uint8Array): void {
    this.#blocks.push(bytes);
    this.#bytes += bytes.length;
  }
}
