/** The port of writers of tweets, whatever the format. */

import type { Cell } from "./csv.ts";
import type { CsvBytes } from "./csv_bytes.ts";
import type { Post } from "./post.ts";

/** The destination of the bytes of a file. */
export interface Sink {
  /** Resolves when it accepts more. */
  write(bytes: Uint8Array): Promise<void>;
}

/** Writes tweets to a file. */
export interface PostWriter {
  /** Whether it needs what each tweet says, whatever its version: lines are parsed at once then. */
  readonly readsAll?: boolean;
  /** Adds the selected tweets of one line, and is the last to use them. */
  add(posts: readonly Post[]): Promise<void> | void;
  /** Writes buffered data. */
  end(): Promise<void>;
  /** Removes its temporary files, however it ended; absent where it makes none. */
  close?(): Promise<void>;
}

/** Makes rows of tweets. */
export interface Table {
  readonly columns: readonly string[];
  toCells(post: Post): Cell[];
  /** Whether it reads the bytes of lines; otherwise they are parsed at once. */
  readonly readsBytes?: boolean;
  /**
   * Adds what toCells() returns as a row of CSV, with its line end, in less time.
   * @returns False, and adds nothing, where only toCells() can make it
   */
  addCsvRow?(post: Post, out: CsvBytes): boolean;
  /** How often members without a column came, by their paths; absent where that is not counted. */
  readonly unknown?: ReadonlyMap<string, number>;
}
