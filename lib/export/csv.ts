/** Rows as CSV (RFC 4180), with `\n` line ends, as twarc's tools write it. */

import { wellFormedText } from "../format/surrogates.ts";
import type { Json } from "../base/json.ts";

/** The value of a cell; undefined and null are an empty one. */
export type Cell = Json | undefined;

const SPECIAL = /[",\r\n]/;
/** Matches what a spreadsheet would evaluate as a formula. */
const FORMULA = /^[=+\-@\t\r]/;
/** Matches what a spreadsheet would read as a number and round: it has 15 digits. */
const LONG_NUMBER = /^-?\d{12,}$/;
const BYTE_ORDER_MARK = "\ufeff";

/** Returns the text of a cell: `True` and `False` as Python writes them, lists and objects as JSON. */
export function toCellText(cell: Cell): string {
  switch (typeof cell) {
    case "string":
      return cell;
    case "boolean":
      return cell ? "True" : "False";
    case "number":
      return `${cell}`;
    default:
      return cell === undefined || cell === null ? "" : wellFormedText(JSON.stringify(cell));
  }
}

/** Returns a cell as a row has it. */
export function toCsvCell(cell: Cell): string {
  return quoteCell(toCellText(cell));
}

/** Returns a row, with its line end. */
export function toCsvRow(cells: readonly Cell[]): string {
  let row = "";
  for (let i = 0; i < cells.length; i++) {
    if (i > 0) row += ",";
    row += toCsvCell(cells[i]);
  }
  return `${row}\n`;
}

/**
 * Returns a row for opening in a spreadsheet: ids stay text, and no cell is evaluated as a formula. An apostrophe in
 * front marks text.
 */
export function toExcelRow(cells: readonly Cell[]): string {
  const texts = cells.map((cell) => {
    if (typeof cell === "number") return `${cell}`;
    const text = toCellText(cell);
    return FORMULA.test(text) || LONG_NUMBER.test(text) ? `'${text}` : text;
  });
  return `${texts.map(quoteCell).join(",")}\n`;
}

/** Returns the beginning of a file. */
export function toCsvHeader(names: readonly string[], { excel = false } = {}): string {
  return `${excel ? BYTE_ORDER_MARK : ""}${toCsvRow(names)}`;
}

function quoteCell(text: string): string {
  return SPECIAL.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
