/** Schedules a collection, and reports that to a person. */

import type { Schedule } from "../../runner/schedule.ts";
import type { Bucket, Context } from "../context.ts";
import { capital } from "../output.ts";
import { jobFor, startUnlessRunning } from "./start.ts";

/** A requested schedule. */
export interface ScheduleWanted {
  collectionId: string;
  schedule: Schedule;
  /** Whether to skip the confirmation of costs. */
  yes: boolean;
  /** The command's own, which include the limits of harvests. */
  options: object;
}

/**
 * Schedules a collection if the person agrees to the cost of a first harvest; a schedule in force is kept as it is.
 * @returns Whether it is in force.
 * @throws UserError for a collection whose harvests collect everything each time; what the runner throws.
 */
export async function scheduleCollection(
  opened: Bucket,
  { collectionId, schedule, yes, options }: ScheduleWanted,
  context: Context,
): Promise<boolean> {
  const { output, clock } = context;
  const { beginsAtOnce, isSameSchedule, longestPause } = await import("../../runner/schedule.ts");
  const job = await jobFor(opened, collectionId, ({ asksOnlyForNewer }) => asksOnlyForNewer, {
    options,
    output,
  });
  const runner = await opened.runner();
  const before = await runner.findSchedule(collectionId);
  const isInForce = before !== null && isSameSchedule(before.schedule, schedule);
  if (!isInForce) {
    const { askCost } = await import("./ask_cost.ts");
    if (!await askCost(opened, collectionId, { yes }, context)) return false;
    if (beginsAtOnce(schedule)) await startUnlessRunning(runner, job, context);
  }
  await runner.schedule(job, schedule);
  output.line("Scheduled");
  if (isInForce) output.note("That schedule is already in force: nothing was started.");
  const { scheduleText } = await import("../text/schedule_text.ts");
  const words = scheduleText(schedule);
  const { next } = await runner.findSchedule(collectionId) ?? {};
  if (words && next) output.note(`${capital(words)}, next at ${next}.`);
  const pause = longestPause(schedule, clock.now());
  const { planFor } = await import("../../collection/types/registry.ts");
  const { rareNote } = await import("../text/rare.ts");
  const { config } = await opened.collections.load(collectionId);
  const rare = rareNote(planFor(config).reading, pause);
  if (rare) output.note(rare);
  const { noteCost } = await import("../aws_cost.ts");
  await noteCost(opened, collectionId, context, pause);
  return true;
}

/** Reports what has to run for schedules, if the person has to start it. */
export async function noteScheduler(opened: Bucket, { output }: Context): Promise<void> {
  if (!(await opened.runner()).documents) return;
  output.note(
    "Keep `twarc-cloud scheduler` running: it runs the schedules of this bucket.",
  );
}
