/** Accounts that the API does not return while it returns others: set aside, retried once, then recorded. */

import { getLogger } from "@logtape/logtape";
import type { Clock } from "../base/clock.ts";
import { ApiError, OutsideError } from "../base/errors.ts";
import { isOfApi, passingRefusal } from "../twitter/http/refusals.ts";
import type { Waits } from "../base/waits.ts";

const log = getLogger(["twarc-cloud", "harvest"]);

/**
 * Failures in a row, of different accounts, without a response in between: then the API is at fault, not the
 * accounts.
 */
const MOST_IN_A_ROW = 20;
/** Refused keys in a row without an earlier response: then the keys are at fault, not the accounts. */
const MAX_REFUSED = 3;
/** Milliseconds between tries of an API that is in trouble as a whole. */
const PAUSE = 60_000;

/** Options of a SetAside. */
export interface SetAsideOptions {
  clock: Clock;
  /** Milliseconds to wait for an API that worked before. */
  patienceMs: number;
  waits?: Waits | undefined;
  /** Requests an account again that the API has returned. @throws the API's errors */
  askKnown: () => Promise<void>;
  signal: AbortSignal;
}

/** The accounts that are set aside, and whether the API itself is in trouble. */
export class SetAside {
  readonly #options: SetAsideOptions;
  readonly #errors = new Map<string, ApiError>();
  /** When each account without a response was requested, by the monotonic clock. */
  readonly #asked = new Map<string, number>();
  #hasAnswered = false;
  /** For how many accounts the keys were refused before the first response, and the refusal. */
  #refused = 0;
  #refusal: unknown;
  #isAnyWhole = false;
  #inARow = 0;
  /** When the API responded last, by the monotonic clock. */
  #answeredAt: number;

  constructor(options: SetAsideOptions) {
    this.#options = options;
    this.#answeredAt = options.clock.monotonic();
  }

  /** The accounts, in their order. */
  get ids(): string[] {
    return [...this.#errors.keys()];
  }

  /** Returns why an account cannot be read. */
  reasonFor(id: string): string {
    return this.#errors.get(id)?.message ?? "";
  }

  /** Records that an account was read to its end. */
  whole(): void {
    this.#isAnyWhole = true;
  }

  /** Records that an account is requested. */
  noteRequest(id: string): void {
    this.#asked.set(id, this.#options.clock.monotonic());
  }

  /** Records that the API returned an account. */
  noteAnswer(id: string): void {
    this.#asked.delete(id);
    this.#hasAnswered = true;
    this.#refusal = undefined;
    this.#inARow = 0;
    this.#answeredAt = this.#options.clock.monotonic();
    this.#errors.delete(id);
  }

  /**
   * Records that the API did not return an account.
   * @returns Whether to retry it now, as the API is in trouble as a whole and the pause is over.
   * @throws the error, where that lasts too long, where the API never responded, or where it is not of the API.
   */
  async noteFailure(id: string, thrown: unknown): Promise<"again" | "aside"> {
    const { clock, patienceMs, signal, waits } = this.#options;
    const isOfKeys = !(thrown instanceof ApiError);
    // Keys that worked are not invalid all at once: the API is in trouble. For unknown keys, other accounts decide.
    const error = isOfKeys ? passingRefusal(thrown) : thrown;
    if (isOfKeys && !this.#hasAnswered && !this.#errors.has(id)) {
      this.#refusal ??= thrown;
      if (++this.#refused === MAX_REFUSED) throw thrown;
    }
    // A connection, or a limit, concerns no account in particular, unless others got responses meanwhile.
    const isOwn = this.#errors.has(id) || this.#answeredAt > (this.#asked.get(id) ?? 0);
    if (!(error instanceof ApiError) || (isOfAll(error) && !isOwn)) throw thrown;
    this.#asked.delete(id);
    const isOfOne = isOwn || (error.status !== 0 && !isOfKeys);
    if (
      (isOfOne || !this.#hasAnswered) && (++this.#inARow < MOST_IN_A_ROW || await this.#isWell())
    ) {
      if (!this.#errors.has(id)) {
        log.warn(
          "User {id} could not be read, and is retried at the end of the harvest: {problem}",
          {
            id,
            problem: error.message,
          },
        );
      }
      this.#errors.set(id, error);
      return "aside";
    }
    const silence = clock.monotonic() - this.#answeredAt;
    if (!this.#hasAnswered || silence >= patienceMs) throw thrown;
    log.warn("The API fails for every user, retrying in {seconds} s: {problem}", {
      seconds: PAUSE / 1_000,
      problem: error.message,
    });
    const paused = clock.sleep(PAUSE, signal);
    const wait = { for: "the API, which fails for every user", until: clock.now() + PAUSE };
    await (waits ? waits.during(wait, paused) : paused);
    signal.throwIfAborted();
    return "again";
  }

  /**
   * Returns whether the API returns an account that it returned before: then those that fail in a row are many, and
   * not all.
   */
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
   * Throws where no account at all could be read to its end: then the accounts are not at fault.
   * @throws OutsideError; the refusal, where the API rejected the keys.
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
        hint: "Collected tweets are safe: start the harvest again later.",
      },
    );
  }
}

/** Returns whether a failure concerns every account, if no other got a response: a rate limit that does not end. */
function isOfAll({ status }: ApiError): boolean {
  return status === 429 || status === 420;
}
