/** The ids that came last: a new one costs the same, however many are remembered. */

/** Ids, each once, of which the oldest are forgotten when they become too many. */
export class LastIds {
  readonly #most: number;
  readonly #ids = new Set<string>();
  /** The same ids, where the next one takes the place of the oldest: a set would have to look for it. */
  readonly #ring: string[] = [];
  #next = 0;

  /** @param most How many are remembered. */
  constructor(most: number) {
    this.#most = most;
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
    this.#ring[this.#next] = id;
    this.#next = (this.#next + 1) % this.#most;
    return oldest;
  }

  /** Those that were added last, oldest first. */
  newest(count: number): string[] {
    const wanted = Math.min(count, this.#ring.length);
    const before = this.#ring.slice(Math.max(this.#next - wanted, 0), this.#next);
    const rest = wanted - before.length;
    return rest > 0 ? [...this.#ring.slice(-rest), ...before] : before;
  }
}
