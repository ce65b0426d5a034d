/** A clock for simulations of many who wait. */

import type { Clock } from "../../../lib/base/clock.ts";

/** A clock that goes on to the next sleeper once nobody has anything else to do. */
export class NextClock implements Clock {
  readonly #start: number;
  #passed = 0;
  /** Who sleeps until when: those of one time together. */
  readonly #sleepers = new Map<number, (() => void)[]>();
  /** Until when somebody sleeps, latest first. */
  readonly #times: number[] = [];

  /** @param start Milliseconds since 1970. */
  constructor(start = 0) {
    this.#start = start;
  }

  now(): number {
    return this.#start + this.#passed;
  }

  monotonic(): number {
    return this.#passed;
  }

  sleep(ms: number): Promise<void> {
    const at = this.#passed + Math.max(ms, 1);
    return new Promise((resolve) => {
      const beside = this.#sleepers.get(at);
      if (beside) return void beside.push(resolve);
      this.#sleepers.set(at, [resolve]);
      this.#times.splice(this.#placeOf(at), 0, at);
    });
  }

  /** Lets time pass until `done` is settled. */
  async until(done: Promise<unknown>): Promise<void> {
    let isDone = false;
    const ended = done.finally(() => isDone = true);
    while (!isDone) {
      await new Promise((resolve) => setImmediate(resolve));
      if (isDone) break;
      const next = this.#times.pop();
      if (next === undefined) break;
      this.#passed = next;
      const woken = this.#sleepers.get(next) ?? [];
      this.#sleepers.delete(next);
      for (const wake of woken) wake();
    }
    await ended;
  }

  /** Where a time belongs among those that are waited for. */
  #placeOf(at: number): number {
    let [from, to] = [0, this.#times.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if ((this.#times[middle] ?? 0) > at) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}
