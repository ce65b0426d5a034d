/** Deduplication of tweets, however many there are: the first one is kept. */

import { Repeats } from "../base/repeats.ts";
import { SeenIds } from "./seen_ids.ts";

/** Ids that are held in memory, some 64 MB, before duplicates are searched on disk. */
const MOST_IN_MEMORY = 3_000_000;

/** Lets each id through once. */
export class Once {
  readonly #seen = new SeenIds();
  readonly #ids: () => AsyncIterable<string[]>;
  readonly #most: number;
  /** All ids that come more than once, where there are too many to remember each. */
  #repeated: SeenIds | undefined;

  /**
   * @param ids Yields all ids that will come, from the first on.
   * @param most Ids that are held in memory.
   */
  constructor(ids: () => AsyncIterable<string[]>, most = MOST_IN_MEMORY) {
    this.#ids = ids;
    this.#most = most;
  }

  /** Returns whether an id came for the first time. */
  isFirst(id: string): boolean {
    if (this.#repeated && !this.#repeated.has(id)) return true;
    return this.#seen.add(id);
  }

  /**
   * Searches duplicates on disk, once there are too many ids. To be called between lines.
   * @throws UserError where the disk for temporary files is full
   */
  async settle(): Promise<void> {
    if (this.#repeated || this.#seen.size < this.#most) return;
    const repeats = new Repeats();
    try {
      for await (const ids of this.#ids()) for (const id of ids) await repeats.add(id, 0);
      const repeated = new SeenIds();
      for await (const { id } of repeats.findRepeats()) repeated.add(id);
      this.#repeated = repeated;
    } finally {
      await repeats.close();
    }
  }
}
