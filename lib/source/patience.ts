/** How long, and how, a store that is away is waited for. */

import { getLogger } from "@logtape/logtape";
import type { Clock } from "../base/clock.ts";
import type { Waits } from "../base/waits.ts";
import { AccessError, DiskError, OutsideError } from "../base/errors.ts";
import { Outage } from "../base/outage.ts";

const log = getLogger(["twarc-cloud", "harvest"]);
/** Milliseconds between tries to reach a store that is away. */
const PAUSES = { first: 5_000, longest: 30_000 };

/** What patience has. */
export interface PatienceOptions {
  clock: Clock;
  /** Milliseconds that the store may be away. */
  patienceMs: number;
  /** Aborted when somebody else has taken the collection over: nothing is waited for then. */
  lost: AbortSignal;
  /** Aborted where nobody wants to wait any longer: the next failure is thrown. */
  stopped?: AbortSignal | undefined;
  /** Told of the waits. */
  waits: Waits;
}

/**
 * Acts again until the store takes it; what is acted may be done twice without harm.
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
   * @throws the failure, where a later try would not mend it, or where it lasts for too long.
   */
  async endure(failure: unknown): Promise<void> {
    const { clock, patienceMs, lost, stopped, waits } = this.#options;
    const away = this.#outage.failed();
    if (!isAway(failure) || away >= patienceMs || stopped?.aborted) throw failure;
    log.warn(
      "The bucket cannot be used: what arrives is kept on this machine's disk, for {minutes} minutes at most. " +
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

  /** Takes in that the store works. */
  over(): void {
    if (this.#outage.over()) log.info("The bucket can be used again");
  }
}

/** Returns whether a store may take it later: it cannot be reached, or somebody has to sign in again. */
function isAway(failure: unknown): failure is OutsideError | AccessError {
  if (failure instanceof DiskError) return false;
  return failure instanceof OutsideError || failure instanceof AccessError;
}
