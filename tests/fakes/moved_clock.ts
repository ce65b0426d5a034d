/** The system's clock, which a test moves on: sleeps stay as long as they are. */

import { systemClock } from "../../lib/base/clock.ts";

/** Returns the clock, and what moves it. */
export function movedClock() {
  let moved = 0;
  const clock = { ...systemClock, now: () => systemClock.now() + moved };
  return { clock, move: (ms: number) => void (moved += ms) };
}
