/** Runs several walks at the same time and hands on what they bring, as it comes. */

/**
 * Yields the items of every walk, at most `width` walks at a time. A walk is asked for its next item only
 * when the one before was taken, so that there is never more than one a walk in memory. The first
 * error ends them all; what the others had asked for by then comes still, as it may be paid for.
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
 * The steps that walks take, in the order in which they come. Nobody races for them: a race leaves its result with
 * each of its promises, and one of a walk that brings nothing for days would keep all that the others brought.
 */
class Steps<T> {
  /** Settled when the step that the walk takes is in the queue. */
  readonly #running = new Map<AsyncIterator<T>, Promise<void>>();
  readonly #queue: ({ step: Step<T> } | { error: unknown })[] = [];
  #wake = () => {};

  /** How many walks are under way. */
  get walks(): number {
    return this.#running.size;
  }

  /** Asks a walk for its next item. */
  begin(iterator: AsyncIterator<T>): void {
    const came = iterator.next().then(
      (result) => this.#add({ step: { iterator, result } }),
      (error) => this.#add({ error }),
    );
    this.#running.set(iterator, came);
  }

  /** Takes in that a walk is over. */
  end(iterator: AsyncIterator<T>): void {
    this.#running.delete(iterator);
  }

  /** Returns the next step that any walk takes. @throws what a walk throws */
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

  /** Yields what the steps bring that are under way. */
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
