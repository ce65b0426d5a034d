/** Runs several walks at the same time, and yields their items as they arrive. */

/**
 * Yields the items of every walk, at most `width` walks at a time. A walk is asked for its next item only when the
 * one before was taken, so that there is never more than one a walk in memory. The first error ends them all; items
 * that the others had requested by then are still yielded, as they may be paid for.
 */
export async function* sideBySide<T>(
  walks: AsyncIterable<AsyncIterable<T>>,
  width: number,
): AsyncGenerator<T> {
  const waiting = walks[Symbol.asyncIterator]();
  const steps = new Steps<T>();
  let more = true;
  try {
    for (;;) {
      while (more && steps.walks < width) {
        const walk = await waiting.next();
        if (walk.done) more = false;
        else steps.begin(walk.value[Symbol.asyncIterator]());
      }
      if (steps.walks === 0) return;
      const { iterator, result } = await steps.next();
      if (result.done) {
        steps.end(iterator);
      } else {
        yield result.value;
        steps.begin(iterator);
      }
    }
  } catch (error) {
    yield* steps.underWay();
    throw error;
  } finally {
    await Promise.allSettled([steps.close(), waiting.return?.()]);
  }
}

interface Step<T> {
  iterator: AsyncIterator<T>;
  result: IteratorResult<T>;
}

/**
 * The steps of walks, in the order of their completion. They are not raced: a race leaves its result with each of its
 * promises, and one of a walk without items for days would keep all items of the others.
 */
class Steps<T> {
  /** Settled when the walk's step is in the queue. */
  readonly #running = new Map<AsyncIterator<T>, Promise<void>>();
  readonly #queue: ({ step: Step<T> } | { error: unknown })[] = [];
  #wake = () => {};

  /** How many walks are in progress. */
  get walks(): number {
    return this.#running.size;
  }

  /** Requests a walk's next item. */
  begin(iterator: AsyncIterator<T>): void {
    const came = iterator.next().then(
      (result) => this.#add({ step: { iterator, result } }),
      (error) => this.#add({ error }),
    );
    this.#running.set(iterator, came);
  }

  /** Removes a walk that has ended. */
  end(iterator: AsyncIterator<T>): void {
    this.#running.delete(iterator);
  }

  /** Returns the next step of any walk. @throws the errors of the walks */
  async next(): Promise<Step<T>> {
    for (;;) {
      const first = this.#queue.shift();
      if (first && "error" in first) throw first.error;
      if (first) return first.step;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Yields the items of the steps in progress. */
  async *underWay(): AsyncGenerator<T> {
    await Promise.all(this.#running.values());
    for (const one of this.#queue.splice(0)) {
      if ("step" in one && !one.step.result.done) yield one.step.result.value;
    }
  }

  /** Ends every walk. */
  async close(): Promise<void> {
    const ends = [...this.#running].map(async ([iterator, came]) => {
      await came;
      await iterator.return?.();
    });
    await Promise.allSettled(ends);
  }

  #add(one: { step: Step<T> } | { error: unknown }): void {
    this.#queue.push(one);
    this.#wake();
  }
}
