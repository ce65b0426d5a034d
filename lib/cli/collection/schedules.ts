/** The commands `twarc-cloud collection schedule`, `scheduled` and `stop`. */

import type { Command } from "@commander-js/extra-typings";
import { TwarcCloudError, UserError } from "../../base/errors.ts";
import type { Json } from "../../base/json.ts";
import { bucketOption, example, noteOption, spoolOption } from "../options.ts";
import { noteDeed } from "./coverage.ts";
import { type Context, openBucket } from "../context.ts";
import { addLimits, LIMITS_OF_RUNS } from "../limits.ts";
import { stopCommand } from "../../collection/commands.ts";
import { traitsFor } from "../../collection/types/traits.ts";
import { goesOn, isHarvested, lookAtLast, stopHarvest, YES } from "./start.ts";
import { stopStream } from "./stop_stream.ts";

/** Adds the commands. */
export function addSchedules(group: Command, context: Context): void {
  addSchedule(group, context);
  addScheduled(group, context);
  addStop(group, context);
}

function addSchedule(group: Command, context: Context): void {
  const command = group.command("schedule")
    .summary("Harvest a collection by a schedule.")
    .description(
      "Harvests by a rate or cron expression of EventBridge. A rate begins with a harvest at once; cron waits for its " +
        "time. A schedule that is already in force is kept, and nothing is started. For harvesters of this machine " +
        "`twarc-cloud scheduler` has to run.",
    )
    .argument("<collection-id>", "collection")
    .argument("<schedule>", 'such as "rate(7 days)" or "cron(0 10 * * ? *)"')
    .option(
      "--timezone <zone>",
      "time zone of a cron expression, such as Europe/Berlin (default: UTC)",
    )
    .addOption(bucketOption())
    .addOption(spoolOption())
    .option("--yes", YES, false)
    .addOption(noteOption())
    .addHelpText("after", example('collection schedule test_collection "rate(7 days)"'))
    .action(
      async (collectionId, expression, { bucket, spool, timezone, yes, note, ...options }) => {
        const { parseSchedule } = await import("../../runner/schedule.ts");
        const schedule = parseSchedule(expression, timezone, context.clock.now());
        const opened = await openBucket(context, { bucket, spool, acts: true });
        const { noteScheduler, scheduleCollection } = await import("./schedule.ts");
        const wanted = { collectionId, schedule, yes, options };
        if (!await scheduleCollection(opened, wanted, context)) return;
        await noteDeed(opened, collectionId, { what: "schedule", expression, note }, context);
        await noteScheduler(opened, context);
      },
    );
  addLimits(command, LIMITS_OF_RUNS);
}

function addScheduled(group: Command, context: Context): void {
  const { output } = context;
  group.command("scheduled")
    .summary("List scheduled collections.")
    .addOption(bucketOption())
    .option("--json", "print JSON")
    .addHelpText("after", example("collection scheduled"))
    .action(async ({ bucket, json }) => {
      const { settings, collections, ...opened } = await openBucket(context, { bucket });
      const runner = await opened.runner();
      const scheduled = await Array.fromAsync(runner.listSchedules());
      const { notStartedJson, listNotStarted, notStartedText } = await import(
        "../text/not_started.ts"
      );
      const notStarted = await listNotStarted(scheduled, { runner, collections }, output);
      const { scheduleText } = await import("../text/schedule_text.ts");
      if (json) {
        return output.json(
          scheduled.map(({ collectionId, schedule, next, retry }) => ({
            collection_id: collectionId,
            schedule: schedule.expression,
            timezone: schedule.timezone ?? "UTC",
            words: scheduleText(schedule),
            ...(next ? { next } : {}),
            ...(retry ? { retry } : {}),
            ...notStartedJson(notStarted.get(collectionId)),
          })),
        );
      }
      if (scheduled.length === 0) {
        output.line("No scheduled collections.");
        return output.note('Schedule one with: twarc-cloud collection schedule ID "rate(7 days)"');
      }
      const { lastText } = await import("../text/last_text.ts");
      for (const { collectionId, schedule, next, retry } of scheduled) {
        output.line(
          `${settings.bucket.name}_${collectionId}_schedule => ${schedule.expression}${
            schedule.timezone ? ` (${schedule.timezone})` : ""
          }`,
        );
        const words = scheduleText(schedule);
        const due = [...words ? [words] : [], ...next ? [`next at ${next}`] : []];
        output.line(
          `  ${[...due, ""].join(", ")}last harvest: ${await lastText(collections, collectionId)}`,
        );
        const runs = notStarted.get(collectionId);
        for (const line of runs ? notStartedText(runs) : []) output.line(`  ${line}`);
        if (!retry?.problem) continue;
        const { since, next: again, problem } = retry;
        output.line(`  The run of ${since} ${problem} It is tried again at ${again}`);
      }
      if (!runner.documents) return;
      const { findScheduler } = await import("../../runner/local/presence.ts");
      const serving = await findScheduler(runner.documents, context.clock);
      output.note(
        serving
          ? `They are run by process ${serving.pid} of ${serving.host}, since ${serving.since}.`
          : "No scheduler runs them: start `twarc-cloud scheduler`, and keep it running.",
      );
    });
}

function addStop(group: Command, context: Context): void {
  const { output } = context;
  group.command("stop")
    .summary("End a collection's schedule.")
    .description(
      "Ends a collection's schedule. A running harvest continues to its end, unless --now is given.",
    )
    .argument("<collection-id>", "collection")
    .addOption(bucketOption())
    .option("--now", "end a running harvest as well", false)
    .addOption(noteOption())
    .option("--json", "print JSON")
    .addHelpText("after", example("collection stop test_collection"))
    .action(async (collectionId, { bucket, now, json, note }) => {
      const opened = await openBucket(context, { bucket, acts: true });
      const { json: { type } } = await opened.collections.loadJson(collectionId);
      const runner = await opened.runner();
      const wasScheduled = await runner.unschedule(collectionId);
      const isRunning = await isHarvested(runner, collectionId).catch((error) => {
        // If the harvest is to go on, this is only for information.
        if (now || !wasScheduled || !(error instanceof TwarcCloudError)) throw error;
        return false;
      });
      const isStream = !traitsFor(type).endsByItself;
      const { isCutOff } = await import("../../bucket/cut_stream.ts");
      const stops = now &&
        (isRunning || isStream && await isCutOff(opened.store, collectionId));
      if (!wasScheduled && !stops) throw notScheduled(collectionId, type, isRunning);
      if (stops && isStream) {
        await stopStream(opened, collectionId, { note, wasSeen: isRunning }, context);
      } else if (stops) {
        await stopHarvest(runner, collectionId, context, true);
      }
      if (wasScheduled) await noteDeed(opened, collectionId, { what: "unschedule", note }, context);
      if (json) {
        return output.json({
          collection_id: collectionId,
          unscheduled: wasScheduled,
          stopped: stops,
          running: isRunning && !stops,
        });
      }
      output.line("Stopped");
      if (wasScheduled) {
        output.note("Its schedule was removed: it is not harvested again by itself.");
      }
      if (stops) output.note(lookAtLast(collectionId));
      else if (isRunning) output.note(goesOn({ id: collectionId, type }));
    });
}

/** Returns the error that there is nothing to end, with how to end a running harvest. */
function notScheduled(id: string, type: Json | undefined, isRunning: boolean): UserError {
  if (!isRunning) return new UserError(`${id} is neither scheduled nor being harvested`);
  return new UserError(`${id} is not scheduled, but it is being harvested`, {
    hint: `End the harvest with: ${stopCommand({ id, type })}`,
  });
}
