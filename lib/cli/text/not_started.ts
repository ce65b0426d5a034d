/** Runs of schedules that AWS could not start, for the command that lists schedules. */

import type { Collections } from "../../bucket/collections.ts";
import { TwarcCloudError } from "../../base/errors.ts";
import type { NotStarted, Runner, ScheduledJob } from "../../runner/runner.ts";
import { lastWord } from "../../base/visible.ts";
import { count, type Output } from "../output.ts";

/**
 * By collection, the runs that were not started and that no harvest has made up for since. That they cannot be looked
 * at ends no command, and is noted.
 */
export async function notStartedOf(
  scheduled: ScheduledJob[],
  { runner, collections }: {
    runner: Pick<Runner, "notStarted">;
    collections: Pick<Collections, "lastHarvest">;
  },
  output: Output,
): Promise<Map<string, NotStarted>> {
  const found = new Map<string, NotStarted>();
  try {
    for (const runs of await runner.notStarted?.(scheduled) ?? []) {
      const began = await begunLast(collections, runs.collectionId);
      if (!(began > Date.parse(runs.last))) found.set(runs.collectionId, runs);
    }
  } catch (error) {
    if (!(error instanceof TwarcCloudError)) throw error;
    output.note(`Whether each run was started could not be looked at: ${error.message}`);
  }
  return found;
}

/** Returns when the last harvest of a collection began, in milliseconds since 1970; NaN where that is not known. */
async function begunLast(
  collections: Pick<Collections, "lastHarvest">,
  id: string,
): Promise<number> {
  try {
    return Date.parse((await collections.lastHarvest(id))?.info.harvest_timestamp ?? "");
  } catch (error) {
    if (error instanceof TwarcCloudError) return NaN;
    throw error;
  }
}

/** Since when runs were not started, why, and what to do: a line each. */
export function notStartedText(
  { collectionId, times, first, last, message, hint }: NotStarted,
): string[] {
  const runs = times === 1
    ? `The run of ${last} was not started`
    : `${count(times)} runs were not started, from ${first} to ${last}`;
  const again = `Then: twarc-cloud collection once ${lastWord(collectionId)}`;
  return [`${runs}: ${message.replace(/\.$/, "")}`, ...(hint ? [hint] : []), again];
}

/** As a member of the collection's JSON; none where all were started. */
export function notStartedJson(runs: NotStarted | undefined): object {
  if (!runs) return {};
  const { collectionId: _, ...told } = runs;
  return { not_started: told };
}
