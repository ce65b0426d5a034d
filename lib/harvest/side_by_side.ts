/** Runs several walks at the same time and hands on what they bring, as it comes. */

/**
 * The items of every walk, at most `width` walks at a time. A walk is asked for its next item only
 * when the one before was taken, so that there is never more than one a walk in memory. The first
 * error ends them all.
 */
export async function* sideBySide<T>(
  walks: AsyncIterable<AsyncIterable<T>>,
  width: number,
): AsyncGenerator<T> {
  const waiting = walks[Symbol.asyncIterator]();
  const running = new Map<AsyncIterator<T>, Promise<Step<T>>>();
  let more = true;
  try {
    for (;;) {
      while (more && running.size < width) {
        const walk = await waiting.next();
        if (walk.done) more = false;
        else start(walk.value[Symbol.asyncIterator](), running);
      }
      if (running.size === 0) return;
      const { iterator, result } = await Promise.race(running.values());
      if (result.done) {
        running.delete(iterator);
      } else {
        yield result.value;
        start(iterator, running);
      }
    }
  } finally {
    const ends = [...running].map(async ([iterator, step]) => {
      await step.catch(() => {});
      await iterator.return?.();
    });
    await Promise.allSettled([...ends, waiting.return?.()]);
  }
}

interface Step<T> {
  iterator: AsyncIterator<T>;
  result: IteratorResult<T>;
}

function start<T>(iterator: AsyncIterator<T>, running: Map<AsyncIterator<T>, Promise<Step<T>>>) {
  const step = iterator.next().then((result) => ({ iterator, result }));
  step.catch(() => {});
  running.set(iterator, step);
}
