/** Follows a harvest that was started until it ends. */

import type { Clock } from "../clock.ts";
import type { HarvestInfo } from "../collection/harvest_info.ts";
import { OutsideError, type TwarcCloudError, UserError } from "../errors.ts";
import { outlast } from "../outage.ts";
import type { Outcome, Runner, Started } from "../runner/runner.ts";
import { dollarText } from "../collection/prices.ts";
import { count, type Output, size } from "./output.ts";

/** What following takes. */
export interface FollowOptions {
  runner: Pick<Runner, "pace" | "info">;
  started: Pick<Started, "collectionId" | "outcome">;
  output: Output;
  clock: Clock;
  signal: AbortSignal;
}

/**
 * Shows live progress until the harvest has ended; true then, false where the signal came first: the
 * harvest goes on. What cannot be asked for a while is asked again for as long as it takes.
 * @throws UserError or OutsideError with the harvester's own message where it failed.
 */
export async function follow(
  { runner, started, output, clock, signal }: FollowOptions,
): Promise<boolean> {
  const { collectionId } = started;
  const progress = await output.progress();
  const patience = { clock, signal, say: (line: string) => progress.note(line) };
  const look = async () => {
    const outcome = await started.outcome();
    return { outcome, info: outcome ? null : await runner.info(collectionId) };
  };
  try {
    while (!signal.aborted) {
      const { outcome, info } = await outlast(look, patience);
      if (outcome?.exitCode === 0) return true;
      if (outcome) throw failureOf(outcome);
      if (info?.state) progress.show(`${collectionId}: ${info.state}. ${summary(info)}`);
      else if (info) progress.show(`${collectionId}: its container is being started`);
      await clock.sleep(runner.pace, signal);
    }
    return false;
  } catch (error) {
    if (signal.aborted && error === signal.reason) return false;
    throw error;
  } finally {
    progress.end();
  }
}

/** The error of a harvester that ended with one. */
export function failureOf({ exitCode, message }: Outcome): TwarcCloudError {
  const text = message ?? `The harvester ended with exit code ${exitCode}`;
  return exitCode === 1 ? new UserError(text) : new OutsideError(text);
}

/** What a harvest has done so far, in a few words. */
export function summary(info: HarvestInfo): string {
  const files = `${count(info.files)} file${info.files === 1 ? "" : "s"} (${
    size(info.file_bytes)
  })`;
  const parts = [`${count(info.tweets)} tweets`, files];
  if (info.walks !== undefined && info.walks > 1) {
    parts.push(`${count(info.walks_done ?? 0)} of ${count(info.walks)} users`);
  }
  if (info.billed) parts.push(`about ${dollarText(info.billed.dollars)}`);
  if (info.missing) parts.push(`${count(totalOf(info.missing))} not to be had`);
  if (info.gaps) parts.push(`${count(info.gaps)} gaps`);
  if (info.waiting) parts.push(waitText(info.waiting));
  return parts.join(", ");
}

/** What a harvest waits for, in a few words. */
export function waitText({ for: what, until }: NonNullable<HarvestInfo["waiting"]>): string {
  return `waiting until ${until} for ${what}`;
}

/** How many there are of all kinds. */
export function totalOf(counted: Record<string, number>): number {
  return Object.values(counted).reduce((total, n) => total + n, 0);
}
