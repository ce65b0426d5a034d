/** Stops a stream: its harvester, and what an earlier one that was killed or lost its lock has left open. */

import type { Runner } from "../../runner/runner.ts";
import type { Bucket, Context } from "../context.ts";
import { noteDeed } from "./coverage.ts";
import { isHarvested, stopHarvest } from "./start.ts";

/** Options of stopStream(). */
export interface StreamStop {
  note: string | undefined;
  /** Called when it is known that there is something to stop. */
  onStopping?: () => void;
  /** Whether it was seen running: it may have ended by itself since. */
  wasSeen?: boolean;
}

/**
 * Stops a stream and records who did it. The last harvest of one that was cut off is finalized: what it missed ends
 * here.
 * @throws UserError if there is nothing to stop; as `stopHarvest`
 */
export async function stopStream(
  opened: Bucket,
  collectionId: string,
  { note, onStopping = () => {}, wasSeen = false }: StreamStop,
  context: Context,
): Promise<void> {
  const { ifOurs, LockedError, UserError } = await import("../../base/errors.ts");
  const { isCutOff } = await import("../../bucket/cut_stream.ts");
  const runner: Runner = await opened.runner();
  // If it cannot be checked, assume that it runs.
  const isRunning = await isHarvested(runner, collectionId).catch(ifOurs(true));
  if (isRunning) onStopping();
  const isCut = () => isCutOff(opened.store, collectionId).catch(ifOurs(false));
  const wasCut = !isRunning && await isCut();
  try {
    await stopHarvest(runner, collectionId, context, wasSeen);
  } catch (error) {
    // Nothing runs, and nobody has stopped the stream.
    const isNone = wasCut && error instanceof UserError && !(error instanceof LockedError);
    if (!isNone) throw error;
  }
  await noteDeed(opened, collectionId, { what: "stop", note }, context);
  // A service without a task is only found by stopping it.
  if (!isRunning) onStopping();
  if (await isCut()) await finalize(opened, collectionId, context);
}

/** Finalizes the last harvest; where that is impossible now, the next one does, by the record of the stop. */
async function finalize(
  { settings, store }: Bucket,
  collectionId: string,
  context: Context,
): Promise<void> {
  const { TwarcCloudError } = await import("../../base/errors.ts");
  const { underLease } = await import("../harvest/lease.ts");
  const spool = context.env.TWARC_CLOUD_SPOOL || undefined;
  const { output } = context;
  try {
    await underLease(
      { store, collectionId },
      context,
      (lease, holder) => context.recover({ settings, store, collectionId, lease, holder, spool }),
    );
    output.note("Its harvester had not stopped in good order: what it missed until now is a gap.");
  } catch (error) {
    if (!(error instanceof TwarcCloudError)) throw error;
    output.note(`The next harvest finalizes the interrupted one: ${error.message}`);
  }
}
