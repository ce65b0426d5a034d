/** The waits of a harvest, so that watchers see why nothing arrives. */

/** A wait. */
export interface Wait {
  /** The reason, for a person: `the rate limit of GET 2/users/:id/tweets`. */
  for: string;
  /** When it ends, in milliseconds since 1970. */
  until: number;
}

/** The current waits. */
export class Waits {
  readonly #waits = new Set<Wait>();
  readonly #tell: (wait: Wait) => void;

  /** @param tell Called with each wait when it begins. */
  constructor(tell: (wait: Wait) => void = () => {}) {
    this.#tell = tell;
  }

  /** The wait that ends last; null if there is none. */
  get longest(): Wait | null {
    return [...this.#waits].toSorted((a, b) => b.until - a.until)[0] ?? null;
  }

  /** Counts as a wait from `ms` milliseconds on, if `work` takes that long. */
  async late<T>(wait: Wait, ms: number, work: Promise<T>): Promise<T> {
    const over = Promise.withResolvers<void>();
    const timer = setTimeout(() => this.during(wait, over.promise), ms);
    try {
      return await work;
    } finally {
      clearTimeout(timer);
      over.resolve();
    }
  }

  /** Counts as a wait until `slept` resolves. */
  async during(wait: Wait, slept: Promise<void>): Promise<void> {
    this.#waits.add(wait);
    this.#tell(wait);
    try {
      await slept;
    } finally {
      this.#waits.delete(wait);
    }
  }
}
