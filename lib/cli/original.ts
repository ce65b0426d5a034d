/** Explains what the Python original's environment on AWS does not allow. */

import { awsFailure } from "../base/aws.ts";
import { TwarcCloudError, UserError } from "../base/errors.ts";
import { MOVE_FIRST, Settings } from "../base/settings.ts";

/** AWS's message for a missing permission, with the service. */
const REFUSED = /not authorized to perform:? (\w+):/;

/**
 * Returns an error for display: if AWS refuses what the original's Terraform never allowed, with a hint. Its user may
 * do everything with S3, so that a refused bucket is another person's.
 */
export async function explainRefusal(error: unknown): Promise<unknown> {
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
