/** Whether the running harvester writes to this machine's log of its collection. */

import type { Clock } from "../../base/clock.ts";
import type { LockDocument } from "../../bucket/lock.ts";

/** Milliseconds that a harvester may take from its lease to its first line. */
const FIRST_LINE_MS = 2_000;
/** Milliseconds by which the two times may differ, as some file systems round them. */
const GRAIN_MS = 5_000;

/**
 * Returns whether the holder of a lock writes to a log: one that was started by hand writes to its terminal.
 * @param log Its path; null where there is none.
 */
export async function isLoggedHere(
  log: string | null,
  { host, acquired }: LockDocument,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Promise<boolean> {
  if (log === null || host !== Deno.hostname()) return false;
  const began = Date.parse(acquired);
  const isOlder = async () => {
    const written = (await Deno.stat(log).catch(() => null))?.mtime?.getTime();
    return written !== undefined && written < began - GRAIN_MS;
  };
  if (!await isOlder()) return true;
  await clock.sleep(FIRST_LINE_MS, signal);
  return !await isOlder();
}
