/** An API that has moved for good: nobody follows, as keys are for its host alone, but it is named. */

import { ApiError, UserError } from "../../base/errors.ts";
import { type Moved, movedFor } from "../../base/network.ts";

/** Returns where an answer says that its address has moved to; null for any other answer. */
export function movedOf({ status, headers, url }: Response): Moved | null {
  return movedFor({ status, location: headers.get("location") }, url || undefined);
}

/** Returns what a person does about an API that has moved for good; null for any other answer. */
export function movedError(path: string, response: Response): UserError | null {
  const moved = movedOf(response);
  if (!moved) return null;
  const { status } = response;
  const message = `The API answered ${path} with ${status}: it has moved for good to ${moved.to}`;
  const hint = moved.origin
    ? `Where that is the API's own address, set TWITTER_API_URL=${moved.origin}: keys are sent there.`
    : "A newer version of twarc-cloud may know that address.";
  return new UserError(message, { hint, cause: new ApiError(message, { status }) });
}
