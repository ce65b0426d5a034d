/** What a harvest waits for, so that whoever looks at it knows why nothing comes. */

/** A wait. */
export interface Wait {
  /** What for, for a person: `the rate limit of GET 2/users/:id/tweets`. */
  for: string;
  /** When it ends, in milliseconds since 1970. */
  until: number;
}

/** The waits that are under way. */
export class Waits {
  readonly #waits = new Set<Wait>();

  /** The one that ends last; null where there is none. */
  get longest(): Wait | null {
    return [...this.#waits].toSorted((a, b) => b.until - a.until)[0] ?? null;
  }

  /** Counts as a wait until `slept` resolves. */
  async during(wait: Wait, slept: Promise<void>): Promise<void> {
    this.#waits.add(wait);
    try {
      await slept;
    } finally {
      this.#waits.delete(wait);
    }
  }
}
