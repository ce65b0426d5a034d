/** What becomes of an error: what a person reads, and the exit code. */

import { CommanderError } from "@commander-js/extra-typings";
import { messageOf, TwarcCloudError } from "../base/errors.ts";
import type { Output } from "../cli/output.ts";

/** The exit code of a command line that is none. */
export const USAGE = 2;
/** The exit code of a person who wanted no more: Ctrl-C. */
export const INTERRUPTED = 130;
const BUG = 70;

/** Ends this process without waiting for anything: Ctrl-C for a second time. */
export function exitAtOnce(): never {
  Deno.exit(INTERRUPTED);
}

/** Shows an error once: what happened, and what to do. @returns The exit code */
export function exitCodeOf(error: unknown, output: Output, debug: boolean): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE;
  if (error instanceof TwarcCloudError) {
    output.error(sentences(error));
    if (debug) output.note(chainOf(error));
    return error.exitCode;
  }
  output.error(`${messageOf(error)}. This is a bug: please report it, with what follows.`);
  output.note(chainOf(error));
  return BUG;
}

/** Returns what happened, and what to do. */
export function sentences({ message, hint }: TwarcCloudError): string {
  return `${withStop(message)}${hint ? ` ${hint}` : ""}`;
}

/** Returns a sentence with its full stop. */
function withStop(message: string): string {
  return /[.!?]$/.test(message) ? message : `${message}.`;
}

/** Returns an error's stack and those of its causes. */
function chainOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const stack = error.stack ?? error.message;
  return error.cause === undefined ? stack : `${stack}\nCaused by: ${chainOf(error.cause)}`;
}
