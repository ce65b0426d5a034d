/** Operations on a running harvester, wherever it runs. */

import type { FoundLock, LockDocument } from "../bucket/lock.ts";
import { startCommand } from "../collection/commands.ts";
import type { HarvestInfo } from "../collection/harvest_info.ts";
import type { ControlClient } from "../control/control.ts";
import type { LogOptions } from "./runner.ts";
import { OutsideError, TwarcCloudError, UserError } from "../base/errors.ts";
import { lastWord } from "../base/visible.ts";

/** Returns a harvester's status; what it last wrote with its lease, where it does not respond. */
export async function readInfo(
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

/** Returns a harvester's own status; null where it does not respond. */
export async function saidBy(control: ControlClient | null): Promise<HarvestInfo | null> {
  try {
    return await control?.info() ?? null;
  } catch (error) {
    if (error instanceof TwarcCloudError) return null;
    throw error;
  }
}

/** Requests a harvester to stop, then polls whether it has; null where it does not respond. */
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

/** Returns the error where no harvest runs that could be stopped. */
export function notRunning(collectionId: string): UserError {
  return new UserError(`No harvest of ${collectionId} is running`, {
    hint: "See what is running with `twarc-cloud harvest list`.",
  });
}

/** Returns the error where a collection has no log. */
export function noLog(id: string, { type }: Pick<LogOptions, "type">): UserError {
  return new UserError(`There is no log of ${id} yet`, {
    hint: `It begins with the first harvest: ${startCommand({ id, type })}`,
  });
}

/** Returns the error where the running harvest writes its log to a place that cannot be read from here. */
export function loggedElsewhere(
  collectionId: string,
  { host, pid, acquired }: LockDocument,
): UserError {
  return new UserError(
    `The harvest of ${collectionId} that runs since ${acquired} does not write to this log: process ${pid} of ` +
      `${host} was started by hand, or elsewhere`,
    { hint: `Follow it with: twarc-cloud harvest running --follow ${lastWord(collectionId)}` },
  );
}

/**
 * Yields a log that the running harvest does not write to: nothing would be added while it is followed.
 * @throws UserError at its end where it is followed.
 */
export async function* logBefore(
  lines: AsyncIterable<string>,
  elsewhere: UserError,
  { follow, say }: LogOptions,
): AsyncGenerator<string> {
  yield* lines;
  if (follow) throw elsewhere;
  say?.(`${elsewhere.message}.`);
}
