/** The commands `twarc-cloud collection ...`: collections in a bucket, and starting and stopping them. */

import type { Command } from "@commander-js/extra-typings";
import { basename, join } from "node:path";
import { isoTime } from "../clock.ts";
import type { Downloaded } from "./download.ts";
import {
  bucketOption,
  configFileOption,
  example,
  hoursOption,
  spoolOption,
  tellQueryNotes,
} from "./collection_config.ts";
import { readConfigFile, writeConfigFile } from "./config_file.ts";
import { lastWord } from "../visible.ts";
import { hintAtKeys } from "./profiles.ts";
import { addCompliance } from "./compliance.ts";
import { addDehydrate } from "./dehydrate.ts";
import { addHydrate } from "./hydrate.ts";
import { addKeys } from "./collection_keys.ts";
import { addRecover } from "./recover.ts";
import { addVerify } from "./verify.ts";
import { type Bucket, type Context, openBucket } from "./context.ts";
import { capital, count, size } from "./output.ts";
import { jobFor, startUnlessRunning, stopHarvest } from "./start.ts";
import { removalTexts, troubleTexts } from "./trouble.ts";

/** What `--yes` is for where a harvest starts. */
const YES =
  "do not ask before a first harvest that costs more than 10 dollars (ask_above in twarc_cloud.ini)";

/** Adds the group. */
export function addCollection(program: Command, context: Context): void {
  const group = program.command("collection")
    .summary("Collection-related commands.")
    .description("Manage the collections of a bucket.");
  addList(group, context);
  addAdd(group, context);
  addKeys(group, context);
  addOnce(group, context);
  addSchedule(group, context);
  addFilter(group, context);
  addDownload(group, context);
  addDehydrate(group, context);
  addHydrate(group, context);
  addCompliance(group, context);
  addVerify(group, context);
  addRecover(group, context);
}

function addList(group: Command, context: Context): void {
  group.command("list")
    .summary("List collections.")
    .addOption(bucketOption())
    .option("--json", "print JSON")
    .addHelpText("after", example("collection list"))
    .action(async ({ bucket, json }) => {
      const { output } = context;
      const opened = await openBucket(context, { bucket });
      const ids = await Array.fromAsync(opened.collections.list());
      if (json) return output.json(ids);
      if (ids.length === 0) {
        output.line("No collections.");
        return output.note(
          "Make one with: twarc-cloud collection-config template user_timeline --id=ID",
        );
      }
      output.line("Collections:");
      const troubles = await troubleTexts(opened, context);
      const removals = await removalTexts(opened, ids);
      for (const id of ids) output.line(`${id}${troubles.get(id) ?? ""}${removals.get(id) ?? ""}`);
    });
}

function addAdd(group: Command, context: Context): void {
  group.command("add")
    .summary("Add a collection.")
    .description("Copies a collection configuration file to the bucket.")
    .addOption(configFileOption())
    .addOption(bucketOption())
    .option(
      "--no-check",
      "do not ask the API first whether it takes a search's query, which costs half a cent in version 2",
    )
    .addHelpText("after", example("collection add"))
    .action(async ({ collectionConfigFilepath: path, bucket, check }) => {
      const config = await readConfigFile(path);
      const { collections, settings } = await openBucket(context, { bucket, makes: true });
      const { tryQuery } = await import("./try_query.ts");
      if (check) await tryQuery(config, context);
      await writeConfigFile(path, await collections.add(config));
      context.output.line("Collection added.");
      await tellQueryNotes(config, context);
      await hintAtKeys(config, settings.bucket, context);
      context.output.line("Don't forget to start or schedule the collection.");
    });
}

function addOnce(group: Command, context: Context): void {
  group.command("once")
    .summary("Harvest a user timeline or search collection once.")
    .description("Starts a harvest that goes on by itself and ends when it is done.")
    .argument("<collection-id>", "collection")
    .addOption(bucketOption())
    .addOption(spoolOption())
    .option("--wait", "follow the harvest until it ends, and exit with its outcome", false)
    .option("--yes", YES, false)
    .addHelpText("after", example("collection once test_collection --wait"))
    .action(async (collectionId, { bucket, spool, wait, yes }) => {
      const opened = await openBucket(context, { bucket, spool });
      const job = await jobFor(opened, collectionId, ["user_timeline", "search", "hydrate"]);
      const { worthOf } = await import("./ask_cost.ts");
      const worth = await worthOf(opened, collectionId, { yes }, context);
      if (!worth) return;
      await noteCost(opened, collectionId, context);
      const { harvestOnce } = await import("./attach.ts");
      await harvestOnce(opened, job, { wait, ...worth }, context);
    });
}

/** Says what a collection costs, in a bucket on AWS. @param pause Milliseconds between the runs of a schedule. */
async function noteCost(
  { settings, collections }: Bucket,
  collectionId: string,
  { output }: Context,
  pause?: number,
): Promise<void> {
  const { awsCost, isOnAws, taskOf } = await import("./aws_cost.ts");
  if (!isOnAws(settings)) return;
  const { config: { type } } = await collections.load(collectionId);
  output.note(awsCost(type, taskOf((name) => settings.get(name)), pause));
}

function addSchedule(group: Command, context: Context): void {
  const { output } = context;
  group.command("schedule")
    .summary("Harvest a collection now, and then by a schedule.")
    .description(
      "Starts a harvest at once and then again by the schedule: a rate or cron expression of EventBridge. For a folder bucket `twarc-cloud scheduler` has to run.",
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
    .addHelpText("after", example('collection schedule test_collection "rate(7 days)"'))
    .action(async (collectionId, expression, { bucket, spool, timezone, yes }) => {
      const { longestPause, nextTime, parseSchedule } = await import("../runner/schedule.ts");
      const schedule = parseSchedule(expression, timezone, context.clock.now());
      const opened = await openBucket(context, { bucket, spool });
      const job = await jobFor(opened, collectionId, ["user_timeline", "search"]);
      const { worthOf } = await import("./ask_cost.ts");
      if (!await worthOf(opened, collectionId, { yes }, context)) return;
      const runner = await opened.runner();
      const { config } = await opened.collections.load(collectionId);
      await startUnlessRunning(runner, job, context);
      await runner.schedule(job, schedule);
      output.line("Scheduled");
      const { scheduleText } = await import("./schedule_text.ts");
      const words = scheduleText(schedule);
      const next = nextTime(schedule, context.clock.now());
      if (words && next !== null) output.note(`${capital(words)}, next at ${isoTime(next)}.`);
      const { rareNote } = await import("./rare.ts");
      const rare = rareNote(config, longestPause(schedule, context.clock.now()));
      if (rare) output.note(rare);
      const pause = longestPause(schedule, context.clock.now());
      await noteCost(opened, collectionId, context, pause);
      const { isFolder } = await import("../store/store.ts");
      if (isFolder(opened.settings.bucket)) {
        output.note(
          "Keep `twarc-cloud scheduler` running: it carries out the schedules of this folder.",
        );
      }
    });

  group.command("scheduled")
    .summary("List scheduled collections.")
    .addOption(bucketOption())
    .option("--json", "print JSON")
    .addHelpText("after", example("collection scheduled"))
    .action(async ({ bucket, json }) => {
      const { settings, runner, store, collections } = await openBucket(context, { bucket });
      const scheduled = await Array.fromAsync((await runner()).scheduled());
      const { scheduleText } = await import("./schedule_text.ts");
      if (json) {
        return output.json(
          scheduled.map(({ collectionId, schedule, next, retry }) => ({
            collection_id: collectionId,
            schedule: schedule.expression,
            timezone: schedule.timezone ?? "UTC",
            words: scheduleText(schedule),
            ...(next ? { next } : {}),
            ...(retry ? { retry } : {}),
          })),
        );
      }
      if (scheduled.length === 0) {
        output.line("No scheduled collections.");
        return output.note('Schedule one with: twarc-cloud collection schedule ID "rate(7 days)"');
      }
      const { lastText } = await import("./last_text.ts");
      for (const { collectionId, schedule, next, retry } of scheduled) {
        output.line(
          `${bucketName(settings.bucket)}_${collectionId}_schedule => ${schedule.expression}${
            schedule.timezone ? ` (${schedule.timezone})` : ""
          }`,
        );
        const words = scheduleText(schedule);
        const due = [...words ? [words] : [], ...next ? [`next at ${next}`] : []];
        output.line(
          `  ${[...due, ""].join(", ")}last harvest: ${await lastText(collections, collectionId)}`,
        );
        if (!retry?.problem) continue;
        const { since, next: again, problem } = retry;
        output.line(`  The run of ${since} ${problem} It is tried again at ${again}`);
      }
      const { isFolder } = await import("../store/store.ts");
      const { schedulerOf } = await import("../runner/presence.ts");
      if (!isFolder(settings.bucket)) return;
      const serving = await schedulerOf(store, context.clock);
      output.note(
        serving
          ? `They are carried out by process ${serving.pid} of ${serving.host}, since ${serving.since}.`
          : "No scheduler carries them out: start `twarc-cloud scheduler`, and keep it running.",
      );
    });

  group.command("stop")
    .summary("Stop a scheduled collection, and its harvest if one is running.")
    .argument("<collection-id>", "collection")
    .addOption(bucketOption())
    .option("--json", "print JSON")
    .addHelpText("after", example("collection stop test_collection"))
    .action(async (collectionId, { bucket, json }) => {
      const opened = await openBucket(context, { bucket });
      await opened.collections.loadJson(collectionId);
      const runner = await opened.runner();
      const { isKept } = await import("../runner/kept.ts");
      const wasScheduled = await runner.unschedule(collectionId);
      const isRunning = await isKept(opened.store, collectionId) ||
        await runner.info(collectionId) !== null;
      if (!wasScheduled && !isRunning) {
        const { UserError } = await import("../errors.ts");
        throw new UserError(`${collectionId} is neither scheduled nor being harvested`);
      }
      if (isRunning) await stopHarvest(runner, collectionId, context, true);
      if (json) {
        return output.json({
          collection_id: collectionId,
          unscheduled: wasScheduled,
          stopped: isRunning,
        });
      }
      output.line("Stopped");
      if (wasScheduled) {
        output.note("Its schedule is removed: it is not harvested again by itself.");
      }
      if (isRunning) output.note(lookAtLast(collectionId));
    });
}

function addFilter(group: Command, context: Context): void {
  const { output } = context;
  group.command("filter-start")
    .alias("timeline-start")
    .summary("Start a filter collection.")
    .description(
      "Starts a harvester of a filter stream, which goes on until it is stopped. What comes each day is a harvest of " +
        "its own.",
    )
    .argument("<collection-id>", "collection")
    .addOption(bucketOption())
    .addOption(spoolOption())
    .addOption(hoursOption())
    .addHelpText("after", example("collection filter-start test_filter"))
    .action(async (collectionId, { bucket, spool, ...flags }) => {
      const opened = await openBucket(context, { bucket, spool });
      const job = await jobFor(opened, collectionId, ["filter"]);
      const runner = await opened.runner();
      const { startStream } = await import("./attach.ts");
      await startStream(runner, { ...job, flags }, context);
      output.line("Started");
      output.note(`Follow it with: twarc-cloud harvest running --follow ${lastWord(collectionId)}`);
      await noteCost(opened, collectionId, context);
      if (!runner.revive) return;
      output.note(
        "It is started again where it ends by a fault. After a restart of this machine " +
          "`twarc-cloud scheduler` does that: let it run.",
      );
    });

  group.command("filter-stop")
    .alias("timeline-stop")
    .summary("Stop a filter collection.")
    .description("Stops the harvest of a filter stream cleanly. This may take a few minutes.")
    .argument("<collection-id>", "collection")
    .addOption(bucketOption())
    .option("--json", "print JSON")
    .addHelpText("after", example("collection filter-stop test_filter"))
    .action(async (collectionId, { bucket, json }) => {
      const opened = await openBucket(context, { bucket });
      await jobFor(opened, collectionId, ["filter"]);
      const runner = await opened.runner();
      if (!json) output.line("Stopping ...");
      await stopHarvest(runner, collectionId, context);
      if (json) return output.json({ collection_id: collectionId, stopped: true });
      output.line("Stopped");
      output.note(lookAtLast(collectionId));
    });
}

function addDownload(group: Command, context: Context): void {
  const { output } = context;
  group.command("download")
    .summary("Download a collection.")
    .description(
      "Copies the files of a collection to download/. Files that have already been downloaded are skipped " +
        "unless --clean is given. A harvest may be running. Twitter keys are left out of configurations and " +
        "changesets unless --with-keys is given, so that a copy can be handed on.",
    )
    .argument("<collection-id>", "collection")
    .addOption(bucketOption())
    .option("--clean", "fetch everything again", false)
    .option("--with-keys", "copy the keys as well", false)
    .addHelpText("after", example("collection download test_collection"))
    .action(async (collectionId, { bucket, clean, withKeys }) => {
      const { download } = await import("./download.ts");
      const { store, collections, settings } = await openBucket(context, { bucket });
      await collections.loadJson(collectionId);
      const to = join("download", bucketName(settings.bucket));
      const progress = await output.progress();
      const began = context.clock.monotonic();
      const onFile = (done: Downloaded) => {
        progress.show(progressText(done, context.clock.monotonic() - began));
      };
      const done = await download({ store, collectionId, to, clean, withKeys, onFile })
        .finally(() => progress.end());
      output.note(
        `${count(done.files)} files (${size(done.bytes)}) downloaded, ${
          count(done.skipped)
        } skipped.`,
      );
      if (done.removed > 0) {
        output.note(`${count(done.removed)} files removed here that its manifests list no more.`);
      }
      output.line(`Collection downloaded to ${join(to, "collections", collectionId)}`);
    });
}

/** What comes after the end of a harvest. */
function lookAtLast(collectionId: string): string {
  return `See what it brought with: twarc-cloud harvest last ${lastWord(collectionId)}`;
}

/** Files, bytes, rate, and time left. @param ms Since it began. */
function progressText(
  { files, bytes, skipped, skippedBytes, allFiles, allBytes }: Downloaded,
  ms: number,
): string {
  const rate = bytes / Math.max(ms, 1) * 1_000;
  const left = rate > 0 ? Math.ceil((allBytes - bytes - skippedBytes) / rate) : 0;
  return `${count(files + skipped)} of ${count(allFiles)} files, ` +
    `${size(bytes + skippedBytes)} of ${size(allBytes)}, ${size(rate)}/s, ${count(left)} s left`;
}

/** A bucket's name without what says that it is one: of a folder the last part of its path. */
export function bucketName(bucket: string): string {
  return basename(bucket.replace(/^s3:\/\//, "").replace(/\/+$/, "")) || "bucket";
}
