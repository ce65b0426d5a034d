/** Waits until the API opens or refuses a stream that was started. */

import type { HarvestInfo } from "../../collection/harvest_info.ts";
import { outlast } from "../../base/outage.ts";
import type { Runner, Started } from "../../runner/runner.ts";
import type { Context } from "../context.ts";
import { failureFor, waitText } from "../text/progress.ts";
import { patienceFor, takeBack } from "./start.ts";

/** Milliseconds to wait for the API's response: invalid keys and rules are refused at once. */
const PATIENCE_MS = 10_000;
/** Maximum milliseconds between two checks. */
const LOOK_MS = 250;

/**
 * Waits briefly until the stream of a started harvester is open.
 * @returns What it waits for, for a person, if it is not open by then; null if it is, or was stopped.
 * @throws UserError or OutsideError with the reason if it was refused for good.
 */
export async function untilOpen(
  started: Started,
  runner: Pick<Runner, "info" | "pace">,
  context: Context,
): Promise<string | null> {
  const { clock, signal, output } = context;
  const { collectionId } = started;
  const end = clock.monotonic() + PATIENCE_MS;
  const look = async () => ({
    outcome: await started.outcome(),
    info: await runner.info(collectionId),
  });
  for (;;) {
    const { outcome, info } = await outlast(look, patienceFor(context));
    if (outcome && outcome.exitCode !== 0) {
      await takeBack(started, output);
      throw failureFor(outcome, collectionId);
    }
    if (outcome || info?.streaming) return null;
    if (clock.monotonic() >= end || signal.aborted) return awaitedText(info);
    await clock.sleep(Math.min(runner.pace, LOOK_MS), signal);
  }
}

function awaitedText(info: HarvestInfo | null): string {
  if (!info) return "its harvester is not running";
  return info.waiting ? waitText(info.waiting) : "the API has not responded";
}
