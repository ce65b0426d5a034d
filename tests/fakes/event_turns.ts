/** Counts the turns of the event loop, between which V8 completes its collections. */

import { setImmediate } from "node:timers/promises";

/** Returns how often something else could run while an action went on. */
export async function turnsDuring(act: () => Promise<unknown>): Promise<number> {
  let [turns, isOver] = [0, false];
  const counting = (async () => {
    for (; !isOver; turns++) await setImmediate();
  })();
  await act();
  isOver = true;
  await counting;
  // The last one ends when all is over.
  return turns - 1;
}
