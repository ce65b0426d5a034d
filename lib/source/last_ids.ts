/** The last ids of a sequence: a new one costs the same, however many are remembered. */

/** Ids, each once, of which the oldest are forgotten when there are too many. */
export class LastIds {
  readonly #most: number;
  readonly #ids = new Set<string>();
  /** The same ids, where the next one replaces the oldest: a set would have to search for it. */
  readonly #ring: string[] = [];
  #next = 0;
  #added = 0;

  /** @param most How many are remembered. */
  constructor(most: number) {
    this.#most = most;
  }

  /** How many were added. */
  get addedCount(): number {
    return this.#added;
  }

  /** Whether an id is remembered. */
  has(id: string): boolean {
    return this.#ids.has(id);
  }

  /** Adds an id that is not remembered. @returns The one that is forgotten for it, if any. */
  add(id: string): string | undefined {
    const oldest = this.#ring[this.#next];
    if (oldest !== undefined) this.#ids.delete(oldest);
    this.#ids.add(id);
    this.#added++;
    this.#ring[this.#next] = id;
    this.#next = (this.#next + 1) % this.#most;
    return oldest;
  }

  /**
   * Returns those that were added last, oldest first.
   * @param past How many of the very last are left out.
   */
  newest(count: number, past = 0): string[] {
    const wanted = Math.max(Math.min(count, this.#ring.length - past), 0);
    const first = this.#added - past - wanted;
    return Array.from({ length: wanted }, (_, i) => this.#ring[(first + i) % this.#most] ?? "");
  }
}
