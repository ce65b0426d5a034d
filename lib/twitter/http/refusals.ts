/** Refusals that pass by themselves: an API in trouble takes good keys for bad ones, and its gateway answers in its place. */

import { getLogger } from "@logtape/logtape";
import { type Clock, isoTime } from "../../base/clock.ts";
import { ApiError, UserError } from "../../base/errors.ts";

const log = getLogger(["twarc-cloud", "api"]);

/** What is answered in trouble to a request that was taken before: keys, access or address are not known. */
const PASSING = new Set([401, 403, 404]);
/** What waiting does not mend: payment, and limits and delays that have waits of their own. */
const OTHERS = new Set([402, 408, 420, 429]);
const CAPS = new Set(["usage-capped", "credits"]);

/** Problems that a rule of a stream has, whatever the status of their answer. */
const OF_RULE = /^(invalid-?rules?|rules?-?cap(-?exceeded)?|duplicate-?rules?)$/;

/** Returns whether an answer refuses a rule of a stream. */
export function isRuleRefused({ problem }: ApiError): boolean {
  return problem !== undefined && OF_RULE.test(problem);
}

/** Returns the API's answer that an error is about; null where it is about none. */
export function answerBehind(error: unknown): ApiError | null {
  const fault = error instanceof UserError ? error.cause : error;
  return fault instanceof ApiError ? fault : null;
}

/**
 * Returns the refusal that may pass by itself, where the API took the same request before; null for any other error: one
 * that says what is wrong with the request, a cap that is used up, trouble that is waited out anyway.
 * @param isSame Whether the very same request was taken: then nothing can be wrong with it.
 */
export function passingRefusal(
  error: unknown,
  { isSame = false }: { isSame?: boolean } = {},
): ApiError | null {
  const fault = answerBehind(error);
  if (!fault || fault.status < 400 || fault.status >= 500 || OTHERS.has(fault.status)) return null;
  if (fault.problem !== undefined && CAPS.has(fault.problem)) return null;
  if (isRuleRefused(fault)) return null;
  // An answer of the API itself has a code, or names a problem.
  const isPage = fault.code === undefined && fault.problem === undefined;
  return isSame || isPage || PASSING.has(fault.status) ? fault : null;
}

/** Returns whether an error is the API's, and may be gone later: it did not answer, was in trouble, or refused what it takes at other times. */
export function isOfApi(error: unknown): error is Error {
  return error instanceof ApiError || passingRefusal(error) !== null;
}

/** What outlasting refusals needs. */
export interface RefusalsOptions {
  clock: Clock;
  /** Milliseconds that refusals are waited out, after the API took the request. */
  patienceMs: number;
}

/** The refusals of one request, such as a stream's, that is sent again and again. */
export class Refusals {
  readonly #options: RefusalsOptions;
  #hasWorked = false;
  /** When the refusals began, by the monotonic clock. */
  #since: number | undefined;

  constructor(options: RefusalsOptions) {
    this.#options = options;
  }

  /** Takes in that the API took the request. */
  taken(): void {
    this.#hasWorked = true;
    this.#since = undefined;
  }

  /** Returns the refusal, where it is to be waited out; null where the error ends it. */
  outlasted(error: unknown): ApiError | null {
    const { clock, patienceMs } = this.#options;
    const refusal = this.#hasWorked ? passingRefusal(error, { isSame: true }) : null;
    if (!refusal) return null;
    const now = clock.monotonic();
    this.#since ??= now;
    const left = this.#since + patienceMs - now;
    if (left <= 0) return null;
    log.error(
      "{problem}. It worked before, so this is taken as trouble of the API, and tried again until {until}. " +
        "If you have changed the keys or the access, stop the harvest",
      { problem: refusal.message, until: isoTime(clock.now() + left) },
    );
    return refusal;
  }
}
