/** Reads tables with a header: CSV, or separated by tabs or semicolons. */

import type { CsvError } from "csv-parse";
import { pipeline, Readable } from "node:stream";
import { UserError } from "../../base/errors.ts";
import { shortenList } from "../output.ts";

/** A value and its line, from 1. */
export interface Entry {
  value: string;
  line: number;
}

/** The column to read. */
export interface ColumnWanted {
  /** Its usual names, the best first. */
  known: readonly string[];
  /** The name that the person gave. */
  named?: string | undefined;
}

/** Maximum characters of a row: an unclosed quote takes in everything that follows. */
const MAX_ROW = 1 << 20;

/** Returns the delimiter of a line's columns; null if it has a single one. */
export function findDelimiter(line: string): string | null {
  const most = [",", "\t", ";"].map((sign) => ({ sign, times: line.split(sign).length - 1 }))
    .toSorted((a, b) => b.times - a.times)[0];
  return most && most.times > 0 ? most.sign : null;
}

/** Normalizes a column's name: `Screen Name` is screen_name. */
export function columnName(name: string): string {
  return name.trim().replace(/^["'@]+|["']+$/g, "").trim().replace(/[\s-]+/g, "_").toLowerCase();
}

/**
 * Yields a column of a table, row by row.
 * @param lines From the header on.
 * @param at The line of the header, from 1.
 * @param onColumn Called with the name of the column.
 * @throws UserError if there is no such column, or a quote is not closed.
 */
export async function* readColumn(
  lines: AsyncIterable<string[]>,
  { name, at, delimiter, wanted, onColumn }: {
    /** The file's, for messages. */
    name: string;
    at: number;
    delimiter: string;
    wanted: ColumnWanted;
    onColumn: (column: string) => void;
  },
): AsyncGenerator<Entry> {
  const { parse } = await import("csv-parse");
  const parser = parse({
    delimiter,
    info: true,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    comment: "#",
    comment_no_infix: true,
    max_record_size: MAX_ROW,
  });
  const ended = pipeline(Readable.from(texts(lines)), parser, () => {});
  let column: number | null = null;
  try {
    for await (const { record, info } of parseRows(parser)) {
      if (column === null) {
        column = findColumn(record, wanted, name);
        onColumn(record[column]?.trim() ?? "");
      } else {
        yield { value: record[column] ?? "", line: at + info.lines - 1 };
      }
    }
  } catch (cause) {
    if (!isCsvError(cause)) throw cause;
    throw new UserError(`${name} is not a valid table: ${cause.message}`, {
      cause,
      hint: "Check for an unclosed quote, or export it as CSV again.",
    });
  } finally {
    ended.destroy();
  }
}

async function* texts(lines: AsyncIterable<string[]>): AsyncGenerator<string> {
  for await (const some of lines) if (some.length > 0) yield `${some.join("\n")}\n`;
}

/** A row, and the lines that were read up to its end. */
type Row = { record: string[]; info: { lines: number } };

function parseRows(parser: AsyncIterable<Row>): AsyncIterable<Row> {
  return parser;
}

function isCsvError(cause: unknown): cause is CsvError {
  return cause instanceof Error && "code" in cause && String(cause.code).startsWith("CSV_");
}

function findColumn(header: string[], { known, named }: ColumnWanted, name: string): number {
  const names = header.map(columnName);
  const wanted = named === undefined ? known : [columnName(named)];
  for (const one of wanted) {
    const index = names.indexOf(one);
    if (index >= 0) return index;
  }
  const found = shortenList(header.map((one) => JSON.stringify(one.trim().slice(0, 40))));
  throw new UserError(
    named === undefined
      ? `${name} is a table, and none of its columns is named ${known[0]}`
      : `${name} has no column ${JSON.stringify(named)}`,
    {
      hint:
        `Its first line has ${found}. Name the column with --column, or write one name or id on each line.`,
    },
  );
}
