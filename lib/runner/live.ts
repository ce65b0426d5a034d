/** What a runner does with a harvester that is alive, wherever it runs. */

import type { FoundLock } from "../bucket/lock.ts";
import type { HarvestInfo } from "../collection/harvest_info.ts";
import type { ControlClient } from "../control/control.ts";
import { OutsideError, TwarcCloudError, UserError } from "../base/errors.ts";

/** Returns what a harvester says of itself; what it last wrote with its lease, where it does not answer. */
export async function infoOf(
  collectionId: string,
  { document }: FoundLock,
  control: ControlClient | null,
): Promise<HarvestInfo | null> {
  if (!document) return null;
  const { progress, harvest_id, acquired } = document;
  const info = await saidBy(control);
  if (info) return info;
  const nothing = { tweets: 0, files: 0, file_bytes: 0, state: "harvesting" } as const;
  const harvest_timestamp = harvest_id ?? acquired;
  return progress ?? { collection_id: collectionId, harvest_timestamp, ...nothing };
}

/** Returns what a harvester says of itself; null where it does not answer. */
export async function saidBy(control: ControlClient | null): Promise<HarvestInfo | null> {
  try {
    return await control?.info() ?? null;
  } catch (error) {
    if (error instanceof TwarcCloudError) return null;
    throw error;
  }
}

/** Tells a harvester to stop, then asks whether it has; null where it does not answer. */
export async function tellStop(
  control: ControlClient | null,
  isTold: boolean,
): Promise<boolean | null> {
  if (!control) return null;
  try {
    if (!isTold) await control.stop();
    return await control.isStopped();
  } catch (error) {
    if (error instanceof OutsideError || error instanceof UserError) return null;
    throw error;
  }
}

/** Makes the error that says that there is nothing to stop. */
export function notRunning(collectionId: string): UserError {
  return new UserError(`No harvest of ${collectionId} is running`, {
    hint: "See what is running with `twarc-cloud harvest list`.",
  });
}
