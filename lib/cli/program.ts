/** The tree of commands, and their common parts. */

import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { addBucket } from "./bucket/group.ts";
import { addCollection } from "./collection/group.ts";
import { addCollectionConfig } from "./collection_config/group.ts";
import { addConfigure } from "./configure.ts";
import type { Context } from "./context.ts";
import { addHarvest } from "./harvest/group.ts";
import { addInstall } from "./install.ts";
import { UsageError } from "../base/errors.ts";
import { helpLayout } from "./text/help_layout.ts";
import { nameOf } from "./permissions.ts";
import { addScheduler } from "./harvest/scheduler.ts";

/** Builds the tree. `write` gets help texts and usage errors. */
export function buildProgram(
  context: Context,
  write: { out: (text: string) => void; err: (text: string) => void },
): Command {
  const program = new Command("twarc-cloud");
  program.description(
    "Collects tweets for months: user timelines, searches and filter streams, into a folder or a bucket.",
  )
    .version(context.version, "-V, --version", "show version and exit")
    .option("--debug", "show the cause of an error", false)
    .addHelpText(
      "after",
      "\nFirst steps:\n  twarc-cloud configure\n" +
        "  twarc-cloud collection-config template search --id=my_search\n" +
        "  twarc-cloud collection-config keys\n  twarc-cloud collection add\n" +
        "  twarc-cloud collection once my_search --wait",
    );
  addConfigure(program, context);
  addCollectionConfig(program, context);
  addCollection(program, context);
  addHarvest(program, context);
  addBucket(program, context);
  addScheduler(program, context);
  addInstall(program, context);
  addHelp(program);
  settle(program, write);
  return program;
}

/** Adds `help`, which works like `--help` after a command. */
function addHelp(program: Command): void {
  program.command("help")
    .summary("Show help for a command.")
    .argument("[command...]", "command, such as: collection once")
    .addHelpText("after", "\nExample:\n  twarc-cloud help collection once")
    .action((names) => {
      let found: CommandUnknownOpts = program;
      for (const name of names) {
        const below = found.commands.find((one) =>
          one.name() === name || one.aliases().includes(name)
        );
        if (!below) {
          const known = found.commands.map((one) => one.name()).join(", ");
          throw new UsageError(`Unknown command ${names.join(" ")}`, {
            hint: `Commands: ${known}`,
          });
        }
        found = below;
      }
      found.outputHelp();
    });
}

/** Returns the group that is named without a command, or the program itself; null for any other command line. */
export function groupOf(program: CommandUnknownOpts, args: string[]): CommandUnknownOpts | null {
  let found = program;
  for (const word of args) {
    if (word === "--debug") continue;
    const below = found.commands.find((one) => one.name() === word);
    if (!below) return null;
    found = below;
  }
  return found.commands.length > 0 ? found : null;
}

/** Has errors thrown, without exiting; a group without a command shows its help as a usage error. */
export function settle(
  command: CommandUnknownOpts,
  write: { out: (text: string) => void; err: (text: string) => void },
): void {
  command.exitOverride();
  command.configureOutput({ writeOut: write.out, writeErr: write.err });
  command.configureHelp(helpLayout);
  command.helpOption("-h, --help", "show help and exit");
  command.helpCommand(false);
  const name = command.parent ? ` ${nameOf(command)}` : "";
  command.showHelpAfterError(`See: twarc-cloud${name} --help`);
  for (const below of command.commands) settle(below, write);
}
