/** A clock whose waits take no time and are written down, and that measures nothing else; wall-clock time is the system's. */

import { type Clock, systemClock } from "../../lib/base/clock.ts";

/** A Clock whose sleeps end at once. */
export class QuickClock implements Clock {
  /** The milliseconds that were slept, in order. */
  readonly slept: number[] = [];
  #ahead = 0;

  now(): number {
    return systemClock.now();
  }

  monotonic(): number {
    return this.#ahead;
  }

  async sleep(ms: number): Promise<void> {
    this.slept.push(ms);
    this.#ahead += ms;
    await new Promise((resolve) => setTimeout(resolve));
  }
}
