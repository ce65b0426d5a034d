/** Runs actions concurrently, up to a limit. */

/** Limits concurrent actions. */
export class Slots {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(free: number) {
    this.#free = free;
  }

  /** Acts when a slot is free. @throws What `act` throws. */
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

/** Acts on each item, some concurrently; after the first failure no more are begun, and running ones finish. */
export async function eachOf<T>(
  all: Iterable<T> | AsyncIterable<T>,
  width: number,
  act: (item: T) => Promise<unknown>,
): Promise<void> {
  const items = (async function* () {
    yield* all;
  })();
  const worker = async () => {
    for await (const item of items) await act(item);
  };
  const ended = await Promise.allSettled(Array.from({ length: width }, worker));
  for (const end of ended) if (end.status === "rejected") throw end.reason;
}
