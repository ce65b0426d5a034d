/** The grace period of a stop: data in transit cannot be collected again, or is paid for. */

import type { Clock } from "../../base/clock.ts";

/** Milliseconds after a stop in which data in transit is still received. */
export const GRACE_MS = 5_000;

/**
 * Returns whether a signal requests an end in good order. One that was aborted for a reason of its own, as by a lost
 * lease or a full disk, requests the end at once.
 */
export function isOrderly({ reason }: AbortSignal): boolean {
  return reason instanceof DOMException && reason.name === "AbortError";
}

/**
 * A stop during a request: delayed where it is in good order. Close it after the request: then nothing is left of it.
 * `AbortSignal.timeout` would stay until the time is up, however soon the response comes.
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

  /** Stops listening. */
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

/** Returns the error for a request without a response in time. */
export function tooLate(ms: number): Error {
  return new Error(`No response within ${ms / 1_000} s`);
}
