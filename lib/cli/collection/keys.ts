/** The command `twarc-cloud collection keys`: replaces the keys of a collection in a bucket. */

import type { Command } from "@commander-js/extra-typings";
import { isDeepStrictEqual } from "node:util";
import type { Output } from "../output.ts";
import type { Runner } from "../../runner/runner.ts";
import type { JsonObject } from "../../base/json.ts";
import { restartText, startCommand } from "../../collection/commands.ts";
import { traitsFor } from "../../collection/types/traits.ts";
import { withKeys } from "../collection_config/group.ts";
import { checkNotFrozen } from "../../collection/frozen.ts";
import { bucketOption, example } from "../options.ts";
import { type Context, openBucket } from "../context.ts";
import { keepKeys, keyFiles } from "../profiles.ts";

/** Adds the command. */
export function addKeys(group: Command, context: Context): void {
  const { output } = context;
  group.command("keys")
    .summary("Give a collection other Twitter keys.")
    .description(
      "Stores keys of `twarc-cloud configure` or twarc where a collection of the bucket uses them, and " +
        "records the change, without the keys. A running harvest keeps using its former keys.",
    )
    .argument("<collection-id>", "collection")
    .addOption(bucketOption())
    .option("--profile <name>", "profile of the keys (default: main, or the only one)")
    .option(
      "--twarc-config-filepath <path>",
      "file with the keys (default: ~/.twarc, then that of twarc2)",
    )
    .option("--yes", "do not ask before other keys are replaced in Parameter Store", false)
    .addHelpText("after", example("collection keys test_collection"))
    .action(async (id, { bucket, profile, twarcConfigFilepath, yes }) => {
      const { findProfile } = await import("../../secrets/twarc_files.ts");
      const { collections, settings, runner } = await openBucket(context, { bucket, acts: true });
      const { json } = await collections.loadJson(id);
      checkNotFrozen(id, json);
      const found = await findProfile(await keyFiles(twarcConfigFilepath, context), profile);
      const kept = await keepKeys(found, { settings, yes }, context);
      if (!kept) return;
      const next = withKeys(json, kept.keys);
      // If the keys are kept elsewhere under the same name, the configuration is unchanged.
      if (!isDeepStrictEqual(next, json)) await (await collections.plan(next)).apply();
      const isHere = "profile" in kept.keys ? "a file of your own" : `the configuration of ${id}`;
      const where = kept.parameter ?? isHere;
      output.line(`${id} has the keys of profile ${found.name}, in ${where}.`);
      await tellNext(await runner(), json, output);
    });
}

/** Reports when the new keys are used, and what to do for that. */
async function tellNext(runner: Runner, config: JsonObject, output: Output): Promise<void> {
  const id = String(config.id);
  const { endsByItself } = traitsFor(config.type);
  const isRunning = await runner.info(id) !== null;
  if (isRunning && !endsByItself) {
    output.note("Its running harvest keeps using its former keys.");
    return output.note(restartText(config, "to use the new ones"));
  }
  const now = isRunning ? "Its running harvest keeps using its former keys. " : "";
  output.note(`${now}Its next harvest uses these.`);
  if (isRunning || endsByItself && await runner.findSchedule(id)) return;
  output.note(`Start it with: ${startCommand(config)}`);
}
