/** A queue with runs that could not be started, as EventBridge Scheduler puts them there. */

import { CreateQueueCommand, SendMessageBatchCommand, SQSClient } from "@aws-sdk/client-sqs";
import { MOTO_REGION } from "./moto.ts";

/** The account of moto. */
export const ACCOUNT = "123456789012";

/** A run that was given up. */
export interface Letter {
  /** `<group>/<name>`. */
  schedule: string;
  /** When it was due, ISO 8601. */
  at: string;
  code: string;
  message: string;
}

/** Makes a queue; its ARN, and what puts runs into it, or something else. */
export async function makeQueue(endpoint: string, name: string) {
  const credentials = { accessKeyId: "testing", secretAccessKey: "testing" };
  const client = new SQSClient({ region: MOTO_REGION, endpoint, credentials });
  const { QueueUrl } = await client.send(new CreateQueueCommand({ QueueName: name }));
  const send = async (all: (Letter | null)[]) => {
    for (let from = 0; from < all.length; from += 10) {
      const Entries = all.slice(from, from + 10).map((one, n) => ({
        Id: `${n}`,
        MessageBody: "{}",
        MessageAttributes: Object.fromEntries(
          Object.entries(one ? attributesOf(one) : { SOMETHING: "else" })
            .map(([name, StringValue]) => [name, { DataType: "String", StringValue }]),
        ),
      }));
      await client.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
    }
  };
  const arn = `arn:aws:sqs:${MOTO_REGION}:${ACCOUNT}:${name}`;
  return { arn, send, close: () => client.destroy() };
}

function attributesOf({ schedule, at, code, message }: Letter): Record<string, string> {
  return {
    SCHEDULE_ARN: `arn:aws:scheduler:${MOTO_REGION}:${ACCOUNT}:schedule/${schedule}`,
    SCHEDULED_TIME: at,
    ERROR_CODE: code,
    ERROR_MESSAGE: message,
    RETRY_ATTEMPTS: "10",
    EXHAUSTED_RETRY_CONDITION: "MaximumRetryAttempts",
  };
}
