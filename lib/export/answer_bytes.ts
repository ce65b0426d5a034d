/**
 * Rows of twarc-csv's columns from the bytes of lines: nothing is parsed, as collecting the garbage of parsed lines
 * takes most of the time otherwise.
 */

import { type AddCell, cellFor } from "./answer_cells.ts";
import { ANSWER_COLUMNS, MERGED } from "./answer_columns.ts";
import type { FoundTweet } from "./answer_fields.ts";
import { AnswerRow } from "./answer_row.ts";
import type { CsvBytes } from "./csv_bytes.ts";
import type { Found } from "./fields.ts";
import type { Post } from "./post.ts";

const COMMA = 0x2c;
const LINE_FEED = 0x0a;

/** The origin of columns beside each other: cells that are not a tweet's own are made once for the rows of a line. */
type Source = "own" | "repeated" | "author" | "line";

/** The columns beside each other that are made of the same thing. */
const RUNS: { of: Source; cells: AddCell[] }[] = [];
for (const column of ANSWER_COLUMNS) {
  const of = sourceFor(column);
  const last = RUNS.at(-1);
  if (last?.of === of) last.cells.push(cellFor(column));
  else RUNS.push({ of, cells: [cellFor(column)] });
}

/** Makes rows of the tweets of lines. */
export class AnswerBytes {
  readonly #unknown: Map<string, number>;
  readonly #row: AnswerRow;
  /** The epoch of the text when rows could last be copied from it. */
  #epoch = 0;

  /**
   * @param options.merge As of AnswerRows.
   * @param options.unknown How often members without a column came; is added to.
   */
  constructor({ merge, unknown }: { merge: boolean; unknown: Map<string, number> }) {
    this.#row = new AnswerRow({ merge });
    this.#unknown = unknown;
  }

  /** Adds the row of a tweet, with its line end. @returns False, and adds nothing, for one that is left to a parser */
  addRow(post: Post, out: CsvBytes): boolean {
    if (out.epoch !== this.#epoch) this.#row.forget();
    this.#epoch = out.epoch;
    if (!this.#row.read(post)) return false;
    const start = out.length;
    for (let i = 0; i < RUNS.length; i++) {
      if (i > 0) out.addByte(COMMA);
      if (this.#addRun(i, out)) continue;
      out.cut(start);
      return false;
    }
    out.addByte(LINE_FEED);
    this.#countUnknown();
    return true;
  }

  /** Adds the text of a run, or repeats that of an earlier row which has it as well. */
  #addRun(run: number, out: CsvBytes): boolean {
    const { of = "own", cells = [] } = RUNS[run] ?? {};
    const { texts } = this.#sharedBy(of) ?? {};
    if (!texts) return this.#addCells(cells, out);
    if (texts[2 * run + 1] !== 0) {
      out.repeat(texts[2 * run] ?? 0, texts[2 * run + 1] ?? 0);
      return true;
    }
    texts[2 * run] = out.length;
    if (!this.#addCells(cells, out)) return false;
    texts[2 * run + 1] = out.length;
    return true;
  }

  /** Returns what rows share of which a run is made. */
  #sharedBy(of: Source): Found | undefined {
    if (of === "author") return this.#row.author;
    if (of === "line") return this.#row.line.retrieved;
    return of === "repeated" && this.#row.isRepeated ? this.#row.whole : undefined;
  }

  #addCells(cells: AddCell[], out: CsvBytes): boolean {
    for (let i = 0; i < cells.length; i++) {
      if (i > 0) out.addByte(COMMA);
      if (cells[i]?.(this.#row, out) === false) return false;
    }
    return true;
  }

  #countUnknown(): void {
    const { own, whole, author, line } = this.#row;
    for (const path of own.unknown) if (this.#isFrom(own, path)) this.#count(path);
    if (whole !== own) {
      for (const path of whole.unknown) if (this.#isFrom(whole, path)) this.#count(path);
    }
    if (author) { for (const path of author.unknown) this.#count(path); }
    for (const path of line.retrieved.unknown) this.#count(path);
  }

  /** Returns whether the row has a member from a tweet. */
  #isFrom(tweet: FoundTweet, path: string): boolean {
    const group = MERGED.findIndex((name) => path.startsWith(`${name}.`));
    return group < 0 ? tweet === this.#row.own : this.#row.merged[group] === tweet;
  }

  #count(path: string): void {
    this.#unknown.set(path, (this.#unknown.get(path) ?? 0) + 1);
  }
}

function sourceFor(column: string): Source {
  const [member = ""] = column.split(".");
  if (member === "author") return "author";
  if (member === "matching_rules" || member === "__twarc") return "line";
  return member === "text" || MERGED.some((name) => name === member) ? "repeated" : "own";
}
