/** A clock whose time passes when everything is at rest, so that a test never waits, on a slow machine either. */

import type { Clock } from "../../lib/base/clock.ts";
import { isAtDisk } from "./disk.ts";

interface Sleeper {
  at: number;
  wake: () => void;
}

/** How long an IdleClock makes sure that everything is at rest, in turns of the event loop in which nothing happens. */
export interface Rests {
  /** After something happened: what is on its way between two sockets of this process arrives meanwhile. */
  afterTouch: number;
  /** After somebody woke, who may be about to send something. */
  afterWaking: number;
}

/** A Clock that goes on to the next sleeper whenever everything is at rest. */
export class IdleClock implements Clock {
  /** Milliseconds since 1970 when it began; `jump` moves it. */
  #start: number;
  #passed = 0;
  /** Turns until time goes on. */
  #left = Infinity;
  readonly #rests: Rests;
  readonly #isBusy: () => boolean;
  readonly #sleepers = new Set<Sleeper>();
  readonly #timer: ReturnType<typeof setInterval>;

  /** @param options.isBusy Whether something is under way that takes no time here, such as an answer. */
  constructor({
    isBusy = () => false,
    start = Date.UTC(2026, 0, 2, 3, 4, 5),
    rests = { afterTouch: 30, afterWaking: 10 },
  }: { isBusy?: () => boolean; start?: number; rests?: Rests } = {}) {
    this.#isBusy = isBusy;
    this.#start = start;
    this.#rests = rests;
    this.release();
    this.#timer = setInterval(() => this.#turn(), 1);
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

  /** Takes in that something happened, of which more may come. @param turns At least so many without any more. */
  touch(turns = this.#rests.afterTouch): void {
    this.#left = Math.max(this.#left, turns);
  }

  /** Holds time until something happens: whoever is to act takes as long as it takes. */
  hold(): void {
    this.#left = Infinity;
  }

  /** Lets time pass again, once everything is at rest. */
  release(): void {
    if (this.#left === Infinity) this.#left = this.#rests.afterTouch;
  }

  /** Lets time pass for something that takes some. */
  pass(ms: number): void {
    this.#passed += ms;
  }

  /** Moves wall-clock time alone, as a person or a time server does. */
  jump(ms: number): void {
    this.#start += ms;
  }

  /** Ends it; who sleeps then sleeps on. */
  close(): void {
    clearInterval(this.#timer);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #turn(): void {
    if (this.#isBusy() || isAtDisk()) this.touch();
    else if (this.#left > 0) this.#left--;
    else this.#goOn();
  }

  #goOn(): void {
    let next: Sleeper | undefined;
    for (const sleeper of this.#sleepers) if (!next || sleeper.at < next.at) next = sleeper;
    if (!next) return;
    this.#left = this.#rests.afterWaking;
    this.#sleepers.delete(next);
    this.#passed = Math.max(this.#passed, next.at);
    next.wake();
  }
}
