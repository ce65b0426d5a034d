/** The outcome of a task on Fargate, in words and with advice. */

import { withoutFullStop } from "../../base/full_stop.ts";
import { lastWord } from "../../base/visible.ts";
import type { HarvesterTask } from "./tasks.ts";
import type { Outcome } from "../runner.ts";

/** The exit code of a killed process. */
const KILLED = 137;
/** Matches the stop codes of tasks that a person stopped, or that ended by themselves. */
const OWN_END = /^(UserInitiated|EssentialContainerExited|)$/;
const SAFE = "Collected tweets are safe, and the next harvest goes on from there";

/** Returns whether a task ran out of memory and was killed: AWS gives exit code 137, or 0. */
export function isOutOfMemory({ exitCode, reason, stopCode }: HarvesterTask): boolean {
  // A task that does not end in time when a person stops it is killed, too.
  const isKilled = exitCode === KILLED && stopCode === "EssentialContainerExited";
  return isKilled || /OutOfMemory/i.test(reason ?? "");
}

/**
 * Returns what AWS did to a task, whatever its exit code; null where the task ended by itself, or was stopped by a
 * person.
 */
export function doneByAws(task: HarvesterTask): Outcome | null {
  const { stopCode = "", reason, stoppedReason } = task;
  if (isOutOfMemory(task)) {
    const why = /memory/i.test(reason ?? "")
      ? withoutFullStop(reason ?? "")
      : `exit code ${KILLED}`;
    return failure(
      `The harvester ran out of memory and was killed (${why}). ` +
        `Increase memory, and cpu, in twarc_cloud.ini. ${SAFE}`,
    );
  }
  const why = withoutFullStop(stoppedReason ?? reason ?? "AWS gave no reason");
  if (stopCode === "TaskFailedToStart") {
    return failure(`The task could not start: ${withoutFullStop(reason ?? stoppedReason ?? why)}`);
  }
  if (stopCode === "SpotInterruption") {
    return failure(
      `The harvester was interrupted, as AWS reclaimed its spare capacity (${why}). ${SAFE}; without ` +
        "`spot` in twarc_cloud.ini that does not happen",
    );
  }
  if (OWN_END.test(stopCode)) return null;
  return failure(`AWS stopped the harvester: ${why}. ${SAFE}`);
}

/**
 * Returns the outcome of a container that ended without an error and without a harvest, as one of another image does.
 */
export function harvestedNothing(collectionId: string): Outcome {
  return failure(
    "The container ended without an error and without a harvest: check that `image` in twarc_cloud.ini is the one of " +
      `this program. Its log: twarc-cloud harvest logs ${lastWord(collectionId)}`,
  );
}

/** Returns whether a task ended by itself, and without an error, as a harvester does when its harvest is done. */
export function endedWell(task: HarvesterTask): boolean {
  const { status, exitCode, stopCode } = task;
  const isOwn = stopCode === undefined || stopCode === "EssentialContainerExited";
  return status === "STOPPED" && exitCode === 0 && isOwn && !isOutOfMemory(task);
}

function failure(message: string): Outcome {
  return { exitCode: 3, message };
}
