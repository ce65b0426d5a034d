/** The command `twarc-cloud collection-config split`. */

import type { Command } from "@commander-js/extra-typings";
import { UsageError, UserError } from "../../base/errors.ts";
import { isObject, type JsonObject, member } from "../../base/json.ts";
import { namesOf } from "../../base/names_of.ts";
import { lastWord } from "../../base/visible.ts";
import { type Bucket, type Context, openBucket } from "../context.ts";
import { positive } from "../numbers.ts";
import { bucketOption, configFileOption, example } from "../options.ts";
import { many, type Output } from "../output.ts";
import { keepKeys, keyFiles } from "../profiles.ts";
import { readConfigFile } from "./config_file.ts";

/** Adds the command. */
export function addSplit(group: Command, context: Context): void {
  group.command("split")
    .summary("Split the users of a configuration over several collections.")
    .description(
      "Adds collections ID-01, ID-02, … to the bucket, each with its share of the users of the local file, so that " +
        "several harvesters work at the same time. Harvesters with the same keys share the limits of the API: name as many " +
        "profiles as you have. With a schedule all of them are started. Run it again to continue after an interruption.",
    )
    .addOption(configFileOption())
    .addOption(bucketOption())
    .option("--into <n>", "how many collections (default: one for each profile)", positive)
    .option("--profiles <names>", "profiles of keys, separated by commas, assigned in turn")
    .option("--schedule <schedule>", 'schedule all of them, such as "rate(7 days)"')
    .option("--yes", "do not ask what first harvests may cost, nor before keys are replaced", false)
    .addHelpText("after", example('collection-config split --into 10 --schedule "rate(7 days)"'))
    .action(async ({ collectionConfigFilepath: path, bucket, into, profiles, schedule, yes }) => {
      const names = profiles?.split(",").map((name) => name.trim()).filter((name) => name !== "");
      const parts = into ?? names?.length ?? 0;
      if (parts < 2) {
        throw new UsageError("The number of collections is missing", {
          hint: "Set it with --into, or name several profiles with --profiles.",
        });
      }
      const { parseSchedule } = await import("../../runner/schedule.ts");
      const wanted = schedule === undefined
        ? undefined
        : parseSchedule(schedule, undefined, context.clock.now());
      const { split } = await import("../../collection/split.ts");
      const opened = await openBucket(context, { bucket, makes: true });
      const keys = await findKeys(names, { opened, yes }, context);
      const configs = split(await readConfigFile(path), parts)
        .map((config, i) => withKeys(config, keys?.[i % keys.length]));
      const { output } = context;
      const there = new Set(await Array.fromAsync(opened.collections.list()));
      for (const config of configs) {
        await addPart(opened, config, { isThere: there.has(String(config.id)), output });
      }
      await opened.identify();
      const ids = configs.map(({ id }) => String(id));
      const { keepReadmeFor } = await import("../collection/readme.ts");
      for (const id of ids) await keepReadmeFor(opened, id);
      if (!wanted) {
        output.note(`Harvest each, such as: twarc-cloud collection once ${lastWord(ids[0] ?? "")}`);
        return;
      }
      const { noteScheduler, scheduleCollection } = await import("../collection/schedule.ts");
      for (const collectionId of ids) {
        output.line(`${collectionId}:`);
        const one = { collectionId, schedule: wanted, yes, options: {} };
        if (!await scheduleCollection(opened, one, context)) return;
      }
      await noteScheduler(opened, context);
    });
}

/** Returns the keys of profiles for a configuration; null if none are named. @throws UserError for a missing one. */
async function findKeys(
  names: string[] | undefined,
  { opened: { settings }, yes }: { opened: Bucket; yes: boolean },
  context: Context,
): Promise<JsonObject[] | null> {
  if (!names) return null;
  const { findProfile } = await import("../../secrets/twarc_files.ts");
  const files = await keyFiles(undefined, context);
  const found = [];
  for (const name of names) found.push(await findProfile(files, name));
  const keys = [];
  for (const profile of found) {
    const kept = await keepKeys(profile, { settings, yes }, context);
    if (!kept) throw new UserError("The keys were not replaced, and nothing was split");
    keys.push(kept.keys);
  }
  return keys;
}

function withKeys(config: JsonObject, keys: JsonObject | undefined): JsonObject {
  if (!keys) return config;
  const { credentials: _, ...rest } = config;
  return { ...rest, keys };
}

/** Adds a part, unless it exists with the same users. @throws UserError if it has other users. */
async function addPart(
  { collections }: Bucket,
  config: JsonObject,
  { isThere, output }: { isThere: boolean; output: Output },
): Promise<void> {
  const id = String(config.id);
  const users = userIds(config);
  if (!isThere) {
    await collections.add(config);
    output.line(`Added ${id}: ${many(users.length, "user")}.`);
    return;
  }
  const { json } = await collections.loadJson(id);
  if (userIds(json).join() !== users.join()) {
    throw new UserError(`Collection ${id} already exists with other users`, {
      hint: "Split into as many collections as before, or give the configuration another id.",
    });
  }
  output.line(`${id} exists already: ${many(users.length, "user")}.`);
}

function userIds(config: JsonObject): string[] {
  const users = member(config, "users");
  return isObject(users) ? namesOf(users) : [];
}
