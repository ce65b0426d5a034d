/** A clock whose time passes when everything is at rest, so that a test never waits, on a slow machine either. */

import type { Clock } from "../../lib/clock.ts";
import { isAtDisk } from "./disk.ts";

interface Sleeper {
  at: number;
  wake: () => void;
}

/**
 * Turns of the event loop in which nothing happens before time goes on: after something happened, and after somebody
 * woke. What is on its way between two sockets of this process arrives within a few, however long they take.
 */
const [RESTS, RESTS_AFTER_WAKING] = [6, 1];

/** A Clock that goes on to the next sleeper whenever everything is at rest. */
export class IdleClock implements Clock {
  /** Milliseconds since 1970 when it began; `jump` moves it. */
  #start: number;
  #passed = 0;
  /** Turns until time goes on. */
  #rests = RESTS;
  readonly #isBusy: () => boolean;
  readonly #sleepers = new Set<Sleeper>();
  readonly #timer: ReturnType<typeof setInterval>;

  /** @param isBusy Whether something is under way that takes no time here, such as an answer. */
  constructor(isBusy: () => boolean = () => false, start = Date.UTC(2026, 0, 2, 3, 4, 5)) {
    this.#isBusy = isBusy;
    this.#start = start;
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
  touch(turns = RESTS): void {
    this.#rests = Math.max(this.#rests, turns);
  }

  /** Holds time until something happens: whoever is to act takes as long as it takes. */
  hold(): void {
    this.#rests = Infinity;
  }

  /** Lets time pass again, once everything is at rest. */
  release(): void {
    if (this.#rests === Infinity) this.#rests = RESTS;
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

  #turn(): void {
    if (this.#isBusy() || isAtDisk()) this.touch();
    else if (this.#rests > 0) this.#rests--;
    else this.#goOn();
  }

  #goOn(): void {
    let next: Sleeper | undefined;
    for (const sleeper of this.#sleepers) if (!next || sleeper.at < next.at) next = sleeper;
    if (!next) return;
    this.#rests = RESTS_AFTER_WAKING;
    this.#sleepers.delete(next);
    this.#passed = Math.max(this.#passed, next.at);
    next.wake();
  }
}
