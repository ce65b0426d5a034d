/** Follows a harvest that was started until it ends. */

import type { Clock } from "../clock.ts";
import type { HarvestInfo } from "../collection/harvest_info.ts";
import { OutsideError, UserError } from "../errors.ts";
import type { Runner, Started } from "../runner/runner.ts";
import { dollarText } from "../collection/prices.ts";
import { count, type Output, size } from "./output.ts";

/** What following takes. */
export interface FollowOptions {
  runner: Runner;
  started: Started;
  output: Output;
  clock: Clock;
  signal: AbortSignal;
}

/**
 * Shows live progress until the harvest has ended; true then, false where the signal came first: the
 * harvest goes on.
 * @throws UserError or OutsideError with the harvester's own message where it failed.
 */
export async function follow(
  { runner, started, output, clock, signal }: FollowOptions,
): Promise<boolean> {
  const { collectionId } = started;
  const progress = await output.progress();
  try {
    while (!signal.aborted) {
      const outcome = await started.outcome();
      if (outcome?.exitCode === 0) return true;
      if (outcome) {
        const message = outcome.message ?? `The harvester ended with exit code ${outcome.exitCode}`;
        throw outcome.exitCode === 1 ? new UserError(message) : new OutsideError(message);
      }
      const info = await runner.info(collectionId);
      if (info) progress.show(`${collectionId}: ${info.state}. ${summary(info)}`);
      await clock.sleep(runner.pace, signal);
    }
    return false;
  } finally {
    progress.end();
  }
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
