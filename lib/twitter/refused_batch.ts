/** Refusals of a look-up of many, which may be about one of them. */

import { ApiError, UserError } from "../base/errors.ts";

/** The problem of a 401 that may be about the keys, or about one of the ids. */
const OF_KEYS_OR_ID = /^(unauthorized)?$/;
/** Refusals in a row, before anything was answered, after which they are not about what was asked for. */
export const MAX_REFUSED = 32;

/**
 * Returns whether an answer may be about one of the ids that were asked for, such as one that no tweet has, or a tweet of an
 * account that is locked; keys that are refused and caps that are used up are about all.
 */
export function mayBeOfOne(error: unknown): boolean {
  const fault = error instanceof UserError ? error.cause : error;
  if (!(fault instanceof ApiError)) return false;
  const { status, problem } = fault;
  if (error instanceof UserError) return status === 401 && OF_KEYS_OR_ID.test(problem ?? "");
  return status >= 400 && status < 500 && status !== 408 && status !== 429;
}
