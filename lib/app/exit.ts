/** Turns an error into the message that a person reads and an exit code. */

import { CommanderError } from "@commander-js/extra-typings";
import {
  errorMessage,
  errorSentence,
  InterruptedError,
  TwarcCloudError,
  UserError,
} from "../base/errors.ts";
import { findShare, onShare } from "../base/network_share.ts";
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
export function reportThrown(thrown: unknown, output: Output, debug: boolean): number {
  const error = ofClosedPath(thrown);
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE;
  if (error instanceof InterruptedError) {
    output.note(errorSentence(error));
    return error.exitCode;
  }
  if (error instanceof TwarcCloudError) {
    output.error(errorSentence(error));
    if (debug) output.note(joinStacks(error));
    return error.exitCode;
  }
  output.error(`${errorMessage(error)}. This is a bug: please report it with the details below.`);
  output.note(joinStacks(error));
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
  const share = findShare(path);
  if (share !== null) return onShare(path, share);
  return new UserError(`${path} is the system's own, and not open to this program`, {
    cause: error,
    hint: "Name another file or folder.",
  });
}

/** Returns the stacks of an error and of its causes. */
function joinStacks(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const stack = error.stack ?? error.message;
  return error.cause === undefined ? stack : `${stack}\nCaused by: ${joinStacks(error.cause)}`;
}
