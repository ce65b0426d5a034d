/** A clock that stands still until a test moves it. */

import type { Clock } from "../../lib/base/clock.ts";
import { isAtDisk } from "./disk.ts";

interface Sleeper {
  at: number;
  wake: () => void;
}

/** A Clock that only `advance` moves. */
export class ManualClock implements Clock {
  #start: number;
  #passed = 0;
  #sleepers: Sleeper[] = [];

  /** @param start Milliseconds since 1970. */
  constructor(start = Date.UTC(2026, 0, 2, 3, 4, 5)) {
    this.#start = start;
  }

  /** How many sleep. */
  get sleepers(): number {
    return this.#sleepers.length;
  }

  now(): number {
    return this.#start + this.#passed;
  }

  monotonic(): number {
    return this.#passed;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const sleeper = { at: this.#passed + ms, wake: resolve };
      this.#sleepers.push(sleeper);
      signal?.addEventListener("abort", () => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        resolve();
      }, { once: true });
    });
  }

  /** Lets `ms` milliseconds pass, waking the sleepers in order, and lets everybody act in between. */
  async advance(ms: number): Promise<void> {
    const end = this.#passed + ms;
    for (;;) {
      await settled();
      const [next] = this.#sleepers.toSorted((a, b) => a.at - b.at);
      if (!next || next.at > end) break;
      this.#passed = Math.max(this.#passed, next.at);
      this.#sleepers = this.#sleepers.filter((other) => other !== next);
      next.wake();
    }
    // Whoever paused the process meanwhile has let more pass.
    this.#passed = Math.max(this.#passed, end);
    await settled();
  }

  /** Lets `ms` milliseconds pass while the process is stopped: nobody wakes before it goes on. */
  pause(ms: number): void {
    this.#passed += ms;
  }

  /** Moves wall-clock time alone, as a person or a time server does. */
  jump(ms: number): void {
    this.#start += ms;
  }
}

/** Waits until so many sleep. */
export async function sleeping(clock: ManualClock, count: number): Promise<void> {
  while (clock.sleepers < count) await new Promise((resolve) => setTimeout(resolve));
}

/** Turns of the event loop without anything at the disk after which everything is at rest. */
const RESTS = 5;

/** Lets everything that is ready to run, run, however long that takes. */
async function settled(): Promise<void> {
  for (let turns = 0; turns < RESTS; turns++) {
    await new Promise((resolve) => setTimeout(resolve));
    if (isAtDisk()) turns = -1;
  }
}
