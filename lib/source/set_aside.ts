/** Accounts that the API cannot give while it gives others: set aside, asked once more, then recorded. */

import { getLogger } from "@logtape/logtape";
import type { Clock } from "../base/clock.ts";
import { ApiError, OutsideError } from "../base/errors.ts";
import { isOfApi, passingRefusal } from "../twitter/http/refusals.ts";
import type { Waits } from "../base/waits.ts";

const log = getLogger(["twarc-cloud", "harvest"]);

/** Failures in a row, of different accounts, with nothing answered in between: then it is the API, not the accounts. */
const MOST_IN_A_ROW = 20;
/** Refused keys in a row with nothing answered before: then it is the keys, not the accounts. */
const MAX_REFUSED = 3;
/** Milliseconds between tries of an API that is in trouble as a whole. */
const PAUSE = 60_000;

/** What a SetAside is made of. */
export interface SetAsideOptions {
  clock: Clock;
  /** Milliseconds that an API is waited for that worked before. */
  patienceMs: number;
  waits?: Waits | undefined;
  /** Asks once more for an account that the API has given. @throws what the API throws */
  askKnown: () => Promise<void>;
  signal: AbortSignal;
}

/** The accounts that are set aside, and whether it is the API that is in trouble. */
export class SetAside {
  readonly #options: SetAsideOptions;
  readonly #errors = new Map<string, ApiError>();
  /** When each account was asked for that is not answered, by the monotonic clock. */
  readonly #asked = new Map<string, number>();
  #hasAnswered = false;
  /** How many accounts the keys were refused for before any was answered for, and how. */
  #refused = 0;
  #refusal: unknown;
  #isAnyWhole = false;
  #inARow = 0;
  /** When the API answered last, by the monotonic clock. */
  #answeredAt: number;

  constructor(options: SetAsideOptions) {
    this.#options = options;
    this.#answeredAt = options.clock.monotonic();
  }

  /** The accounts, in their order. */
  get ids(): string[] {
    return [...this.#errors.keys()];
  }

  /** Why an account cannot be read. */
  whyOf(id: string): string {
    return this.#errors.get(id)?.message ?? "";
  }

  /** Takes in that an account was read to its end. */
  whole(): void {
    this.#isAnyWhole = true;
  }

  /** Takes in that an account is asked for. */
  asked(id: string): void {
    this.#asked.set(id, this.#options.clock.monotonic());
  }

  /** Takes in that the API answered for an account. */
  answered(id: string): void {
    this.#asked.delete(id);
    this.#hasAnswered = true;
    this.#refusal = undefined;
    this.#inARow = 0;
    this.#answeredAt = this.#options.clock.monotonic();
    this.#errors.delete(id);
  }

  /**
   * Takes in that the API could not give an account.
   * @returns Whether it is to be asked again now, as the API is in trouble as a whole and was waited for.
   * @throws the error, where that lasts for too long, where the API never answered, or where it is none of the API's.
   */
  async failed(id: string, thrown: unknown): Promise<"again" | "aside"> {
    const { clock, patienceMs, signal, waits } = this.#options;
    const isOfKeys = !(thrown instanceof ApiError);
    // Keys that were good are not bad all at once: the API is in trouble. Of keys not known yet, others will tell.
    const error = isOfKeys ? passingRefusal(thrown) : thrown;
    if (isOfKeys && !this.#hasAnswered && !this.#errors.has(id)) {
      this.#refusal ??= thrown;
      if (++this.#refused === MAX_REFUSED) throw thrown;
    }
    if (!(error instanceof ApiError) || isOfAll(error)) throw thrown;
    // A connection is of nobody in particular, unless others were answered meanwhile.
    const isOwn = this.#errors.has(id) || this.#answeredAt > (this.#asked.get(id) ?? 0);
    this.#asked.delete(id);
    const isOfOne = isOwn || (error.status !== 0 && !isOfKeys);
    if (
      (isOfOne || !this.#hasAnswered) && (++this.#inARow < MOST_IN_A_ROW || await this.#isWell())
    ) {
      if (!this.#errors.has(id)) {
        log.warn("User {id} is set aside, and asked for once more at the end: {problem}", {
          id,
          problem: error.message,
        });
      }
      this.#errors.set(id, error);
      return "aside";
    }
    const silence = clock.monotonic() - this.#answeredAt;
    if (!this.#hasAnswered || silence >= patienceMs) throw thrown;
    log.warn("The API fails for everybody, it is tried again in {seconds} s: {problem}", {
      seconds: PAUSE / 1_000,
      problem: error.message,
    });
    const paused = clock.sleep(PAUSE, signal);
    const wait = { for: "the API, which fails for everybody", until: clock.now() + PAUSE };
    await (waits ? waits.during(wait, paused) : paused);
    signal.throwIfAborted();
    return "again";
  }

  /** Whether the API gives an account that it gave before: then those that fail in a row are many, and not all. */
  async #isWell(): Promise<boolean> {
    if (!this.#hasAnswered) return false;
    try {
      await this.#options.askKnown();
    } catch (error) {
      this.#options.signal.throwIfAborted();
      if (!isOfApi(error)) throw error;
      return false;
    }
    this.#inARow = 0;
    this.#answeredAt = this.#options.clock.monotonic();
    return true;
  }

  /**
   * Throws where no account at all could be read to its end: then it is not about accounts.
   * @throws OutsideError; the refusal, where the API took the keys for none.
   */
  check(): void {
    const [error] = this.#errors.values();
    if (this.#isAnyWhole || !error) return;
    if (this.#refusal !== undefined) throw this.#refusal;
    if (this.#errors.size === 1) throw error;
    throw new OutsideError(
      `None of ${this.#errors.size} timelines could be read: ${error.message}`,
      {
        cause: error,
        hint: "What was collected is safe: start the harvest again later.",
      },
    );
  }
}

/** Whether a failure is about every account: a rate limit that does not end. */
function isOfAll({ status }: ApiError): boolean {
  return status === 429 || status === 420;
}
