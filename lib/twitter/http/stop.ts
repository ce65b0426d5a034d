/** What a stop leaves time for: what is on its way was sent, cannot be had again, or is paid for. */

import type { Clock } from "../../base/clock.ts";

/** Milliseconds after a stop in which what is on its way is still taken in. */
export const GRACE_MS = 5_000;

/**
 * Returns whether a signal asks for an end in good order. One that was aborted for a reason of its own, as by a lease that
 * was lost or a disk that is full, wants the end at once.
 */
export function isOrderly({ reason }: AbortSignal): boolean {
  return reason instanceof DOMException && reason.name === "AbortError";
}

/**
 * A stop as it is heard in the middle of a request: late where it is in good order. To be closed after the request:
 * nothing is left of it then. `AbortSignal.timeout` would stay until the time is up, however soon the answer comes.
 */
export class LateStop {
  readonly #stop: AbortSignal;
  readonly #clock: Clock;
  readonly #late = new AbortController();
  readonly #closed = new AbortController();
  readonly #timer: ReturnType<typeof setTimeout>;

  /** @param options.ms Milliseconds that the request may take. */
  constructor(stop: AbortSignal, { clock, ms }: { clock: Clock; ms: number }) {
    this.#stop = stop;
    this.#clock = clock;
    this.#timer = setTimeout(() => this.#late.abort(tooLate(ms)), ms);
    if (stop.aborted) this.#late.abort(stop.reason);
    else stop.addEventListener("abort", this.#heard, { once: true });
  }

  /** Aborted when the time is up, or with the stop's reason: at once, or `GRACE_MS` after a stop in good order. */
  get signal(): AbortSignal {
    return this.#late.signal;
  }

  /** Listens no more. */
  close(): void {
    clearTimeout(this.#timer);
    this.#stop.removeEventListener("abort", this.#heard);
    this.#closed.abort();
  }

  readonly #heard = async (): Promise<void> => {
    if (isOrderly(this.#stop)) await this.#clock.sleep(GRACE_MS, this.#closed.signal);
    if (!this.#closed.signal.aborted) this.#late.abort(this.#stop.reason);
  };
}

/** Returns why a request is given up that was not answered in time. */
export function tooLate(ms: number): Error {
  return new Error(`There was no answer in ${ms / 1_000} s`);
}
