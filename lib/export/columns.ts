/** Which columns a table has, by the names that people know them by. */

import { UserError } from "../base/errors.ts";
import { ANSWER_COLUMNS, AnswerRows } from "./answer_columns.ts";
import type { Cell } from "./csv.ts";
import type { Post } from "./post.ts";
import { STATUS_COLUMNS, toStatusCells } from "./status_columns.ts";
import type { Rows } from "./text_writers.ts";

/** What a table is to have. */
export interface TableOptions {
  /** A set's name, or columns with commas between them; undefined for the usual ones. */
  columns: string | undefined;
  /** The versions of the API that the collections use. */
  apis: ReadonlySet<string>;
  /** Whether retweets have what they repeat. */
  merge: boolean;
  /** Whether the line itself is the last column. */
  raw: boolean;
}

/** The rows of a table. */
export interface Table extends Rows {
  /** How often members came that no column has, by their paths; absent where that is not looked at. */
  readonly unknown?: ReadonlyMap<string, number>;
}

/** Returns how tweets become rows. @throws UserError for columns that there are not */
export function openTable(options: TableOptions): Table {
  const table = tableOf(options);
  return options.raw ? withRaw(table) : table;
}

function tableOf({ columns, apis, merge }: TableOptions): Table {
  const isOld = !apis.has("2");
  const set = columns ?? (isOld ? "v1" : "twarc");
  if (set === "v1") return new StatusRows(STATUS_COLUMNS, { merge });
  if (set === "twarc") return new AnswerRows({ columns: ANSWER_COLUMNS, merge });
  const names = set.split(",").map((name) => name.trim()).filter((name) => name !== "");
  const known = isOld ? STATUS_COLUMNS : ANSWER_COLUMNS;
  const strange = names.find((name) => !known.includes(name));
  if (strange !== undefined || names.length === 0) {
    throw new UserError(`${JSON.stringify(strange ?? set)} is no column`, {
      hint: `There are ${known.join(", ")}.`,
    });
  }
  return isOld ? new StatusRows(names, { merge }) : new AnswerRows({ columns: names, merge });
}

/** Rows of json2csv, with some of its columns. */
class StatusRows implements Table {
  readonly columns: readonly string[];
  readonly #at: number[];
  readonly #merge: boolean;

  constructor(columns: readonly string[], { merge }: { merge: boolean }) {
    this.columns = columns;
    this.#at = columns.map((name) => STATUS_COLUMNS.indexOf(name));
    this.#merge = merge;
  }

  toCells(post: Post): Cell[] {
    const cells = toStatusCells(post, { merge: this.#merge });
    return this.#at.map((i) => cells[i]);
  }
}

function withRaw(table: Table): Table {
  const decoder = new TextDecoder();
  const toRaw = ({ line, bytes, json, isReferenced }: Post) =>
    line.api === "1.1" && !isReferenced ? decoder.decode(bytes) : JSON.stringify(json);
  return {
    columns: [...table.columns, "raw"],
    toCells: (post) => [...table.toCells(post), toRaw(post)],
    ...(table.unknown ? { unknown: table.unknown } : {}),
  };
}
