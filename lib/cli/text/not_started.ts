/** Reports runs of schedules that AWS could not start. */

import type { Collections } from "../../bucket/collections.ts";
import { TwarcCloudError } from "../../base/errors.ts";
import type { NotStarted, Runner, ScheduledJob } from "../../runner/runner.ts";
import { lastWord } from "../../base/visible.ts";
import { count, type Output } from "../output.ts";

/**
 * Returns by collection the runs that were not started and that no harvest has made up for since. If they cannot be
 * read, that is noted and the command goes on.
 */
export async function listNotStarted(
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
    output.note(`Could not check whether each run was started: ${error.message}`);
  }
  return found;
}

/** Returns when a collection's last harvest began, in milliseconds since 1970; NaN if unknown. */
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

/** Returns since when runs were not started, why, and what to do: a line each. */
export function notStartedText(
  { collectionId, times, first, last, message, hint }: NotStarted,
): string[] {
  const runs = times === 1
    ? `The run of ${last} was not started`
    : `${count(times)} runs were not started, from ${first} to ${last}`;
  const again = `Then: twarc-cloud collection once ${lastWord(collectionId)}`;
  return [`${runs}: ${message.replace(/\.$/, "")}`, ...(hint ? [hint] : []), again];
}

/** Returns the member for the collection's JSON; none if all were started. */
export function notStartedJson(runs: NotStarted | undefined): object {
  if (!runs) return {};
  const { collectionId: _, ...told } = runs;
  return { not_started: told };
}
