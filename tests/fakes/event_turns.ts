/** Counts the turns of the event loop, between which V8 completes its collections. */

/** Returns how often something else could run while an action went on. */
export async function turnsDuring(act: () => Promise<unknown>): Promise<number> {
  let [turns, isOver] = [0, false];
  const counting = (async () => {
    for (; !isOver; turns++) await new Promise((resolve) => setTimeout(resolve, 0));
  })();
  await act();
  isOver = true;
  await counting;
  // The last one ends when all is over.
  return turns - 1;
}
