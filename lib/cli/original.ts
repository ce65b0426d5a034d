/** What the Python original's environment on AWS does not allow, explained where its ini is in force. */

import { awsFailure } from "../base/aws.ts";
import { TwarcCloudError, UserError } from "../base/errors.ts";
import { MOVE_FIRST, Settings } from "../base/settings.ts";

/** What AWS says of what a policy does not allow: which action of which service. */
const REFUSED = /not authorized to perform:? (\w+):/;

/**
 * Returns an error as it is shown: where the ini is of the original's Terraform, and AWS refuses what that never allowed, with
 * what to do; its user may do all with S3, so that a bucket which is refused is another person's.
 */
export async function explained(error: unknown): Promise<unknown> {
  if (!(error instanceof TwarcCloudError) || !isRefusal(error.cause)) return error;
  const settings = await Settings.load({ env: {} }).catch(() => null);
  if (!settings?.isOriginal) return error;
  return new UserError(error.message, { cause: error, hint: MOVE_FIRST });
}

function isRefusal(cause: unknown): boolean {
  if (cause === undefined) return false;
  const { code, message } = awsFailure(cause);
  const [, service] = REFUSED.exec(message) ?? [];
  return service === undefined ? code === "ValidationException" : service !== "s3";
}
