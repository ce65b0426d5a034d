/** How what fails for a while is waited for, by all that is to live long. */

import type { Clock } from "./clock.ts";
import { messageOf, OutsideError, TwarcCloudError, UnresponsiveError } from "./errors.ts";

/** Milliseconds between tries while something fails: at first, and at most. */
export interface Pauses {
  first: number;
  longest: number;
}

/** An outage of one thing, from its first failure until it works again. */
export class Outage {
  readonly #clock: Clock;
  readonly #pauses: Pauses;
  /** When it failed first, by the monotonic clock. */
  #since: number | undefined;

  constructor(clock: Clock, pauses: Pauses) {
    this.#clock = clock;
    this.#pauses = pauses;
  }

  /** Takes in a failure; the milliseconds since the first one in a row, 0 for that one. */
  failed(): number {
    const now = this.#clock.monotonic();
    this.#since ??= now;
    return now - this.#since;
  }

  /** Milliseconds until the next try: as many as it has lasted, within bounds. @param lasted As `failed` gives it. */
  waitAfter(lasted: number): number {
    const { first, longest } = this.#pauses;
    return Math.min(Math.max(lasted, first), longest);
  }

  /** Takes in that it works; whether it had failed. */
  over(): boolean {
    const had = this.#since !== undefined;
    this.#since = undefined;
    return had;
  }
}

/** Milliseconds between tries, for those who watch and have nothing to lose by a minute. */
export const WATCHERS_PAUSES: Pauses = { first: 2_000, longest: 60_000 };

/** What outlasting takes. */
export interface OutlastOptions {
  clock: Clock;
  /** Aborted when nobody wants to wait any longer. */
  signal: AbortSignal;
  /** Gets one line when it begins to fail, and one when it works again. */
  say: (line: string) => void;
  /** Whether a failure may pass by itself; those of the outside do, unless said. */
  passes?: (failure: unknown) => boolean;
  pauses?: Pauses;
}

/**
 * Acts until it works, with growing waits in between; what is acted may be done twice without harm.
 * @throws what does not pass, and the signal's reason once it is aborted.
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
      const lasted = outage.failed();
      if (lasted === 0) say(`${sentenceOf(failure)} It is tried again until it works.`);
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

/** Returns what failed, with what can be done about it, as sentences. */
export function sentenceOf(failure: unknown): string {
  const message = messageOf(failure);
  const hint = failure instanceof TwarcCloudError && failure.hint ? ` ${failure.hint}` : "";
  return `${/[.!?]$/.test(message) ? message : `${message}.`}${hint}`;
}
