/** Consecutive waits with deadlines. */

import type { Clock } from "./clock.ts";

/** One timer for consecutive waits, moved on by each: a timer for each would cost more than a read. */
export class Alarm {
  readonly #clock: Clock;
  /** When the current wait is over, by the monotonic clock. */
  #due = Infinity;
  /** When the timer goes off. */
  #set = Infinity;
  #sleep = new AbortController();
  #over: () => void = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Returns what comes before a deadline; undefined if nothing does, or the alarm rings. @throws What it rejects with
   */
  async before<T>(due: number, coming: Promise<T>): Promise<T | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<T | undefined>();
    coming.then(resolve, reject);
    this.#over = () => resolve(undefined);
    this.#due = due;
    if (due < this.#set) this.#setTo(due);
    try {
      return await promise;
    } finally {
      this.#due = Infinity;
    }
  }

  /** Ends the current wait. */
  ring(): void {
    this.#over();
  }

  /** Stops the timer. */
  close(): void {
    this.#sleep.abort();
  }

  #setTo(time: number): void {
    this.#sleep.abort();
    const sleep = this.#sleep = new AbortController();
    this.#set = time;
    const ms = Math.max(time - this.#clock.monotonic(), 0);
    this.#clock.sleep(ms, sleep.signal).then(() => {
      if (!sleep.signal.aborted) this.#wake();
    });
  }

  #wake(): void {
    this.#set = Infinity;
    if (this.#due <= this.#clock.monotonic()) this.#over();
    else if (this.#due < Infinity) this.#setTo(this.#due);
  }
}
