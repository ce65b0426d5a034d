/** Turns an error into the message that a person reads and an exit code. */

import { CommanderError } from "@commander-js/extra-typings";
import { messageOf, sentenceOf, TwarcCloudError, UserError } from "../base/errors.ts";
import { onShare, shareOf } from "../base/network_share.ts";
import type { Output } from "../cli/output.ts";

/** The exit code of an invalid command line. */
export const USAGE = 2;
/** The exit code after Ctrl-C. */
export const INTERRUPTED = 130;
const BUG = 70;

/** Ends this process at once, on the second Ctrl-C. */
export function exitAtOnce(): never {
  Deno.exit(INTERRUPTED);
}

/** Prints an error: what happened, and what to do. @returns The exit code */
export function exitCodeOf(thrown: unknown, output: Output, debug: boolean): number {
  const error = ofClosedPath(thrown);
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE;
  if (error instanceof TwarcCloudError) {
    output.error(sentenceOf(error));
    if (debug) output.note(chainOf(error));
    return error.exitCode;
  }
  output.error(`${messageOf(error)}. This is a bug: please report it with the details below.`);
  output.note(chainOf(error));
  return BUG;
}

/**
 * Returns the error of a path that Deno opens only for a program that may do everything as one for a person, who has
 * named it; any other as it is.
 */
function ofClosedPath(error: unknown): unknown {
  if (!(error instanceof Deno.errors.NotCapable)) return error;
  const [, quoted] = /^Requires all access to "((?:[^"\\]|\\.)*)"/.exec(error.message) ?? [];
  if (quoted === undefined) return error;
  const path = quoted.replace(/\\(.)/g, "$1");
  const share = shareOf(path);
  if (share !== null) return onShare(path, share);
  return new UserError(`${path} is the system's own, and not open to this program`, {
    cause: error,
    hint: "Name another file or folder.",
  });
}

/** Returns the stacks of an error and of its causes. */
function chainOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const stack = error.stack ?? error.message;
  return error.cause === undefined ? stack : `${stack}\nCaused by: ${chainOf(error.cause)}`;
}
