/**
 * The commands `twarc-cloud collection-config screennames ...` and `userids ...`: add users to a configuration file.
 */

import { type Command, Option } from "@commander-js/extra-typings";
import { UserError } from "../../base/errors.ts";
import type { JsonObject } from "../../base/json.ts";
import { lastWord } from "../../base/visible.ts";
import {
  addUsers,
  type LookedUp,
  lookUp,
  parseAll,
  screenNameList,
  ScreenNames,
  userIdList,
} from "./add_users.ts";
import { configFileOption, example } from "../options.ts";
import { readConfigFile, readUsers } from "./config_file.ts";
import { type Context, settingsFor } from "../context.ts";
import { nextStep } from "../next_step.ts";
import { BadLines, type ListWanted, readValues } from "./lists.ts";

/** Adds the commands. */
export function addNames(group: Command, context: Context): void {
  group.command("screennames")
    .summary("Add screen names to a user timeline collection configuration file.")
    .description("Looks up the user ids of screen names (the @ is optional) and adds them.")
    .argument("<screen-names...>", "one or more screen names, separated by spaces")
    .addOption(configFileOption())
    .addHelpText("after", example("collection-config screennames justin_littman jack"))
    .action(async (names, { collectionConfigFilepath: path }) => {
      await checkIsTimelines(path);
      const values = parseAll(
        names,
        screenNameList(undefined),
        await fileStep(names, "screenname-files") ?? AGAIN,
      );
      await addByName(values, { path, bad: new BadLines(), strict: true }, context);
    });

  group.command("screenname-files")
    .summary("Add screen names from files.")
    .description(
      "Looks up the user ids of the screen names in files and adds them. One name or address of a profile a line, or " +
        "a table (CSV, TSV) with a header.",
    )
    .argument("[files...]", "files with screen names; - or none for standard input")
    .addOption(columnOption())
    .addOption(strictOption())
    .addOption(configFileOption())
    .addHelpText("after", example("collection-config screenname-files screennames.txt"))
    .action(async (files, { collectionConfigFilepath: path, column, strict }) => {
      await checkIsTimelines(path);
      const bad = new BadLines();
      const values = await readAll(files, screenNameList(column), { bad, strict, context });
      await addByName(values, { path, bad, strict }, context);
    });

  addIds(group, context);
}

function addIds(group: Command, context: Context): void {
  const { output } = context;
  group.command("userids")
    .summary("Add user ids to a user timeline collection configuration file.")
    .argument("<user-ids...>", "one or more user ids, separated by spaces")
    .addOption(configFileOption())
    .addHelpText("after", example("collection-config userids 481186914 12"))
    .action(async (ids, { collectionConfigFilepath: path }) => {
      const values = parseAll(
        ids,
        userIdList(undefined),
        await fileStep(ids, "userid-files") ?? correction(ids),
      );
      const config = await addUsers(path, new Map(values.map((id) => [id, {}])));
      output.line(`Added user ids to ${path}.`);
      output.note(nextStep(config, path));
    });

  group.command("userid-files")
    .alias("userid-filenames")
    .summary("Add user ids from files.")
    .description("Adds user ids from files: one a line, or a table (CSV, TSV) with a header.")
    .argument("[files...]", "files with user ids; - or none for standard input")
    .addOption(columnOption())
    .addOption(strictOption())
    .addOption(configFileOption())
    .addHelpText("after", example("collection-config userid-files userids.txt"))
    .action(async (files, { collectionConfigFilepath: path, column, strict }) => {
      await checkIsTimelines(path);
      const bad = new BadLines();
      const ids = await readAll(files, userIdList(column), { bad, strict, context });
      const config = await addUsers(path, new Map(ids.map((id) => [id, {}])));
      output.line(`Added user ids to ${path}.`);
      output.note(nextStep(config, path));
      throwIf(bad.error("The others were added."));
    });
}

const AGAIN = "Correct it, and run it again.";

/** Returns the command for files, if all arguments are files; else null. */
async function fileStep(words: string[], command: string): Promise<string | null> {
  for (const word of words) {
    const found = await Deno.stat(word).catch(() => null);
    if (!found?.isFile) return null;
  }
  const files = words.map((word) => lastWord(word)).join(" ");
  return `For users in a file: twarc-cloud collection-config ${command} ${files}`;
}

/** Returns the hint for arguments that are not user ids. */
function correction(ids: string[]): string {
  if (ids.every((id) => /^\d+$/.test(id))) return AGAIN;
  const names = ids.map((id) => lastWord(id)).join(" ");
  return `For screen names: twarc-cloud collection-config screennames ${names}`;
}

/** Returns the option that names the column of a table. */
export function columnOption() {
  return new Option("--column <name>", "column of a table (default: one with a usual name)");
}

/** Returns the option that rejects a list with an invalid line. */
export function strictOption() {
  return new Option("--strict", "add nothing if a line is invalid").default(false);
}

async function checkIsTimelines(path: string): Promise<void> {
  readUsers(await readConfigFile(path), path);
}

/** Reads all lists and prints invalid lines. @throws UserError if there is nothing, or one is invalid with `strict`. */
async function readAll(
  files: string[],
  wanted: ListWanted<string>,
  { bad, strict, context: { output } }: { bad: BadLines; strict: boolean; context: Context },
): Promise<string[]> {
  const values = await Array.fromAsync(readValues(files, wanted, { bad, output }));
  bad.tell(output);
  if (strict || values.length === 0) throwIf(bad.error("Nothing was added."));
  if (values.length > 0) return values;
  throw new UserError(`${files.join(", ") || "Standard input"} has no names`, {
    hint: "Expected one on each line.",
  });
}

async function addByName(
  names: string[],
  { path, bad, strict }: { path: string; bad: BadLines; strict: boolean },
  context: Context,
): Promise<void> {
  const { output } = context;
  const wanted = new ScreenNames();
  for (const name of names) wanted.add(name);
  output.line("Getting users ids for screen names. This may take some time ...");
  const config = await readConfigFile(path);
  const settings = await settingsFor(context, {});
  const found = await lookUp(config, wanted.all(), { ...context, settings });
  if (!strict || found.refused.length === 0) {
    const added = await addUsers(path, found.users);
    output.line(`Added screen names to ${path}.`);
    output.note(nextStep(added, path));
  }
  await tellTaken(config, found, context);
  tellOthers(found, context);
  throwIf(bad.error("The others were added."));
  if (found.refused.length > 0) {
    throw new UserError("The API rejected the screen names listed above", {
      hint: `Correct them, or leave them out. ${
        strict ? "Nothing was added." : "The others were added."
      }`,
    });
  }
}

/** Reports accounts that have taken another member's name: the list may mean that member. */
async function tellTaken(
  config: JsonObject,
  { users }: LookedUp,
  { output }: Context,
): Promise<void> {
  const { namesOfOthers } = await import("../../collection/names.ts");
  const names = [...users].flatMap(([id, { screen_name: name }]): [string, string][] =>
    name === undefined ? [] : [[id, name]]
  );
  for (const { user_id, screen_name, of, until } of namesOfOthers(config, new Map(names))) {
    const had = until === undefined ? "was the name of" : `was until ${until} the name of`;
    output.note(
      `${screen_name} ${had} ${of.user_id}, a member of this collection, and now belongs to ${user_id}: check which of ` +
        "them the list means.",
    );
  }
}

function tellOthers({ missing, suspended, refused }: LookedUp, { output }: Context): void {
  if (missing.length > 0) {
    output.line("Following screen names where not found:");
    for (const name of missing) output.line(name);
  }
  if (suspended.length > 0) {
    output.line("Following screen names are suspended:");
    for (const name of suspended) output.line(name);
  }
  for (const { name, says } of refused) output.note(`${name}: ${says}`);
}

function throwIf(error: UserError | null): void {
  if (error) throw error;
}
