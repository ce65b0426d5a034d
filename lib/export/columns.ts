/** Which columns a table has, by the names that people know them by. */

import { parseWhole } from "../base/json.ts";
import { UserError } from "../base/errors.ts";
import { AnswerBytes } from "./answer_bytes.ts";
import { answerColumns } from "./answer_cells.ts";
import { commonReader } from "./answer_common.ts";
import { ANSWER_COLUMNS, AnswerRows, at } from "./answer_columns.ts";
import { commonCells } from "./common_cells.ts";
import { COMMON_COLUMNS, type CommonCell, type CommonColumn } from "./common_columns.ts";
import type { Cell } from "./csv.ts";
import type { CsvBytes } from "./csv_bytes.ts";
import { FOUR_CAT_COLUMNS, toFourCatCells } from "./four_cat.ts";
import { type Post, rawText, toObject } from "./post.ts";
import type { Pseudonyms } from "./pseudonyms.ts";
import { StatusBytes } from "./status_bytes.ts";
import { STATUS_COLUMNS, toStatusCells } from "./status_columns.ts";
import type { Table } from "./writer.ts";

const decoder = new TextDecoder();

/** Options of openTable(). */
export interface TableOptions {
  /** A set's name, or columns separated by commas; undefined for the default ones. */
  columns?: string | undefined;
  /** Members that are columns as well, by their paths. */
  extra?: readonly string[];
  /** The versions of the API that the collections use. */
  apis: ReadonlySet<string>;
  /** Whether retweets have the content of the tweets that they repeat. */
  merge: boolean;
  /** Whether the line itself is the last column. */
  raw?: boolean;
  pseudonyms?: Pseudonyms | undefined;
}

/** The names of sets of columns. */
export const SETS = ["twarc", "v1", "common", "4cat"] as const;

/** Returns how tweets become rows. @throws UserError for unknown columns */
export function openTable(options: TableOptions): Table {
  const { pseudonyms, raw = false } = options;
  const table = toTable(options);
  const hidden = pseudonyms ? pseudonyms.hide(table) : table;
  return raw ? withRaw(hidden) : hidden;
}

/** Returns a cell of the common columns as text tables have it. */
export function toTextCell(cell: CommonCell, { type }: Pick<CommonColumn, "type">): Cell {
  if (type === "time" && typeof cell === "number") return new Date(cell).toISOString();
  return cell;
}

function toTable({ columns, extra = [], apis, merge }: TableOptions): Table {
  const usual = apis.size > 1 ? "common" : apis.has("2") ? "twarc" : "v1";
  const set = columns ?? usual;
  switch (set) {
    case "twarc":
      checkVersion(apis, "2", set);
      return answerTable({ extra, merge });
    case "v1":
      checkVersion(apis, "1.1", set);
      return withExtra(statusTable({ merge }), extra);
    case "4cat": {
      const read = commonReader({ merge });
      const toCells = (post: Post) => toFourCatCells(read(post));
      const readsBytes = apis.has("2");
      return withExtra({ columns: FOUR_CAT_COLUMNS, toCells, readsBytes }, extra);
    }
    case "common":
      return withExtra({ ...commonTable({ merge }), readsBytes: apis.has("2") }, extra);
    default:
      return some(toTable({ columns: usual, extra, apis, merge }), splitNames(set));
  }
}

/** @throws UserError */
function checkVersion(apis: ReadonlySet<string>, version: string, set: string): void {
  const other = [...apis].find((api) => api !== version);
  if (other === undefined) return;
  throw new UserError(
    `The columns ${set} are for version ${version} of the API, but the tweets are of version ${other}`,
    {
      hint: "Use --columns common, which works for both versions.",
    },
  );
}

function splitNames(columns: string): string[] {
  return columns.split(",").map((name) => name.trim()).filter((name) => name !== "");
}

/** A table with some of another's columns. @throws UserError */
function some(table: Table, names: string[]): Table {
  const strange = names.find((name) => !table.columns.includes(name));
  if (strange !== undefined || names.length === 0) {
    throw new UserError(`${JSON.stringify(strange ?? "")} is not a column`, {
      hint: `Sets: ${SETS.join(", ")}. Columns: ${table.columns.join(", ")}.`,
    });
  }
  const places = names.map((name) => table.columns.indexOf(name));
  const toCells = (post: Post) => {
    const cells = table.toCells(post);
    return places.map((i) => cells[i]);
  };
  return { columns: names, toCells, ...(table.unknown ? { unknown: table.unknown } : {}) };
}

/** A table of version 2: of its own columns, rows are made of bytes where these are as the API sends them. */
function answerTable({ extra, merge }: { extra: readonly string[]; merge: boolean }): Table {
  const rows = new AnswerRows({ columns: [...ANSWER_COLUMNS, ...extra], merge });
  if (extra.length > 0) return rows;
  const bytes = new AnswerBytes(answerColumns(), { merge, unknown: rows.unknown });
  return {
    columns: rows.columns,
    unknown: rows.unknown,
    readsBytes: true,
    toCells: (post) => rows.toCells(post),
    addCsvRow: (post, out) => bytes.addRow(post, out),
  };
}

function statusTable(options: { merge: boolean }): Table {
  const bytes = new StatusBytes(options);
  return {
    columns: STATUS_COLUMNS,
    readsBytes: true,
    toCells: (post) => toStatusCells(post, options),
    addCsvRow: (post, out) => bytes.addRow(post, out),
  };
}

function commonTable(options: { merge: boolean }): Table {
  const read = commonReader(options);
  const toCells = (post: Post) => {
    const tweet = read(post);
    return COMMON_COLUMNS.map((column) => toTextCell(column.read(tweet, post.place), column));
  };
  const bytes = new AnswerBytes(commonCells(), options);
  const addCsvRow = (post: Post, out: CsvBytes) => bytes.addRow(post, out);
  return { columns: COMMON_COLUMNS.map(({ name }) => name), toCells, addCsvRow };
}

/** A table with members of the tweets behind its columns. */
function withExtra(table: Table, names: readonly string[]): Table {
  if (names.length === 0) return table;
  const paths = names.map((name) => name.split("."));
  return {
    columns: [...table.columns, ...names],
    toCells: (post) => [...table.toCells(post), ...paths.map((path) => exactAt(post, path))],
  };
}

/** Returns a member of a tweet, as it was sent: a number beyond 2^53 is parsed again, with its digits. */
function exactAt({ json, bytes }: Post, path: string[]): Cell {
  const value = at(json, path);
  if (!Number.isInteger(value) || Number.isSafeInteger(value)) return value;
  const whole = toObject(parseWhole(decoder.decode(bytes)));
  return whole && at(whole, path);
}

function withRaw(table: Table): Table {
  return {
    columns: [...table.columns, "raw"],
    toCells: (post) => [...table.toCells(post), rawText(post)],
    ...(table.unknown ? { unknown: table.unknown } : {}),
  };
}
