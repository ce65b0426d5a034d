/** Reads lists of names and ids: one a line, or a column of a table. */

import { UserError } from "../../base/errors.ts";
import {
  columnName,
  type ColumnWanted,
  type Entry,
  findDelimiter,
  readColumn,
} from "../text/list_table.ts";
import { readLines } from "../text/list_text.ts";
import { count, type Output } from "../output.ts";

/** Number of invalid lines that are shown. */
const SHOWN = 1_000;

/** The hint for lines that were left out. */
const AGAIN = "Correct them and run it again: entries that exist already are kept.";

/** The parser of a list. */
export interface ListWanted<T> {
  columns: ColumnWanted;
  /** Parses an entry, or returns its fault: a sentence that follows the entry. */
  read: (text: string) => { value: T } | { fault: string };
}

/** An invalid line. */
export interface BadLine {
  /** The file's name. */
  file: string;
  line: number;
  says: string;
}

/** The invalid lines of some lists. */
export class BadLines {
  /** The first of them. */
  readonly shown: BadLine[] = [];
  count = 0;
  /** Number of non-empty lines. */
  all = 0;

  /** Adds one. */
  add(bad: BadLine): void {
    if (this.count++ < SHOWN) this.shown.push(bad);
  }

  /** Prints them. */
  tell(output: Output): void {
    for (const { file, line, says } of this.shown) {
      output.note(`${file}, line ${count(line)}: ${says}`);
    }
    const more = this.count - this.shown.length;
    if (more > 0) output.note(`and ${count(more)} more`);
  }

  /** Returns the error at the end of the command, after the others were used; null if there are none. */
  error(others: string, hint = AGAIN): UserError | null {
    if (this.count === 0) return null;
    const [lines, were] = this.count === 1 ? ["line", "was"] : ["lines", "were"];
    const says = `${count(this.count)} ${lines} of ${count(this.all)} ${were} left out (see above)`;
    return new UserError(`${says}. ${others}`, { hint });
  }
}

/**
 * Yields the values of lists in files, or in standard input for `-` or no file; invalid lines are added to `bad`. Blank
 * lines and notes, which begin with a # at a line's start or after a space, are left out.
 * @throws UserError for a file that cannot be read.
 */
export async function* readValues<T>(
  files: string[],
  { columns, read }: ListWanted<T>,
  { bad, output }: { bad: BadLines; output: Output },
): AsyncGenerator<T> {
  for (const path of files.length > 0 ? files : ["-"]) {
    const file = path === "-" ? "standard input" : path;
    const onColumn = (column: string) => output.note(`Reading column ${column} of ${file}.`);
    for await (const { value, line } of readEntries(path, { file, columns, onColumn })) {
      const clean = cleanName(value);
      if (clean === "") continue;
      bad.all++;
      const found = read(clean);
      if ("value" in found) yield found.value;
      else bad.add({ file, line, says: `${JSON.stringify(clean.slice(0, 80))} ${found.fault}` });
    }
  }
}

async function* readEntries(
  path: string,
  { file, columns, onColumn }: {
    file: string;
    columns: ColumnWanted;
    onColumn: (column: string) => void;
  },
): AsyncGenerator<Entry> {
  const blocks = readLines(path);
  let line = 0;
  for await (const lines of blocks) {
    const first = lines.findIndex((one) => cleanName(one) !== "" && !isHint(one));
    if (first < 0) {
      line += lines.length;
      continue;
    }
    const [header = "", at] = [withoutNote(lines[first] ?? ""), line + first + 1];
    const rest = withFirst(lines.slice(first), blocks);
    const delimiter = findDelimiter(header.trim().replace(/[,;]+$/, ""));
    if (delimiter !== null) {
      yield* readColumn(rest, { name: file, at, delimiter, wanted: columns, onColumn });
    } else {
      yield* linesBelow(rest, at, { columns, onColumn });
    }
    return;
  }
}

/** Yields the lines of a list of one column, which may have a header. */
async function* linesBelow(
  blocks: AsyncIterable<string[]>,
  at: number,
  { columns: { known, named }, onColumn }: {
    columns: ColumnWanted;
    onColumn: (column: string) => void;
  },
): AsyncGenerator<Entry> {
  let line = at;
  for await (const lines of blocks) {
    for (const text of lines) {
      const value = withoutNote(text);
      const isHeader = line === at && !value.trim().startsWith("@") &&
        (named === undefined ? known : [columnName(named)]).includes(columnName(value));
      if (isHeader) onColumn(value.trim());
      else yield { value, line };
      line++;
    }
  }
}

async function* withFirst(
  first: string[],
  rest: AsyncIterable<string[]>,
): AsyncGenerator<string[]> {
  yield first;
  yield* rest;
}

/** Returns whether a line tells Excel the separator of columns. */
function isHint(line: string): boolean {
  return /^sep=.?$/i.test(line.trim());
}

function withoutNote(line: string): string {
  return line.replace(/(^|\s)#.*$/, "");
}

/** Wrappers that spreadsheets put around a text to keep it from becoming a number: `="12"`, `=T("12")`, `'12`. */
const AS_TEXT = /^=(?:T\()?"+([^"]*)"+\)?$|^'(\w+)$/i;

/** Returns a name without invisible characters, quotes and commas around it. */
function cleanName(text: string): string {
  const seen = withoutNote(text).replace(
    /[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g,
    "",
  ).trim();
  const bare = seen.replace(/[,;]+$/, "").trim().replace(/^(["'“”„‘’])(.*)["'“”‘’]$/, "$2").trim();
  const [, formula, marked] = AS_TEXT.exec(bare) ?? [];
  return formula ?? marked ?? bare;
}
