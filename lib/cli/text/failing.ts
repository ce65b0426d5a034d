/** Reports collections that keep failing, in commands that list or show something else. */

import { isoTime } from "../../base/clock.ts";
import { TwarcCloudError } from "../../base/errors.ts";
import type { Failing } from "../../runner/runner.ts";
import type { Bucket } from "../context.ts";
import { count, type Output } from "../output.ts";

/**
 * Returns the collections of a bucket that keep failing. If that cannot be read, it is noted and the command goes on.
 */
export async function listFailing(
  { runner }: Bucket,
  output: Output,
): Promise<Failing[]> {
  try {
    return await Array.fromAsync((await runner()).failing?.() ?? []);
  } catch (error) {
    if (!(error instanceof TwarcCloudError)) throw error;
    output.note(`Could not check whether harvests keep failing: ${error.message}`);
    return [];
  }
}

/** Notes that a collection keeps failing, if it does. */
export async function noteFailing(opened: Bucket, id: string, output: Output): Promise<void> {
  const found = (await listFailing(opened, output)).find(({ collectionId }) => collectionId === id);
  if (found) output.note(`${id} ${failingText(found)}.`);
}

/** Returns since when something fails and why, as a sentence without its subject and full stop. */
export function failingText({ since, times, message }: Failing): string {
  const often = times === 1 ? "failed" : `has failed ${count(times)} times since`;
  return `${often} ${times === 1 ? "at " : ""}${isoTime(since)}: ${message.replace(/\.$/, "")}`;
}
