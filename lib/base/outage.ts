/** Waits out temporary failures. */

import type { Clock } from "./clock.ts";
import { errorSentence, OutsideError, UnresponsiveError } from "./errors.ts";

/** Milliseconds between tries during an outage: at first, and at most. */
export interface Pauses {
  first: number;
  longest: number;
}

/** An outage, from the first failure until the next success. */
export class Outage {
  readonly #clock: Clock;
  readonly #pauses: Pauses;
  /** Time of the first failure, by the monotonic clock. */
  #since: number | undefined;

  constructor(clock: Clock, pauses: Pauses) {
    this.#clock = clock;
    this.#pauses = pauses;
  }

  /** Records a failure. @returns Milliseconds since the first one in a row, 0 for that one */
  noteFailure(): number {
    const now = this.#clock.monotonic();
    this.#since ??= now;
    return now - this.#since;
  }

  /**
   * Returns the milliseconds until the next try: as many as the outage has lasted, within bounds. @param lasted From
   * `noteFailure`
   */
  waitAfter(lasted: number): number {
    const { first, longest } = this.#pauses;
    return Math.min(Math.max(lasted, first), longest);
  }

  /** Records a success. @returns Whether it ended an outage */
  over(): boolean {
    const had = this.#since !== undefined;
    this.#since = undefined;
    return had;
  }
}

/** Milliseconds between tries for watchers, to whom a minute's delay does no harm. */
export const WATCHERS_PAUSES: Pauses = { first: 2_000, longest: 60_000 };

/** Options of outlast(). */
export interface OutlastOptions {
  clock: Clock;
  /** Aborted when the caller no longer waits. */
  signal: AbortSignal;
  /** Prints one line when an outage begins, and one when it ends. */
  say: (line: string) => void;
  /** Whether a failure may pass by itself; by default, failures of the outside do. */
  passes?: (failure: unknown) => boolean;
  pauses?: Pauses;
}

/**
 * Retries an idempotent action until it succeeds, with growing waits in between.
 * @throws What does not pass, and the signal's reason once it is aborted
 */
export async function outlast<T>(
  act: () => Promise<T>,
  { clock, signal, say, passes = passesByItself, pauses = WATCHERS_PAUSES }: OutlastOptions,
): Promise<T> {
  const outage = new Outage(clock, pauses);
  for (;;) {
    try {
      const done = await act();
      if (outage.over()) say("It works again.");
      return done;
    } catch (failure) {
      if (signal.aborted || !passes(failure)) throw failure;
      const lasted = outage.noteFailure();
      if (lasted === 0) say(`${errorSentence(failure)} Retrying until it works.`);
      const asked = failure instanceof OutsideError ? failure.retryAfterMs ?? 0 : 0;
      await clock.sleep(Math.max(outage.waitAfter(lasted), asked), signal);
      signal.throwIfAborted();
    }
  }
}

/** Returns whether a failure is one of the outside that a later try may not meet. */
export function passesByItself(failure: unknown): boolean {
  return failure instanceof OutsideError && !(failure instanceof UnresponsiveError);
}
