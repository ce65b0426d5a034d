/** Things that are done side by side, some at a time. */

/** Lets so many act at a time. */
export class Slots {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(free: number) {
    this.#free = free;
  }

  /** Acts when there is room. @throws what `act` throws. */
  async run<T>(act: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await act();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    }
  }
}

/** Does something with each item, some at a time; after the first failure no more are begun, and those that were end. */
export async function eachOf<T>(
  all: readonly T[],
  width: number,
  act: (item: T) => Promise<unknown>,
): Promise<void> {
  const items = (function* () {
    yield* all;
  })();
  const worker = async () => {
    for (const item of items) await act(item);
  };
  const ended = await Promise.allSettled(Array.from({ length: width }, worker));
  for (const end of ended) if (end.status === "rejected") throw end.reason;
}
