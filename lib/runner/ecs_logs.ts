/** The logs of harvesters on Fargate, in CloudWatch. */

import type { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { type AwsAccess, awsConfig, awsError, awsFailure } from "../aws.ts";
import type { Clock } from "../clock.ts";
import { UserError } from "../errors.ts";

/** Milliseconds between two looks at a log that is followed. */
const POLL = 2_000;
/** Milliseconds that an event may arrive late by. */
const LATE = 60_000;

/** Which log is wanted. */
export interface LogWanted {
  group: string;
  /** What the names of its streams begin with. */
  streams: string;
  follow: boolean;
  signal: AbortSignal;
}

/** The lines, oldest first; a followed log goes on until the signal. @throws UserError, OutsideError */
export async function* logLines(
  { group, streams, follow, signal }: LogWanted,
  { access, clock }: { access: AwsAccess; clock: Clock },
): AsyncGenerator<string> {
  const { CloudWatchLogsClient } = await import("@aws-sdk/client-cloudwatch-logs");
  const client = new CloudWatchLogsClient(awsConfig(access));
  const seen = new Map<string, number>();
  let from = 0;
  for (;;) {
    for await (const { id, at, text } of events(client, { group, streams, from })) {
      if (signal.aborted) return;
      if (seen.has(id)) continue;
      seen.set(id, at);
      yield text;
    }
    if (!follow) return;
    from = Math.max(from, ...[...seen.values()].map((at) => at - LATE));
    for (const [id, at] of seen) if (at < from) seen.delete(id);
    await clock.sleep(POLL, signal);
    if (signal.aborted) return;
  }
}

async function* events(
  client: CloudWatchLogsClient,
  { group, streams, from }: { group: string; streams: string; from: number },
): AsyncGenerator<{ id: string; at: number; text: string }> {
  const { FilterLogEventsCommand } = await import("@aws-sdk/client-cloudwatch-logs");
  let nextToken: string | undefined;
  do {
    const command = new FilterLogEventsCommand({
      logGroupName: group,
      logStreamNamePrefix: streams,
      startTime: from,
      nextToken,
    });
    const page = await client.send(command).catch((error) => {
      if (awsFailure(error).code !== "ResourceNotFoundException") {
        throw awsError(error, `Reading the log group ${group}`);
      }
      throw new UserError(`There is no log group ${group}`, {
        cause: error,
        hint: "Look at log_group and region in twarc_cloud.ini.",
      });
    });
    for (const { eventId = "", timestamp = 0, message = "", logStreamName } of page.events ?? []) {
      if (!logStreamName?.startsWith(streams)) continue;
      yield { id: eventId, at: timestamp, text: message.replace(/\n$/, "") };
    }
    nextToken = page.nextToken;
  } while (nextToken);
}
