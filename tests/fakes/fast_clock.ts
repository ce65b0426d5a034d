/** The system's clock, by which time passes more quickly, and can be skipped. */

import { type Clock, systemClock } from "../../lib/base/clock.ts";

/** A Clock whose seconds are shorter. */
export class FastClock implements Clock {
  readonly #factor: number;
  #skipped = 0;

  constructor(factor: number) {
    this.#factor = factor;
  }

  now(): number {
    return systemClock.now() + this.#skipped;
  }

  monotonic(): number {
    return systemClock.monotonic() * this.#factor + this.#skipped;
  }

  /** Lets time pass in which nothing of the process happens. */
  skip(ms: number): void {
    this.#skipped += ms;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return systemClock.sleep(ms / this.#factor, signal);
  }
}
