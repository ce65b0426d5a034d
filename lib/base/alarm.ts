/** Waits that follow one another, with a time at which each is over. */

import type { Clock } from "./clock.ts";

/** One timer for wait after wait, each of which moves it on: to set one for each would cost more than to read. */
export class Alarm {
  readonly #clock: Clock;
  /** When the wait that goes on is over, by the monotonic clock. */
  #due = Infinity;
  /** When the timer that is set goes off. */
  #set = Infinity;
  #sleep = new AbortController();
  #over: () => void = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What comes before a time; undefined where nothing does, or it is rung. @throws what it fails with */
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

  /** Ends the wait that goes on. */
  ring(): void {
    this.#over();
  }

  /** Sleeps no more. */
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
