/** Commands that go through all that a bucket has: without the others of their group they take 2 MB less. */

import type { Command } from "@commander-js/extra-typings";
import type { Context } from "../context.ts";

/** Adds commands to the group. */
type Add = (group: Command, context: Context) => void;

/** By their names. */
const ALONE: ReadonlyMap<string, () => Promise<Add>> = new Map([
  ["coverage", async () => (await import("./coverage.ts")).addCoverage],
  ["download", async () => (await import("./download_command.ts")).addDownload],
  ["gaps", async () => (await import("./gaps.ts")).addGaps],
  ["verify", async () => (await import("./verify.ts")).addVerify],
]);

/** Loads the group `collection`, or the one command of it that a command line names. */
export async function loadCollection(args: readonly string[]): Promise<Add> {
  const name = args[args.indexOf("collection") + 1] ?? "";
  const load = ALONE.get(name);
  return load ? await load() : (await import("./group.ts")).fillCollection;
}
