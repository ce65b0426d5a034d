/** The folders for temporary files of a harvester: one for each harvest that is not completely in the bucket. */

import type { Spool } from "../spool.ts";

/** The folders of the current harvest, and of those before it. */
export class Spools {
  readonly #all: Spool[];
  readonly #open: () => Promise<Spool>;

  /** @param open Opens one for the next harvest. */
  constructor(first: Spool, open: () => Promise<Spool>) {
    this.#all = [first];
    this.#open = open;
  }

  /** Opens one for the next harvest. @throws UserError, DiskError where this machine's disk fails */
  async next(): Promise<Spool> {
    const spool = await this.#open();
    this.#all.push(spool);
    return spool;
  }

  /** Removes those of harvests that are in the bucket, before one. */
  async closeBefore(spool: Spool): Promise<void> {
    for (let [first] = this.#all; first && first !== spool; [first] = this.#all) {
      await first.close();
      this.#all.shift();
    }
  }

  /** Removes all, or leaves them to the next harvester. */
  async close({ isLeft }: { isLeft: boolean }): Promise<void> {
    for (const spool of this.#all) await (isLeft ? spool.leave() : spool.close());
  }
}
