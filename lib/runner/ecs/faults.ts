/**
 * The errors of ECS, in ClientException, InvalidParameterException and the failures of a task: whose fault each is.
 */

import { CapacityError, TwarcCloudError, UserError } from "../../base/errors.ts";

/** ECS's messages; the first match counts. */
const KNOWN: { says: RegExp; isPassing?: true; means: string; hint: string }[] = [
  {
    says: /capacity is unavailable|insufficient capacity|RESOURCE:|no capacity/i,
    isPassing: true,
    means: "AWS has no capacity there now",
    hint: "Try again later, or name a subnet of another zone in twarc_cloud.ini.",
  },
  {
    says: /too many concurrent (attempts|operations|requests)|rate exceeded|throttl/i,
    isPassing: true,
    means: "there are too many requests at this moment",
    hint: "Try again.",
  },
  {
    says: /reached the limit on the number of (vCPUs|tasks)|vCPU limit|concurrently/i,
    means: "the account's quota of vCPUs on Fargate is used up",
    hint:
      "Request an increase: aws service-quotas request-service-quota-increase --service-code fargate " +
      "--quota-code L-3032A538 --desired-value 16 (of Spot: L-36FBB829), or stop running harvests.",
  },
  {
    says: /service[- ]linked role/i,
    means: "the account has no service-linked role for ECS yet",
    hint: "Create it once, then try again: aws iam create-service-linked-role --aws-service-name " +
      "ecs.amazonaws.com",
  },
];

/** Returns the error for a message of ECS; by default a fault of the settings. @param what What failed. */
export function ecsFault(what: string, said: string, cause?: unknown): TwarcCloudError {
  const text = said.replace(/\s+/g, " ").trim().replace(/\.$/, "");
  const known = KNOWN.find(({ says }) => says.test(text));
  const details = cause === undefined ? {} : { cause };
  if (!known) {
    return new UserError(`${what} failed: ${text}`, {
      ...details,
      hint: "Look at subnet, security_group, the roles, cpu and memory in twarc_cloud.ini.",
    });
  }
  const { means, hint, isPassing } = known;
  const message = `${what} failed: ${means} (${text})`;
  return isPassing
    ? new CapacityError(message, { ...details, hint })
    : new UserError(message, { ...details, hint });
}
