/** A clock whose time passes when nothing else happens, so that a test never waits. */

import type { Clock } from "../../lib/clock.ts";

interface Sleeper {
  at: number;
  wake: () => void;
}

/** A Clock that goes on to the next sleeper whenever nobody is busy. */
export class IdleClock implements Clock {
  /** Milliseconds since 1970 when it began; `jump` moves it. */
  #start: number;
  #passed = 0;
  readonly #sleepers = new Set<Sleeper>();
  readonly #timer: ReturnType<typeof setInterval>;

  /** @param isBusy Whether something is under way that takes no time here, such as an answer. */
  constructor(isBusy: () => boolean, start = Date.UTC(2026, 0, 2, 3, 4, 5)) {
    this.#start = start;
    this.#timer = setInterval(() => {
      if (!isBusy()) this.#goOn();
    }, 1);
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
      this.#sleepers.add(sleeper);
      signal?.addEventListener("abort", () => {
        this.#sleepers.delete(sleeper);
        resolve();
      }, { once: true });
    });
  }

  /** Moves wall-clock time alone, as a person or a time server does. */
  jump(ms: number): void {
    this.#start += ms;
  }

  /** Ends it; who sleeps then sleeps on. */
  close(): void {
    clearInterval(this.#timer);
  }

  #goOn(): void {
    let next: Sleeper | undefined;
    for (const sleeper of this.#sleepers) if (!next || sleeper.at < next.at) next = sleeper;
    if (!next) return;
    this.#sleepers.delete(next);
    this.#passed = Math.max(this.#passed, next.at);
    next.wake();
  }
}
