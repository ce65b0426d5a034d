/** What makes a file of tweets, whatever its form. */

import type { Cell } from "./csv.ts";
import type { Post } from "./post.ts";

/** Where the bytes of a file go. */
export interface Sink {
  /** Resolves when more may come. */
  write(bytes: Uint8Array): Promise<void>;
}

/** Makes a file of tweets. */
export interface PostWriter {
  /** Takes tweets of one line, all that are wanted of it, and is the last to use them. */
  add(posts: readonly Post[]): Promise<void> | void;
  /** Writes what is left. */
  end(): Promise<void>;
  /** Removes its temporary files, however it ended; absent where it makes none. */
  close?(): Promise<void>;
}

/** Makes rows of tweets. */
export interface Table {
  readonly columns: readonly string[];
  toCells(post: Post): Cell[];
  /** How often members came that no column has, by their paths; absent where that is not looked at. */
  readonly unknown?: ReadonlyMap<string, number>;
}
