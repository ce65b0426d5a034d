/** The logs of harvesters on Fargate, in CloudWatch. */

import type { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { type AwsAccess, awsConfig, awsError, awsFailure } from "../../base/aws.ts";
import type { Clock } from "../../base/clock.ts";
import { UserError } from "../../base/errors.ts";
import { outlast, type OutlastOptions } from "../../base/outage.ts";

/** Milliseconds between two polls of a followed log. */
const POLL_MS = 2_000;
/** Milliseconds that an event may arrive late by. */
const LATE_MS = 60_000;

/** Selects a log. */
export interface LogWanted {
  group: string;
  /** The prefix of its streams' names. */
  streams: string;
  follow: boolean;
  signal: AbortSignal;
  /** Called with a line when a followed log cannot be read for a while, and when it can again. */
  say?: (line: string) => void;
}

/**
 * Yields the lines, oldest first; a followed log goes on until the signal, through passing failures.
 * @throws UserError, OutsideError
 */
export async function* logLines(
  { group, streams, follow, signal, say = () => {} }: LogWanted,
  { access, clock }: { access: AwsAccess; clock: Clock },
): AsyncGenerator<string> {
  const { CloudWatchLogsClient } = await import("@aws-sdk/client-cloudwatch-logs");
  const client = new CloudWatchLogsClient(awsConfig(access));
  const seen = new Map<string, number>();
  let from = 0;
  for (;;) {
    const patience = follow ? { clock, signal, say } : undefined;
    for await (const { id, at, text } of events(client, { group, streams, from }, patience)) {
      if (signal.aborted) return;
      if (seen.has(id)) continue;
      seen.set(id, at);
      yield text;
    }
    if (!follow) return;
    for (const at of seen.values()) from = Math.max(from, at - LATE_MS);
    for (const [id, at] of seen) if (at < from) seen.delete(id);
    await clock.sleep(POLL_MS, signal);
    if (signal.aborted) return;
  }
}

interface LogEvent {
  id: string;
  at: number;
  text: string;
}

/** Yields the events of a log. @param patience For passing failures; without it, nothing is retried. */
async function* events(
  client: CloudWatchLogsClient,
  { group, streams, from }: { group: string; streams: string; from: number },
  patience: OutlastOptions | undefined,
): AsyncGenerator<LogEvent> {
  const { FilterLogEventsCommand } = await import("@aws-sdk/client-cloudwatch-logs");
  let nextToken: string | undefined;
  do {
    const command = new FilterLogEventsCommand({
      logGroupName: group,
      logStreamNamePrefix: streams,
      startTime: from,
      nextToken,
    });
    const ask = () => client.send(command).catch((error) => throwLogError(error, group));
    const page = patience ? await outlast(ask, patience) : await ask();
    for (const { eventId = "", timestamp = 0, message = "", logStreamName } of page.events ?? []) {
      if (!logStreamName?.startsWith(streams)) continue;
      yield { id: eventId, at: timestamp, text: message.replace(/\n$/, "") };
    }
    nextToken = page.nextToken;
  } while (nextToken);
}

/** Returns the error for a failure to read a log group. @throws UserError, OutsideError */
function throwLogError(error: unknown, group: string): never {
  if (awsFailure(error).code !== "ResourceNotFoundException") {
    throw awsError(error, `Reading the log group ${group}`);
  }
  throw new UserError(`There is no log group ${group}`, {
    cause: error,
    hint: "Look at log_group and region in twarc_cloud.ini.",
  });
}
