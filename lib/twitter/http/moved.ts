/** An API that has moved permanently: it is not followed, as keys are for its host alone, but reported. */

import { ApiError, UserError } from "../../base/errors.ts";
import { type Moved, movedFor } from "../../base/network.ts";

/** Returns the new address where a response has a permanent redirect; null for any other response. */
export function findRedirect({ status, headers, url }: Response): Moved | null {
  return movedFor({ status, location: headers.get("location") }, url || undefined);
}

/** Returns the error for an API that has moved permanently; null for any other response. */
export function movedError(path: string, response: Response): UserError | null {
  const moved = findRedirect(response);
  if (!moved) return null;
  const { status } = response;
  const message = `The API answered ${path} with ${status}: it has moved for good to ${moved.to}`;
  const hint = moved.origin
    ? `If that is the API's own address, set TWITTER_API_URL=${moved.origin}: keys are sent there.`
    : "A newer version of twarc-cloud may support that address.";
  return new UserError(message, { hint, cause: new ApiError(message, { status }) });
}
