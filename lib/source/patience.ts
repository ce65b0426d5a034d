/** Retries for an unavailable store. */

import { getLogger } from "@logtape/logtape";
import type { Clock } from "../base/clock.ts";
import type { Waits } from "../base/waits.ts";
import { AccessError, DiskError, OutsideError } from "../base/errors.ts";
import { Outage } from "../base/outage.ts";

const log = getLogger(["twarc-cloud", "harvest"]);
/** Milliseconds between tries to reach an unavailable store. */
const PAUSES = { first: 5_000, longest: 30_000 };

/** Options of patience. */
export interface PatienceOptions {
  clock: Clock;
  /** Milliseconds that the store may be unavailable. */
  patienceMs: number;
  /** Aborted when another harvester has taken over the collection: then nothing is retried. */
  lost: AbortSignal;
  /** Aborted to end the waiting: the next failure is thrown. */
  stopped?: AbortSignal | undefined;
  /** Notified of the waits. */
  waits: Waits;
}

/**
 * Repeats an action until the store accepts it; it may be done twice without harm.
 * @throws as `Patience.endure`
 */
export async function patiently<T>(options: PatienceOptions, act: () => Promise<T>): Promise<T> {
  const patience = new Patience(options);
  for (;;) {
    try {
      const result = await act();
      patience.over();
      return result;
    } catch (failure) {
      await patience.endure(failure);
    }
  }
}

/** Patience with one store. */
export class Patience {
  readonly #options: PatienceOptions;
  readonly #outage: Outage;

  constructor(options: PatienceOptions) {
    this.#options = options;
    this.#outage = new Outage(options.clock, PAUSES);
  }

  /**
   * Waits until the store is to be tried again.
   * @throws the failure, where a later try would not help, or where it lasts too long.
   */
  async endure(failure: unknown): Promise<void> {
    const { clock, patienceMs, lost, stopped, waits } = this.#options;
    const away = this.#outage.noteFailure();
    if (!isAway(failure) || away >= patienceMs || stopped?.aborted) throw failure;
    log.warn(
      "The bucket is unavailable: new tweets are kept on this machine's disk, for {minutes} minutes at most. " +
        "{problem}{hint}",
      {
        minutes: Math.ceil((patienceMs - away) / 60_000),
        problem: failure.message,
        hint: failure.hint ? `. ${failure.hint}` : "",
      },
    );
    const over = stopped ? AbortSignal.any([lost, stopped]) : lost;
    const asked = failure instanceof OutsideError ? failure.retryAfterMs ?? 0 : 0;
    const ms = Math.max(this.#outage.waitAfter(away), Math.min(asked, patienceMs - away));
    await waits.during({ for: "the bucket", until: clock.now() + ms }, clock.sleep(ms, over));
  }

  /** Records that the store works. */
  over(): void {
    if (this.#outage.over()) log.info("The bucket is available again");
  }
}

/** Returns whether a store may accept it later: it cannot be reached, or a person has to sign in again. */
export function isAway(failure: unknown): failure is OutsideError | AccessError {
  if (failure instanceof DiskError) return false;
  return failure instanceof OutsideError || failure instanceof AccessError;
}
