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
export async function forEachConcurrently<T>(
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

/**
 * Yields each item with what an action makes of it, in their order; some actions run ahead. A failure is thrown in its
 * turn, and running ones finish.
 */
export async function* ahead<T, R>(
  all: Iterable<T>,
  width: number,
  act: (item: T) => Promise<R>,
): AsyncGenerator<[item: T, result: R]> {
  const begun: [item: T, result: Promise<R>][] = [];
  const next = async function* (): AsyncGenerator<[T, R]> {
    for (const [item, result] of begun.splice(0, 1)) yield [item, await result];
  };
  try {
    for (const item of all) {
      const result = act(item);
      result.catch(() => {});
      if (begun.push([item, result]) >= width) yield* next();
    }
    while (begun.length > 0) yield* next();
  } finally {
    await Promise.allSettled(begun.map(([, result]) => result));
  }
}
