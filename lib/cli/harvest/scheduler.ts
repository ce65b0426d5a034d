/** The command `twarc-cloud scheduler`: runs the schedules of a bucket, and keeps its streams alive on this machine. */

import type { Store } from "../../store/store.ts";
import type { Command } from "@commander-js/extra-typings";
import { bucketOption, example, spoolOption } from "../options.ts";
import { type Context, openBucket } from "../context.ts";

/** Completes the command. */
export function fillScheduler(command: Command, context: Context): void {
  command
    .description(
      "Harvests each scheduled collection of a bucket when it is due, until it is stopped. Runs that " +
        "were missed while it was not running are caught up once. Harvesters that filter-start has started and " +
        "that have ended unexpectedly are restarted. Only for harvesters of this machine: those on ECS need no scheduler.",
    )
    .addOption(bucketOption())
    .addOption(spoolOption())
    .addHelpText("after", example("scheduler --bucket ./twarc-cloud-data"))
    .action(async ({ bucket, spool }) => {
      const { output, clock, signal } = context;
      const { runScheduler } = await import("../../runner/local/scheduler.ts");
      const { settings, store, runner } = await openBucket(context, { bucket, spool, acts: true });
      const { findScheduler, showPresence } = await import("../../runner/local/presence.ts");
      const { thisProcess } = await import("../../bucket/process.ts");
      const opened = await runner();
      const { documents } = opened;
      if (!documents) throw await needsNone(settings.bucket.text);
      const { outlast } = await import("../../base/outage.ts");
      const { patienceFor } = await import("../collection/start.ts");
      // Schedules are kept elsewhere: a missing bucket would be served for ever.
      await outlast(() => checkBucket(store), patienceFor(context));
      const other = await findScheduler(documents, clock);
      if (other) {
        output.note(
          `Another scheduler has been running for this bucket since ${other.since}: process ${other.pid} of ${other.host}. Each run is ` +
            "started by one of them; one is enough.",
        );
      }
      output.note(`Running the schedules of ${settings.bucket.text}. Stop with Ctrl-C.`);
      const { scheduleText } = await import("../text/schedule_text.ts");
      const scheduled = await Array.fromAsync(opened.listSchedules());
      if (scheduled.length === 0) output.note("No collection is scheduled yet.");
      for (const { collectionId, schedule, next = "never again" } of scheduled) {
        const words = scheduleText(schedule) ?? schedule.expression;
        output.note(`${collectionId}: ${words}, next at ${next}`);
      }
      const report = (line: string) => output.report(line);
      await Promise.all([
        runScheduler({ store, documents, runner: opened, clock, signal, report }),
        showPresence(documents, { clock, process: thisProcess(), signal }),
      ]);
    });
}

/** Checks that a bucket exists. @throws UserError if it does not; OutsideError if it is unreachable now. */
async function checkBucket(store: Store): Promise<void> {
  for await (const _ of store.list("collections/", { folders: true })) return;
}

/** Returns the error that AWS runs the schedules. */
async function needsNone(bucket: string): Promise<Error> {
  const { UserError } = await import("../../base/errors.ts");
  return new UserError(`AWS runs the schedules of ${bucket}: no scheduler is needed`, {
    hint:
      "twarc_cloud.ini has a cluster. For harvesters of this machine, set runner = local there.",
  });
}
