/** Refusals that pass: an API in trouble rejects valid keys, and its gateway responds in its place. */

import { getLogger } from "@logtape/logtape";
import { type Clock, isoTime } from "../../base/clock.ts";
import { ApiError, UserError } from "../../base/errors.ts";

const log = getLogger(["twarc-cloud", "api"]);

/** Statuses in trouble for a request that was accepted before: unknown keys, access or address. */
const PASSING = new Set([401, 403, 404]);
/** Statuses that waiting here does not help: payment, and limits and delays that have waits of their own. */
const OTHERS = new Set([402, 408, 420, 429]);
const CAPS = new Set(["usage-capped", "credits"]);

/** Problems of a stream's rule, whatever the status of their response. */
const OF_RULE = /^(invalid-?rules?|rules?-?cap(-?exceeded)?|duplicate-?rules?)$/;

/** Returns whether a response refuses a rule of a stream. */
export function isRuleRefused({ problem }: ApiError): boolean {
  return problem !== undefined && OF_RULE.test(problem);
}

/** Returns the API's response behind an error; null where there is none. */
export function answerBehind(error: unknown): ApiError | null {
  const fault = error instanceof UserError ? error.cause : error;
  return fault instanceof ApiError ? fault : null;
}

/**
 * Returns the refusal that may pass, where the API accepted the same request before; null for any other error: a
 * fault of the request, a used up cap, or trouble that is waited out anyway.
 * @param isSame Whether exactly the same request was accepted: then it cannot be at fault.
 */
export function passingRefusal(
  error: unknown,
  { isSame = false }: { isSame?: boolean } = {},
): ApiError | null {
  const fault = answerBehind(error);
  if (!fault || fault.status < 400 || fault.status >= 500 || OTHERS.has(fault.status)) return null;
  if (fault.problem !== undefined && CAPS.has(fault.problem)) return null;
  if (isRuleRefused(fault)) return null;
  // A response of the API itself has a code, or names a problem.
  const isPage = fault.code === undefined && fault.problem === undefined;
  return isSame || isPage || PASSING.has(fault.status) ? fault : null;
}

/**
 * Returns whether an error is the API's, and may pass: it did not respond, was in trouble, or refused what it accepts
 * at other times.
 */
export function isOfApi(error: unknown): error is Error {
  return error instanceof ApiError || passingRefusal(error) !== null;
}

/** Options of outlasting refusals. */
export interface RefusalsOptions {
  clock: Clock;
  /** Milliseconds that refusals are waited out, after the API accepted the request. */
  patienceMs: number;
}

/** The refusals of one request, such as a stream's, that is repeated. */
export class Refusals {
  readonly #options: RefusalsOptions;
  #hasWorked = false;
  /** When the refusals began, by the monotonic clock. */
  #since: number | undefined;

  constructor(options: RefusalsOptions) {
    this.#options = options;
  }

  /** Records that the API accepted the request. */
  noteSuccess(): void {
    this.#hasWorked = true;
    this.#since = undefined;
  }

  /** Returns the refusal, where it is to be waited out; null where the error ends the request. */
  refusalToOutlast(error: unknown): ApiError | null {
    const { clock, patienceMs } = this.#options;
    const refusal = this.#hasWorked ? passingRefusal(error, { isSame: true }) : null;
    if (!refusal) return null;
    const now = clock.monotonic();
    this.#since ??= now;
    const left = this.#since + patienceMs - now;
    if (left <= 0) return null;
    log.error(
      "{problem}. The same request worked before, so the API seems to be in trouble: retrying until {until}. " +
        "If you changed the keys or the access, stop the harvest",
      { problem: refusal.message, until: isoTime(clock.now() + left) },
    );
    return refusal;
  }
}
