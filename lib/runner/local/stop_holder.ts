/** Stops the process that holds a lock: by its control server, and by a signal where its identity is certain. */

import process from "node:process";
import type { FoundLock, LockDocument } from "../../bucket/lock.ts";
import { holderIsGone } from "../../bucket/process.ts";
import type { Clock } from "../../base/clock.ts";
import type { ControlClient } from "../../control/control.ts";
import { errorMessage, UnresponsiveError, UserError } from "../../base/errors.ts";
import { processCommands } from "../../base/shell.ts";
import { stopCommand } from "../../collection/commands.ts";
import { tellStop } from "../live.ts";
import type { StopOptions } from "../runner.ts";

/** Milliseconds between polls of a stopping harvester. */
const POLL_MS = 100;
/** Milliseconds that it may take to stop. */
const STOP_TIMEOUT_MS = 600_000;
/** Milliseconds that a harvester, perhaps on another machine, may be silent meanwhile. */
const SILENCE_MS = 10_000;

/** Options of stopHolder(). */
export interface HolderOptions extends StopOptions {
  collectionId: string;
  /** Null where it has no control server. */
  control: ControlClient | null;
  /** Reads the collection's lock. */
  look: () => Promise<FoundLock | null>;
  clock: Clock;
}

/**
 * Stops a lock's holder and waits until it has released the lock, or has ended.
 * @throws UnresponsiveError where it does not respond and is not known to be a process of this machine, or does not
 * stop; UserError where it belongs to another user; the reason of the signal.
 */
export async function stopHolder(
  holder: LockDocument,
  { collectionId, control, look, clock, signal, say }: HolderOptions,
): Promise<void> {
  const isHere = holderIsGone(holder) === false;
  const end = clock.monotonic() + STOP_TIMEOUT_MS;
  let heard = clock.monotonic();
  let [isTold, isSignalled] = [false, false];
  while (clock.monotonic() < end) {
    signal?.throwIfAborted();
    const state = await tellStop(control, isTold);
    isTold ||= state !== null;
    if (state !== null) heard = clock.monotonic();
    if (state === true) await control?.shutdown().catch(() => {});
    if (state === null && !isSignalled) isSignalled = terminate(holder);
    if (state !== false && isOver(await look(), holder)) return;
    if (!isHere && clock.monotonic() - heard > SILENCE_MS) throw silent(collectionId, holder);
    say?.(`its harvester (process ${holder.pid} of ${holder.host}) to stop`);
    await clock.sleep(POLL_MS, signal);
  }
  throw new UnresponsiveError(
    `The harvester of ${collectionId} (process ${holder.pid}) does not stop`,
  );
}

/** Returns whether a lock is no longer the holder's, or its holder has ended: a suspended one has not. */
function isOver(now: FoundLock | null, { holder }: LockDocument): boolean {
  if (now?.document?.holder !== holder) return true;
  return holderIsGone(now.document) ?? !now.live;
}

/**
 * Sends SIGTERM to the holder of a lock, where it is certainly a live process of this machine.
 * @returns Whether it was sent.
 * @throws UserError where it belongs to another user.
 */
function terminate(holder: LockDocument): boolean {
  if (holderIsGone(holder) !== false) return false;
  try {
    return process.kill(holder.pid, "SIGTERM");
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    // It ended just now.
    if (code === "ESRCH") return false;
    throw new UserError(
      `The harvester (process ${holder.pid}) cannot be stopped by this user: ${
        errorMessage(cause)
      }`,
      { cause, hint: "Stop it as the user who started it." },
    );
  }
}

/**
 * Returns the error for a harvester that does not respond, and was sent no signal, as it is not known to be a process
 * of this machine.
 */
function silent(
  collectionId: string,
  { host, pid, renewed, progress }: LockDocument,
): UnresponsiveError {
  if (host !== Deno.hostname()) {
    return new UnresponsiveError(
      `The harvester of ${collectionId} runs on ${host} and does not answer: nothing was stopped`,
      { hint: `Stop it there: ${stopCommand({ id: collectionId, type: progress?.type })}` },
    );
  }
  const { see, end } = processCommands(pid);
  return new UnresponsiveError(
    `The harvester of ${collectionId} does not answer, and its lock does not show whether it is process ${pid} of ` +
      "this machine or of another one with its name: nothing was stopped",
    {
      hint: `See what that process is: ${see}. If it harvests ${collectionId}, end it (${end}); ` +
        `otherwise the lock expires a minute after its last renewal, at ${renewed}.`,
    },
  );
}
