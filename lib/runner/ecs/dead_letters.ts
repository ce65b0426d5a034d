/** Runs that EventBridge Scheduler could not start: it stops retrying after an hour, and sends them to a queue. */

import type { Message, SQSClient } from "@aws-sdk/client-sqs";
import { z } from "zod";
import { type AwsAccess, awsConfig, awsError } from "../../base/aws.ts";
import { isoTime } from "../../base/clock.ts";
import { UserError } from "../../base/errors.ts";
import { ecsFault } from "./faults.ts";
import type { NotStarted } from "../runner.ts";

/** Seconds that received messages are hidden from others: as long as reading takes, should it end halfway. */
const HIDDEN = 30;
/** Seconds that a request waits: then it covers all of the queue's servers. */
const WAIT = 1;
/** How many messages a request receives, and how many requests there are. */
const [PAGE, LOOKS] = [10, 30];
/** Matches IAM's errors for a role that lacks a permission. */
const REFUSED = /AccessDenied|not authorized|unable to assume|assume role/i;

const text = z.object({ StringValue: z.string() }).transform(({ StringValue }) => StringValue);
const attributesSchema = z.object({
  SCHEDULE_ARN: text,
  SCHEDULED_TIME: text.optional(),
  ERROR_CODE: text.optional(),
  ERROR_MESSAGE: text.optional(),
});

/** One run of a schedule that could not be started. */
interface DeadLetter {
  /** `<group>/<name>` of its schedule. */
  schedule: string;
  /** When it was due, in milliseconds since 1970. */
  at: number;
  /** AWS's message. */
  said: string;
}

/** Runs of one schedule. */
type Runs = Omit<NotStarted, "collectionId">;

/**
 * Returns which schedules could not be started, by `<group>/<name>`. The queue stays as it is: its messages expire
 * after two weeks.
 * @throws UserError where the queue does not exist, or may not be read; OutsideError where AWS fails
 */
export async function readDeadLetters(arn: string, access: AwsAccess): Promise<Map<string, Runs>> {
  const found = new Map<string, Runs>();
  const letters = (await readLetters(arn, access)).toSorted((one, other) => one.at - other.at);
  for (const { schedule, at, said } of letters) {
    const { times = 0, first = isoTime(at) } = found.get(schedule) ?? {};
    found.set(schedule, { times: times + 1, first, last: isoTime(at), ...reasonFor(said) });
  }
  return found;
}

async function readLetters(arn: string, access: AwsAccess): Promise<DeadLetter[]> {
  const sdk = await import("@aws-sdk/client-sqs");
  // A queue's address has a host of its own; a configured endpoint is used instead.
  const client = new sdk.SQSClient({ ...awsConfig(access), useQueueUrlAsEndpoint: false });
  const [, , , , QueueOwnerAWSAccountId, QueueName] = arn.split(":");
  try {
    const command = new sdk.GetQueueUrlCommand({ QueueName, QueueOwnerAWSAccountId });
    const { QueueUrl = "" } = await client.send(command);
    const messages = await readMessages(client, QueueUrl);
    return messages.flatMap((message) => parseLetter(message) ?? []);
  } catch (error) {
    throw awsError(error, `Looking at the queue ${QueueName}`);
  } finally {
    client.destroy();
  }
}

/** Returns all messages of a queue, each once, without deleting them. */
async function readMessages(client: SQSClient, QueueUrl: string): Promise<Message[]> {
  const sdk = await import("@aws-sdk/client-sqs");
  const found = new Map<string, Message>();
  for (let look = 0; look < LOOKS; look++) {
    const { Messages = [] } = await client.send(
      new sdk.ReceiveMessageCommand({
        QueueUrl,
        MaxNumberOfMessages: PAGE,
        VisibilityTimeout: HIDDEN,
        WaitTimeSeconds: WAIT,
        MessageAttributeNames: ["All"],
        MessageSystemAttributeNames: ["SentTimestamp"],
      }),
    );
    if (Messages.length === 0) break;
    for (const message of Messages) found.set(message.MessageId ?? "", message);
  }
  const seen = [...found.values()];
  for (let from = 0; from < seen.length; from += PAGE) {
    const Entries = seen.slice(from, from + PAGE).map(({ ReceiptHandle }, n) => ({
      Id: `${n}`,
      ReceiptHandle,
      VisibilityTimeout: 0,
    }));
    await client.send(new sdk.ChangeMessageVisibilityBatchCommand({ QueueUrl, Entries }));
  }
  return seen;
}

/** Returns the run that a message describes; null for a message from elsewhere. */
function parseLetter({ MessageAttributes, Attributes }: Message): DeadLetter | null {
  const { data } = attributesSchema.safeParse(MessageAttributes);
  const [, schedule] = /:schedule\/([^/]+\/[^/]+)$/.exec(data?.SCHEDULE_ARN ?? "") ?? [];
  if (!data || schedule === undefined) return null;
  const due = Date.parse(data.SCHEDULED_TIME ?? "");
  const at = Number.isNaN(due) ? Number(Attributes?.SentTimestamp ?? 0) : due;
  const said = [data.ERROR_CODE, data.ERROR_MESSAGE].filter(Boolean).join(": ");
  return { schedule, at, said: said || "AWS gave no reason" };
}

/** Returns why a run could not be started, and what to do. */
function reasonFor(said: string): Pick<NotStarted, "message" | "hint"> {
  if (REFUSED.test(said)) {
    return {
      message: said,
      hint:
        "Look at event_role_arn in twarc_cloud.ini: infra/roles.tf has the permissions of schedules, and " +
        "`terraform apply` there applies them.",
    };
  }
  const { message, hint } = ecsFault("Starting it", said);
  return { message, ...(hint ? { hint } : {}) };
}

/** @throws UserError for an invalid ARN of a queue. */
export function checkedQueue(arn: string): string {
  if (/^arn:[\w-]+:sqs:[\w-]+:\d{12}:[\w-]+$/.test(arn)) return arn;
  throw new UserError(`dead_letter_queue is ${JSON.stringify(arn)}, which is not a queue's ARN`, {
    hint: "Set it in twarc_cloud.ini to Terraform's output, or remove it.",
  });
}
