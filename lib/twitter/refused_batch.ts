/** Refusals of a look-up of many, which may be about one of them. */

import { ApiError, UserError } from "../base/errors.ts";

/** The problem of a 401 that may be about the keys, or about one of the ids. */
const OF_KEYS_OR_ID = /^(unauthorized)?$/;
/** Refusals in a row, before the first response, after which they do not concern a single id. */
export const MAX_REFUSED = 32;

/**
 * Returns whether a response may concern one of the requested ids, such as one that no tweet has, or a tweet of a
 * locked account; refused keys and used up caps concern all.
 */
export function mayBeOfOne(error: unknown): boolean {
  const fault = error instanceof UserError ? error.cause : error;
  if (!(fault instanceof ApiError)) return false;
  const { status, problem } = fault;
  if (error instanceof UserError) return status === 401 && OF_KEYS_OR_ID.test(problem ?? "");
  return status >= 400 && status < 500 && status !== 408 && status !== 429;
}
