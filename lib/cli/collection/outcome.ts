/** Follows a harvest to its end, and shows its outcome. */

import type { BucketRef } from "../../base/bucket_ref.ts";
import type { LastHarvest } from "../../bucket/last_harvest.ts";
import type { HarvestInfo } from "../../collection/harvest_info.ts";
import type { TwarcCloudError } from "../../base/errors.ts";
import { outlast } from "../../base/outage.ts";
import type { Started } from "../../runner/runner.ts";
import { startCommand } from "../../collection/commands.ts";
import { lastWord } from "../../base/visible.ts";
import type { Bucket, Context } from "../context.ts";
import { follow, summary } from "../text/progress.ts";
import { goesOn, patienceFor } from "./start.ts";

/**
 * Follows a harvest to its end, and reports its result. If the person leaves first, it goes on.
 * @throws UserError or OutsideError if it failed, or was stopped before it was done.
 */
export async function waitFor(
  opened: Bucket,
  { started, expected }: { started: Started; expected?: number | undefined },
  context: Context,
): Promise<void> {
  const { output, signal } = context;
  const { collectionId } = started;
  const runner = await opened.runner();
  let seen: HarvestInfo | null = null;
  const info = async (id: string) => {
    const now = await runner.info(id);
    seen = now ?? seen;
    return now;
  };
  const { collections, settings: { bucket } } = opened;
  const ask = () => collections.lastHarvest(collectionId);
  let isOver: boolean;
  try {
    isOver = await follow({ ...context, runner: { pace: runner.pace, info }, started, expected });
  } catch (failure) {
    const { ifOurs } = await import("../../base/errors.ts");
    const last = await ask().catch(ifOurs(null));
    // If it failed before it had begun, the last harvest is another.
    if (last && seen && isSameHarvest(seen, last.info)) {
      await tellWhatCame(last.info, bucket, context);
    }
    throw failure;
  }
  if (!isOver) {
    output.note(goesOn({ id: collectionId }));
    throw signal.reason;
  }
  const last = await outlast(ask, patienceFor(context));
  if (last) await tellEnd(last, bucket, context);
}

/** Returns whether both are of the same harvest, or of consecutive ones on one stream. */
function isSameHarvest(seen: HarvestInfo, ended: HarvestInfo): boolean {
  return Date.parse(ended.harvest_timestamp) >= Date.parse(seen.harvest_timestamp);
}

/** Shows a harvest's outcome and result. @throws as `checkOutcome` */
export async function tellEnd(
  { info }: Pick<LastHarvest, "info">,
  bucket: BucketRef,
  context: Context,
): Promise<void> {
  await tellWhatCame(info, bucket, context);
  await checkOutcome(info);
}

async function tellWhatCame(
  info: HarvestInfo,
  bucket: BucketRef,
  { output }: Context,
): Promise<void> {
  const { outcome = "done", reason } = info;
  output.line(`${info.collection_id}: ${outcome}. ${summary(info)}`);
  if (outcome !== "failed" && reason) output.line(reason);
  const { leftOutLines, placeLines } = await import("../text/harvest_text.ts");
  for (const line of [...placeLines(info, bucket), ...leftOutLines(info)]) output.line(line);
}

/** Checks a harvest's outcome. @throws as `outcomeError` returns */
export async function checkOutcome(info: HarvestInfo): Promise<void> {
  const failure = await outcomeError(info);
  if (failure) throw failure;
}

/**
 * Returns the error of a harvest that failed or was stopped before it was done, by who has to act, with what to do;
 * null for any other. The next one continues where it ended.
 */
export async function outcomeError(info: HarvestInfo): Promise<TwarcCloudError | null> {
  const { isTornOff } = await import("../../collection/harvest_info.ts");
  const { OutsideError, UserError } = await import("../../base/errors.ts");
  const { collection_id: id, outcome, reason, exit_code, type } = info;
  const isCut = outcome === "interrupted" || isTornOff(info);
  if (!isCut && outcome !== "failed") return null;
  const what = isCut
    ? "was stopped before it was done"
    : `failed: ${reason ?? "no reason was recorded"}`;
  const isPersons = outcome === "failed" && exit_code === 1;
  const Failure = isPersons ? UserError : OutsideError;
  const look = isPersons
    ? `See what to do with \`twarc-cloud harvest logs ${lastWord(id)}\`. `
    : "";
  return new Failure(`The harvest of ${id} ${what}`, {
    hint: `${look}What was collected is safe: continue with: ${startCommand({ id, type })}`,
  });
}
