/** The port of writers of tweets, whatever the format. */

import type { Cell } from "./csv.ts";
import type { Post } from "./post.ts";

/** The destination of the bytes of a file. */
export interface Sink {
  /** Resolves when it accepts more. */
  write(bytes: Uint8Array): Promise<void>;
}

/** Writes tweets to a file. */
export interface PostWriter {
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
  /** Returns what toCells() does as a row of CSV, with its line end; absent where that would not be quicker. */
  toCsvRow?(post: Post): string;
  /** How often members without a column came, by their paths; absent where that is not counted. */
  readonly unknown?: ReadonlyMap<string, number>;
}
