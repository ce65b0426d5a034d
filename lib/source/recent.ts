/** The ids of the last tweets. */

import { isOlder } from "../twitter/bytes/ids.ts";
import { LastIds } from "./last_ids.ts";

/** Ids that are remembered, so that a repeated tweet is recognised. */
const REMEMBERED = 20_000;

/** Ids, of which the oldest are forgotten when there are too many. */
export class Recent {
  /** The highest of all; ids are times. */
  highest: string | undefined;
  readonly #ids = new LastIds(REMEMBERED);
  /** Marks of the last two calls, as one may still be used while the source is at the next. */
  #marks: Mark[] = [];

  constructor(ids: string[]) {
    for (const id of ids) this.add(id);
  }

  /** Adds an id; returns whether it is new. */
  add(id: string): boolean {
    if (this.#ids.has(id)) return false;
    if (this.highest === undefined || isOlder(this.highest, id)) this.highest = id;
    for (const mark of this.#marks) mark.beforeAdding(this.#ids);
    this.#ids.add(id);
    return true;
  }

  /** Returns the last ids as of now, oldest first, listed on use, at whatever time. */
  newest(count: number): () => string[] {
    const mark = new Mark(this.#ids, count);
    this.#marks = [...this.#marks.slice(-1), mark];
    return () => mark.ids(this.#ids);
  }
}

/** The last ids as of one moment. */
class Mark {
  readonly #count: number;
  /** How many had been added. */
  readonly #at: number;
  #made: string[] | undefined;

  constructor({ addedCount: added }: LastIds, count: number) {
    this.#at = added;
    this.#count = count;
  }

  ids(ids: LastIds): string[] {
    return this.#made ??= ids.newest(this.#count, ids.addedCount - this.#at);
  }

  /** Lists them while they are still there. */
  beforeAdding(ids: LastIds): void {
    if (ids.addedCount - this.#at + this.#count >= REMEMBERED) this.ids(ids);
  }
}
