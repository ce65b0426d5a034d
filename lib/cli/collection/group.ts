/** The commands `twarc-cloud collection ...`: manage collections of a bucket, and start and stop them. */

import { ifOurs } from "../../base/errors.ts";
import type { Command } from "@commander-js/extra-typings";
import { tellQueryNotes } from "../collection_config/group.ts";
import { bucketOption, configFileOption, example, noteOption, spoolOption } from "../options.ts";
import { readConfigFile, writeConfigFile } from "../collection_config/config_file.ts";
import { type Traits, traitsFor } from "../../collection/types/traits.ts";
import { startCommand } from "../../collection/commands.ts";
import { isObject, type JsonObject } from "../../base/json.ts";
import { namesOf } from "../../base/names_of.ts";
import { usersStep } from "../next_step.ts";
import { lastWord } from "../../base/visible.ts";
import { hintAtKeys } from "../profiles.ts";
import { addCat } from "./cat.ts";
import { addCoverage, noteDeed } from "./coverage.ts";
import { addCompliance } from "./compliance.ts";
import { addDehydrate } from "./dehydrate.ts";
import { addDownload } from "./download_command.ts";
import { addExport } from "./export.ts";
import { addFreeze } from "./freeze.ts";
import { addGaps } from "./gaps.ts";
import { addHydrate } from "./hydrate.ts";
import { addKeys } from "./keys.ts";
import { keepCollectionReadme } from "./readme.ts";
import { addRegister } from "./names.ts";
import { addRedactKeys } from "./redact_keys.ts";
import { addRecover } from "./recover.ts";
import { addReport } from "./report.ts";
import { addStats } from "./stats.ts";
import { addTransfers } from "./transfer.ts";
import { addVerify } from "./verify.ts";
import { type Context, openBucket } from "../context.ts";
import { addLimits, LIMITS_OF_RUNS } from "../limits.ts";
import { addSchedules } from "./schedules.ts";
import { jobFor, lookAtLast, YES } from "./start.ts";
import { stopStream } from "./stop_stream.ts";
import { removalTexts, troubleTexts } from "../text/trouble.ts";

/** Completes the group. */
export function fillCollection(group: Command, context: Context): void {
  group.description("Manage the collections of a bucket.");
  addList(group, context);
  addAdd(group, context);
  addKeys(group, context);
  addOnce(group, context);
  addSchedules(group, context);
  addFilter(group, context);
  addDownload(group, context);
  addDehydrate(group, context);
  addCat(group, context);
  addExport(group, context);
  addStats(group, context);
  addReport(group, context);
  addHydrate(group, context);
  addCompliance(group, context);
  addVerify(group, context);
  addGaps(group, context);
  addCoverage(group, context);
  addFreeze(group, context);
  addTransfers(group, context);
  addRegister(group, context);
  addRedactKeys(group, context);
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
          "Create one with: twarc-cloud collection-config template user_timeline --id=ID",
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
      "do not try a search's query at the API first, which costs half a cent in version 2",
    )
    .addHelpText("after", example("collection add"))
    .action(async ({ collectionConfigFilepath: path, bucket, check }) => {
      const config = await readConfigFile(path);
      const opened = await openBucket(context, { bucket, makes: true });
      const { collections, settings } = opened;
      const { tryQuery } = await import("../collection_config/try_query.ts");
      if (check) await tryQuery(config, "add", context);
      const added = await collections.add(config);
      await opened.identify();
      await keepCollectionReadme(opened.store, added);
      await writeConfigFile(path, added);
      context.output.line("Collection added.");
      await tellQueryNotes(config, context);
      hintAtKeys(config, settings, context);
      context.output.line("Don't forget to start or schedule the collection.");
      if (lacksUsers(added)) return context.output.note(usersStep(path));
      context.output.note(`Start it with: ${startCommand(added)}`);
    });
}

/** Returns whether a collection of timelines has no users yet. */
function lacksUsers({ type, users = {} }: JsonObject): boolean {
  return traitsFor(type).part === "users" && isObject(users) && namesOf(users).length === 0;
}

const endsByItself = (traits: Traits) => traits.endsByItself;
const isStream = (traits: Traits) => !traits.endsByItself;

function addOnce(group: Command, context: Context): void {
  const once = group.command("once")
    .summary("Harvest a user timeline or search collection once.")
    .description("Starts a harvest in the background, which ends when it is done.")
    .argument("<collection-id>", "collection")
    .addOption(bucketOption())
    .addOption(spoolOption())
    .option("--wait", "follow the harvest until it ends, and exit with its outcome", false)
    .option("--yes", YES, false)
    .addHelpText("after", example("collection once test_collection --wait"))
    .action(async (collectionId, { bucket, spool, wait, yes, ...options }) => {
      const opened = await openBucket(context, { bucket, spool, acts: true });
      const job = await jobFor(opened, collectionId, endsByItself, {
        options,
        output: context.output,
      });
      const runner = await opened.runner();
      const running = await runner.info(collectionId).catch(ifOurs(null));
      const { askCost } = await import("./ask_cost.ts");
      // The cost of a running harvest was confirmed when it was started.
      const worth = running ? {} : await askCost(opened, collectionId, { yes }, context);
      if (!worth) return;
      const { noteCost } = await import("../aws_cost.ts");
      if (!running) await noteCost(opened, collectionId, context);
      const { harvestOnce } = await import("./attach.ts");
      await harvestOnce(opened, job, { wait, ...worth }, context);
    });
  addLimits(once, LIMITS_OF_RUNS);
}

function addFilter(group: Command, context: Context): void {
  const { output } = context;
  const start = group.command("filter-start")
    .alias("timeline-start")
    .summary("Start a filter collection.")
    .description(
      "Starts a harvester of a filter stream, which runs until it is stopped. Each day's tweets are a harvest of " +
        "its own.",
    )
    .argument("<collection-id>", "collection")
    .addOption(bucketOption())
    .addOption(spoolOption())
    .addOption(noteOption())
    .addHelpText("after", example("collection filter-start test_filter"))
    .action(async (collectionId, { bucket, spool, note, ...options }) => {
      const opened = await openBucket(context, { bucket, spool, acts: true });
      const job = await jobFor(opened, collectionId, isStream, { options });
      const runner = await opened.runner();
      const { findReachedLimit } = await import("../../bucket/stream_limit.ts");
      const reached = await findReachedLimit(
        opened.store,
        (await opened.collections.load(collectionId)).config,
      );
      if (reached) throw reached;
      const { startStream } = await import("./attach.ts");
      const awaited = await startStream(runner, job, context);
      output.line("Started");
      await noteDeed(opened, collectionId, { what: "start", note }, context);
      if (awaited !== null) output.note(`Its stream is not open yet: ${awaited}.`);
      output.note(`Follow it with: twarc-cloud harvest running --follow ${lastWord(collectionId)}`);
      const { noteCost } = await import("../aws_cost.ts");
      await noteCost(opened, collectionId, context);
      if (!runner.revive) return;
      output.note(
        "It is restarted if it fails. After a restart of this machine " +
          "`twarc-cloud scheduler` does that: let it run.",
      );
    });
  addLimits(start);

  group.command("filter-stop")
    .alias("timeline-stop")
    .summary("Stop a filter collection.")
    .description("Stops the harvest of a filter stream cleanly. This may take a few minutes.")
    .argument("<collection-id>", "collection")
    .addOption(bucketOption())
    .option("--json", "print JSON")
    .addOption(noteOption())
    .addHelpText("after", example("collection filter-stop test_filter"))
    .action(async (collectionId, { bucket, json, note }) => {
      const opened = await openBucket(context, { bucket, acts: true });
      await jobFor(opened, collectionId, isStream, { what: "Stop" });
      const onStopping = () => json || output.line("Stopping ...");
      await stopStream(opened, collectionId, { note, onStopping }, context);
      if (json) return output.json({ collection_id: collectionId, stopped: true });
      output.line("Stopped");
      output.note(lookAtLast(collectionId));
    });
}
