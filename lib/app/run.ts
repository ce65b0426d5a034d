/** Runs one command line; what asks only for the program's help or version waits for nothing else. */

import { programHelp } from "../cli/outline.ts";
import { USUAL_COLUMNS } from "../cli/text/help_text.ts";
import { VERSION } from "../base/version.ts";
import { describeTerminal, type Streams, TERMINAL } from "./terminal.ts";

/**
 * Runs a command line that prints to `write`.
 * @param narrows Whether this process drops the permissions that the command does not need, for good.
 * @returns The exit code
 */
export async function run(args: string[], write = TERMINAL, narrows = false): Promise<number> {
  const text = knownAnswer(args, write);
  if (text === null) {
    const { runCommandLine } = await import("./command_line.ts");
    return await runCommandLine(args, write, narrows);
  }
  try {
    write.out(text);
    return 0;
  } catch (error) {
    const { Output } = await import("../cli/output.ts");
    const { reportThrown } = await import("./exit.ts");
    return reportThrown(error, new Output(describeTerminal(write, Deno.env.toObject())), false);
  }
}

/** Returns the program's help or version if that is all that is asked for. */
function knownAnswer([first, ...others]: string[], write: Streams): string | null {
  if (others.length > 0) return null;
  if (first === "-V" || first === "--version") return `${VERSION}\n`;
  if (first !== "-h" && first !== "--help") return null;
  const { isOutTerminal, columns } = describeTerminal(write, {});
  return programHelp(isOutTerminal ? columns?.() || USUAL_COLUMNS : USUAL_COLUMNS);
}
