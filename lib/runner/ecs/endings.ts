/** How a task on Fargate ended, in words and with what to do about it. */

import { lastWord } from "../../base/visible.ts";
import type { HarvesterTask } from "./tasks.ts";
import type { Outcome } from "../runner.ts";

/** The exit code of what was killed. */
const KILLED = 137;
/** What somebody stopped, or ended by itself. */
const OWN_END = /^(UserInitiated|EssentialContainerExited|)$/;
const SAFE = "What was collected is safe: the next harvest goes on from there";

/** Returns whether a task was killed as it needed more memory than it has: AWS gives exit code 137, or 0. */
export function isOutOfMemory({ exitCode, reason, stopCode }: HarvesterTask): boolean {
  // Whoever does not end in time when a person stops it is killed, too.
  const isKilled = exitCode === KILLED && stopCode === "EssentialContainerExited";
  return isKilled || /OutOfMemory/i.test(reason ?? "");
}

/** Returns what AWS has done to a task, whatever its exit code says; null where the task ended by itself, or by a person. */
export function doneByAws(task: HarvesterTask): Outcome | null {
  const { stopCode = "", reason, stoppedReason } = task;
  if (isOutOfMemory(task)) {
    const why = /memory/i.test(reason ?? "") ? ended(reason ?? "") : `exit code ${KILLED}`;
    return failed(
      `The harvester was killed, as it needed more memory than it has (${why}). ` +
        `Give it more with memory, and cpu, in twarc_cloud.ini. ${SAFE}`,
    );
  }
  const why = ended(stoppedReason ?? reason ?? "AWS does not say why");
  if (stopCode === "TaskFailedToStart") {
    return failed(`The task could not start: ${ended(reason ?? stoppedReason ?? why)}`);
  }
  if (stopCode === "SpotInterruption") {
    return failed(
      `The harvester was interrupted, as AWS wanted its spare capacity back (${why}). ${SAFE}; without ` +
        "`spot` in twarc_cloud.ini that does not happen",
    );
  }
  if (OWN_END.test(stopCode)) return null;
  return failed(`AWS stopped the harvester: ${why}. ${SAFE}`);
}

/** A container that ended without an error, and without a harvest: that of another image does so as well. */
export function harvestedNothing(collectionId: string): Outcome {
  return failed(
    "The container has ended without an error, and has harvested nothing: is `image` in twarc_cloud.ini the one of " +
      `this program? What it said: twarc-cloud harvest logs ${lastWord(collectionId)}`,
  );
}

/** Returns whether a task ended by itself, and without an error, as a harvester does whose harvest is done. */
export function endedWell(task: HarvesterTask): boolean {
  const { status, exitCode, stopCode } = task;
  const isOwn = stopCode === undefined || stopCode === "EssentialContainerExited";
  return status === "STOPPED" && exitCode === 0 && isOwn && !isOutOfMemory(task);
}

function failed(message: string): Outcome {
  return { exitCode: 3, message };
}

function ended(text: string): string {
  return text.replace(/\.$/, "");
}
