/**
 * Rows of tables of version 2 from the bytes of lines: nothing is parsed, as collecting the garbage of parsed lines
 * takes most of the time otherwise.
 */

import { MERGED } from "./answer_columns.ts";
import type { FoundTweet } from "./answer_fields.ts";
import { AnswerRow } from "./answer_row.ts";
import type { CsvBytes } from "./csv_bytes.ts";
import type { Found } from "./fields.ts";
import type { Post } from "./post.ts";

const COMMA = 0x2c;
const LINE_FEED = 0x0a;

/** Adds a cell. @returns False where only a parser can say what it is */
export type AddCell = (row: AnswerRow, out: CsvBytes) => boolean;

/** The origin of a column: cells that are not a tweet's own are made once for the rows of a line. */
export type Source = "own" | "repeated" | "author" | "line";

/** A column: what its cells are made of, and what adds them. */
export interface BytesColumn {
  of: Source;
  add: AddCell;
}

/** Columns beside each other that are made of the same thing. */
interface Run {
  of: Source;
  cells: AddCell[];
}

/** Makes rows of the tweets of lines. */
export class AnswerBytes {
  readonly #unknown: Map<string, number> | undefined;
  readonly #row: AnswerRow;
  readonly #runs: Run[] = [];
  /** The epoch of the text when rows could last be copied from it. */
  #epoch = 0;

  /**
   * @param options.merge As of AnswerRows.
   * @param options.unknown How often members without a column came; is added to, where that is counted.
   */
  constructor(
    columns: readonly BytesColumn[],
    { merge, unknown }: { merge: boolean; unknown?: Map<string, number> },
  ) {
    this.#row = new AnswerRow({ merge });
    this.#unknown = unknown;
    for (const { of, add } of columns) {
      const last = this.#runs.at(-1);
      if (last?.of === of) last.cells.push(add);
      else this.#runs.push({ of, cells: [add] });
    }
  }

  /** Adds the row of a tweet, with its line end. @returns False, and adds nothing, for one that is left to a parser */
  addRow(post: Post, out: CsvBytes): boolean {
    if (out.epoch !== this.#epoch) this.#row.forget();
    this.#epoch = out.epoch;
    if (!this.#row.read(post)) return false;
    const start = out.length;
    for (let i = 0; i < this.#runs.length; i++) {
      if (i > 0) out.addByte(COMMA);
      if (this.#addRun(i, out)) continue;
      out.cut(start);
      return false;
    }
    out.addByte(LINE_FEED);
    if (this.#unknown) this.#countUnknown(this.#unknown);
    return true;
  }

  /** Adds the text of a run, or repeats that of an earlier row which has it as well. */
  #addRun(run: number, out: CsvBytes): boolean {
    const { of = "own", cells = [] } = this.#runs[run] ?? {};
    const shared = this.#sharedBy(of);
    if (!shared) return this.#addCells(cells, out);
    const { texts } = shared;
    if (texts[2 * run + 1] !== 0) {
      out.repeat(texts[2 * run] ?? 0, texts[2 * run + 1] ?? 0);
      return true;
    }
    shared.isFilled = true;
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

  #countUnknown(all: Map<string, number>): void {
    const { own, whole, author, line } = this.#row;
    const count = (path: string) => void all.set(path, (all.get(path) ?? 0) + 1);
    for (const path of own.unknown) if (this.#isFrom(own, path)) count(path);
    if (whole !== own) {
      for (const path of whole.unknown) if (this.#isFrom(whole, path)) count(path);
    }
    if (author) { for (const path of author.unknown) count(path); }
    for (const path of line.retrieved.unknown) count(path);
  }

  /** Returns whether the row has a member from a tweet. */
  #isFrom(tweet: FoundTweet, path: string): boolean {
    const group = MERGED.findIndex((name) => path.startsWith(`${name}.`));
    return group < 0 ? tweet === this.#row.own : this.#row.merged[group] === tweet;
  }
}
