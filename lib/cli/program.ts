/** The tree of commands, and their common parts. */

import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { UsageError } from "../base/errors.ts";
import type { Context } from "./context.ts";
import { type CommandName, COMMANDS, FIRST_STEPS, OPTIONS, PROGRAM } from "./outline.ts";
import { commandName } from "./permissions.ts";
import { helpLayout } from "./text/help_layout.ts";

const NAMES = "command, such as: collection once";

/** Writes help texts and usage errors. */
export interface Write {
  out: (text: string) => void;
  err: (text: string) => void;
}

/**
 * Loads what completes a command of the outline: its flags, its action, the commands below it.
 * @param args The command line
 */
export type Load = (args: readonly string[]) => Promise<
  (command: Command, context: Context) => void
>;

/** The commands of other rooms. */
export type Others = Record<"sandbox" | "demo", Load>;

const OURS: Record<Exclude<CommandName, "help" | keyof Others>, Load> = {
  configure: async () => (await import("./configure.ts")).fillConfigure,
  "collection-config": async () =>
    (await import("./collection_config/group.ts")).fillCollectionConfig,
  collection: async (args) => await (await import("./collection/alone.ts")).loadCollection(args),
  harvest: async () => (await import("./harvest/group.ts")).fillHarvest,
  bucket: async () => (await import("./bucket/group.ts")).fillBucket,
  scheduler: async () => (await import("./harvest/scheduler.ts")).fillScheduler,
  install: async () => (await import("./install.ts")).fillInstall,
};

/**
 * Builds the tree: of the commands that a command line may name, as loading the others would take longer than most
 * take to run.
 */
export async function buildProgram(
  context: Context,
  write: Write,
  { args, others }: { args: readonly string[]; others: Others },
): Promise<Command> {
  const program = new Command(PROGRAM.name);
  program.description(PROGRAM.description)
    .version(context.version, ...OPTIONS.version)
    .option(...OPTIONS.debug, false)
    .addHelpText("after", FIRST_STEPS);
  const loads = { ...OURS, ...others };
  for (const one of COMMANDS) {
    const command = program.command(one.name).summary(one.summary);
    if (one.name === "help") fillHelp(command.argument(one.takes, NAMES), program);
    else if (args.includes(one.name)) (await loads[one.name](args))(command, context);
  }
  settle(program, write);
  return program;
}

/** Completes `help`, which works like `--help` after a command. */
function fillHelp(command: Command<[string[]]>, program: Command): void {
  command.addHelpText("after", "\nExample:\n  twarc-cloud help collection once")
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
export function findGroup(program: CommandUnknownOpts, args: string[]): CommandUnknownOpts | null {
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
function settle(command: CommandUnknownOpts, write: Write): void {
  command.exitOverride();
  command.configureOutput({ writeOut: write.out, writeErr: write.err });
  command.configureHelp(helpLayout);
  command.helpOption(...OPTIONS.help);
  command.helpCommand(false);
  const name = command.parent ? ` ${commandName(command)}` : "";
  command.showHelpAfterError(`See: twarc-cloud${name} --help`);
  for (const below of command.commands) settle(below, write);
}
