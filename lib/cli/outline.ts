/** Describes the program for its own help, without loading its commands. */

import { helpText } from "./text/help_text.ts";

/** The program's name, and what it does. */
export const PROGRAM = {
  name: "twarc-cloud",
  description:
    "Collects tweets for months: user timelines, searches and filter streams, into a folder or a bucket.",
} as const;

/** The program's own options, each with its description. */
export const OPTIONS = {
  version: ["-V, --version", "show version and exit"],
  debug: ["--debug", "show the cause of an error"],
  help: ["-h, --help", "show help and exit"],
} as const;

/** The commands and groups of commands below the program, in the order of its help. */
export const COMMANDS = [
  { name: "configure", summary: "Get Twitter API keys and store them in ~/.twarc." },
  { name: "collection-config", summary: "Collection configuration-related commands." },
  { name: "collection", summary: "Collection-related commands." },
  { name: "harvest", summary: "Harvest-related commands." },
  { name: "bucket", summary: "Bucket-related commands." },
  { name: "scheduler", summary: "Run the schedules of a bucket on this machine until stopped." },
  { name: "install", summary: "Install the command twarc-cloud into your PATH." },
  { name: "help", takes: "[command...]", summary: "Show help for a command." },
  { name: "sandbox", summary: "Serve a stand-in for Twitter's API on this machine." },
  { name: "demo", summary: "Show the whole job against the sandbox, in half a minute." },
] as const;

/** The name of one of them. */
export type CommandName = (typeof COMMANDS)[number]["name"];

/** Follows the program's help. */
export const FIRST_STEPS = "\nFirst steps:\n  twarc-cloud configure\n" +
  "  twarc-cloud collection-config template search --id=my_search\n" +
  "  twarc-cloud collection-config keys\n  twarc-cloud collection add\n" +
  "  twarc-cloud collection once my_search --wait";

/** Returns the program's help, as wide as a terminal. */
export function programHelp(columns: number): string {
  const { name, description } = PROGRAM;
  const commands = COMMANDS.map((one) =>
    ["takes" in one ? `${one.name} ${one.takes}` : one.name, one.summary] as const
  );
  const lists = [["Options:", Object.values(OPTIONS)], ["Commands:", commands]] as const;
  const text = helpText({ usage: `${name} [options] [command]`, description, lists }, columns);
  return `${text}${FIRST_STEPS}\n`;
}
