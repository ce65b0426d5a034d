/** The commands `twarc-cloud collection-config ...`: collection configuration files. */

import { TEMPLATE_TYPES, traitsFor } from "../../collection/types/traits.ts";
import { Argument, type Command, Option } from "@commander-js/extra-typings";
import { restartText, startCommand } from "../../collection/commands.ts";
import type { ConfigUpdate } from "../../collection/changeset.ts";
import type { JsonObject } from "../../base/json.ts";
import { lastWord } from "../../base/visible.ts";
import type { Store } from "../../store/store.ts";
import { type Context, openBucket, settingsFor } from "../context.ts";
import { afterTemplate, nextStep, updateStep } from "../next_step.ts";
import { addChanges } from "./changes.ts";
import { addNames } from "./names.ts";
import { addSplit } from "./split.ts";
import { keepKeys, keyFiles, tellProfiles } from "../profiles.ts";
import { readConfigFile, writeConfigFile } from "./config_file.ts";
import { bucketOption, configFileOption, example } from "../options.ts";

/** Completes the group. */
export function fillCollectionConfig(group: Command, context: Context): void {
  group.description("Create and update collection configuration files.");
  addTemplate(group, context);
  addDownload(group, context);
  addUpdate(group, context);
  addKeys(group, context);
  addNames(group, context);
  addSplit(group, context);
  addChanges(group, context);
  addEstimate(group, context);
}

function addTemplate(group: Command, { output }: Context): void {
  group.command("template")
    .summary("Create a template for a collection configuration file.")
    .description("Writes a collection configuration file with placeholders to fill in.")
    .addArgument(
      new Argument("<type>", "type of collection").choices(TEMPLATE_TYPES),
    )
    .option("--id <id>", "an identifier for the collection")
    .addOption(
      new Option("--api <version>", "version of the API").choices(["1.1", "2"] as const).default(
        "2" as const,
      ),
    )
    .addOption(configFileOption())
    .option("--yes", "overwrite an existing file without asking", false)
    .addHelpText("after", example("collection-config template user_timeline --id=test_collection"))
    .action(async (type, { id, api, collectionConfigFilepath: path, yes }) => {
      const { template } = await import("../../collection/template.ts");
      const { RULES } = await import("../../collection/types/registry.ts");
      const { checkedNewId } = await import("../../collection/layout.ts");
      if (id !== undefined) checkedNewId(id);
      if (!yes && await Deno.stat(path).catch(() => null)) {
        const { UserError } = await import("../../base/errors.ts");
        const answer = await output.confirm(`${path} exists. Overwrite it?`);
        if (answer === null) {
          throw new UserError(`${path} already exists`, {
            hint:
              "Overwrite it with --yes, or choose another file with --collection-config-filepath.",
          });
        }
        if (!answer) return output.note("Cancelling");
      }
      await writeConfigFile(path, template(type, { id, api }));
      output.line(`Template written to ${path}.`);
      const { fillIn } = RULES[type].template ?? {};
      if (traitsFor(type).part === "users") {
        output.line("Add the collection before adding users to collect.");
      }
      output.note(afterTemplate(fillIn, path));
    });
}

function addDownload(group: Command, context: Context): void {
  group.command("download")
    .summary("Download a collection's configuration file.")
    .description("Fetches the newest configuration of a collection, overwriting the local file.")
    .argument("<collection-id>", "collection")
    .addOption(configFileOption())
    .addOption(bucketOption())
    .addHelpText("after", example("collection-config download test_collection"))
    .action(async (id, { collectionConfigFilepath: path, bucket }) => {
      const { collections } = await openBucket(context, { bucket });
      const { json } = await collections.loadJson(id);
      await writeConfigFile(path, json);
      context.output.line(`Downloaded to ${path}.`);
      context.output.note(`Edit it as needed. ${updateStep(path)}`);
    });
}

function addUpdate(group: Command, context: Context): void {
  group.command("update")
    .summary("Update a collection's configuration.")
    .description(
      "Changes the configuration in the bucket to the local file's, and records the change. If " +
        "the bucket has a newer one than the file was made from, only the file's changes are applied; if " +
        "both changed the same members, it stops and names them.",
    )
    .addOption(configFileOption())
    .addOption(bucketOption())
    .option("--yes", "do not ask if it is not known what the file was made from", false)
    .option("--force", "replace the bucket's by the file, whatever has changed meanwhile", false)
    .option(
      "--no-check",
      "do not try a search's changed query at the API first, which costs half a cent in version 2",
    )
    .addHelpText("after", example("collection-config update"))
    .action(async ({ collectionConfigFilepath: path, bucket, yes, force, check }) => {
      const { output } = context;
      const mine = await readConfigFile(path);
      const { collections, store } = await openBucket(context, { bucket, acts: true });
      const plan = await collections.plan(mine, { force });
      if (plan.isInForce) return await tellInForce(path, mine, await plan.apply(), context);
      if (plan.isBaseKnown) {
        output.note("The bucket has a newer one: only the changes in this file are applied.");
      } else if (
        plan.isOutdated && !yes && !force && !await confirmChange(plan.change, mine, context)
      ) {
        return;
      }
      const { changesQuery, tryQuery } = await import("./try_query.ts");
      if (check && changesQuery(plan.change.update)) await tryQuery(mine, "update", context);
      const config = await plan.apply();
      const { keepCollectionReadme } = await import("../collection/readme.ts");
      await keepCollectionReadme(store, config);
      await tellQueryNotes(config, context);
      await writeConfigFile(path, config);
      output.line("Collection configuration updated.");
      if (await isRunningStream(store, config, context)) {
        return output.note(restartText(config, "for the changes to go into effect"));
      }
      output.note("Its next harvest uses the new configuration.");
      const { endsByItself } = traitsFor(config.type);
      if (endsByItself && await collections.lastHarvest(String(config.id))) return;
      output.note(`Start it with: ${startCommand(config)}`);
    });
}

/** Returns whether a collection is a stream that is being harvested, as its lock shows. */
async function isRunningStream(
  store: Store,
  { id, type }: JsonObject,
  { clock }: Pick<Context, "clock">,
): Promise<boolean> {
  if (traitsFor(type).endsByItself) return false;
  const { readLock } = await import("../../bucket/lock.ts");
  return (await readLock(store, String(id), { clock, isGone: () => null }))?.live ?? false;
}

/** Reports that nothing changes. The bucket's version, with its timestamp, is written to the file. */
async function tellInForce(
  path: string,
  mine: JsonObject,
  config: JsonObject,
  { output }: Context,
): Promise<void> {
  output.line("No changes in collection configuration.");
  const { isDeepStrictEqual } = await import("node:util");
  if (isDeepStrictEqual(mine, config)) return;
  await writeConfigFile(path, config);
  output.note(`${path} now matches the bucket.`);
}

/** Warns of queries that may not mean what was intended. */
export async function tellQueryNotes(config: JsonObject, { output }: Context): Promise<void> {
  const { queryNotes } = await import("../../collection/typed.ts");
  for (const note of queryNotes(config)) output.note(note);
}

/** Shows what an outdated file would change, and asks. */
async function confirmChange(
  change: ConfigUpdate,
  { id, timestamp }: JsonObject,
  { output }: Context,
): Promise<boolean> {
  const { redact } = await import("../../collection/changeset.ts");
  const { jsonBytes } = await import("../../base/json_bytes.ts");
  const text = new TextDecoder().decode(jsonBytes(redact(change))).trimEnd();
  output.note("There is a new collection configuration file.");
  output.note(`Here are the changes that will be applied: ${text}`);
  const answer = await output.confirm("Proceed?", { piped: true });
  if (answer === null) {
    const { UserError } = await import("../../base/errors.ts");
    const why = timestamp === undefined
      ? "It is not known what this file was made from: it has no timestamp"
      : "The collection's configuration was changed since this file was made";
    throw new UserError(why, {
      hint: `Download it with \`twarc-cloud collection-config download ${
        lastWord(String(id))
      }\` and edit that, or apply yours with --yes.`,
    });
  }
  if (!answer) output.note("Cancelling");
  return answer;
}

function addKeys(group: Command, context: Context): void {
  const { output } = context;
  group.command("keys")
    .alias("credentials")
    .summary("Add Twitter keys managed by twarc to a collection configuration file.")
    .description(
      "Adds Twitter API keys that `twarc-cloud configure` or twarc have stored. For a bucket in S3 the file has the " +
        "name of the profile instead: the keys go to Parameter Store, encrypted, or without a cluster stay in a " +
        "file of your own.",
    )
    .addOption(configFileOption())
    .addOption(bucketOption())
    .option(
      "--profile [name]",
      "profile of the keys (default: main, or the only one); without a name, the profiles are listed",
    )
    .option(
      "--twarc-config-filepath <path>",
      "file with the keys (default: ~/.twarc, then that of twarc2)",
    )
    .option("--yes", "do not ask before other keys are replaced in Parameter Store", false)
    .addHelpText("after", example("collection-config keys --profile justin_littman"))
    .action(async (options) => {
      const { collectionConfigFilepath: path, bucket, profile, twarcConfigFilepath, yes } = options;
      if (profile === true) return await tellProfiles(twarcConfigFilepath, context);
      const { findProfile } = await import("../../secrets/twarc_files.ts");
      const { keysMember } = await import("../../secrets/credentials.ts");
      const { draftKeys } = await import("../../collection/config.ts");
      const config = await readConfigFile(path);
      const found = await findProfile(await keyFiles(twarcConfigFilepath, context), profile);
      draftKeys({ ...config, keys: keysMember(found.keys) });
      output.bucket = bucket;
      const settings = await settingsFor(context, { bucket });
      const kept = await keepKeys(found, { settings, yes }, context);
      if (!kept) return;
      await writeConfigFile(path, withKeys(config, kept.keys));
      if (kept.parameter) output.note(`The keys are in the parameter ${kept.parameter}.`);
      const name = group.args[0] === "credentials" ? "credentials" : "keys";
      output.line(`Added ${name} to ${path}.`);
      output.note(nextStep(config, path));
    });
}

/** Returns a configuration with new keys in place of older ones, under the same name. */
export function withKeys(config: JsonObject, keys: JsonObject): JsonObject {
  const name = "credentials" in config && !("keys" in config) ? "credentials" : "keys";
  return { ...config, [name]: keys };
}

function addEstimate(group: Command, context: Context): void {
  group.command("estimate")
    .summary("Estimate what a collection would cost, before anything is collected.")
    .description(
      "For version 2 of the API, which is paid by the post: requests how many posts there are to collect, " +
        "and shows what they cost. The requests cost something too, mostly cents; you are asked before they cost more.",
    )
    .addOption(configFileOption())
    .option(
      "--prices <file>",
      'JSON file with prices in dollars, such as {"post": 0.004, "user": 0.01, "date": "2026-11-01"}',
    )
    .option("--yes", "do not ask, whatever the estimate itself costs", false)
    .option("--json", "print JSON")
    .addHelpText("after", example("collection-config estimate"))
    .action(async ({ collectionConfigFilepath: path, ...flags }) => {
      const { estimate } = await import("./estimate.ts");
      await estimate(await readConfigFile(path), flags, context);
    });
}
