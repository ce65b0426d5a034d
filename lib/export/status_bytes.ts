/** Rows of json2csv's columns from the bytes of lines: nothing is parsed. */

import type { CsvBytes } from "./csv_bytes.ts";
import type { Post } from "./post.ts";
import { statusCellFor } from "./status_cells.ts";
import { STATUS_COLUMNS, type StatusOptions } from "./status_columns.ts";
import { StatusRow } from "./status_row.ts";

const COMMA = 0x2c;
const LINE_FEED = 0x0a;
const CELLS = STATUS_COLUMNS.map(statusCellFor);

/** Makes rows of statuses. */
export class StatusBytes {
  readonly #row: StatusRow;

  /** @param options As of toStatusCells. */
  constructor(options: StatusOptions) {
    this.#row = new StatusRow(options);
  }

  /** Adds the row of a status, with its line end. @returns False, and adds nothing, for one that is left to a parser */
  addRow(post: Post, out: CsvBytes): boolean {
    if (!this.#row.read(post)) return false;
    const start = out.length;
    for (let i = 0; i < CELLS.length; i++) {
      if (i > 0) out.addByte(COMMA);
      if (CELLS[i]?.(this.#row, out)) continue;
      out.cut(start);
      return false;
    }
    out.addByte(LINE_FEED);
    return true;
  }
}
