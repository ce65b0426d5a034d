/** The flags of commands that start a harvest. */

import { type CommandUnknownOpts, Option } from "@commander-js/extra-typings";
import { LIMIT_NAMES, type LimitName, LIMITS } from "../collection/limits.ts";
import { positive, wholeNumber } from "./numbers.ts";

/** The limits of harvests that end by themselves. */
export const LIMITS_OF_RUNS = LIMIT_NAMES.filter((name) => name !== "hoursPerHarvest");

/** Adds the flags to a command; `limitsAmong` finds their values. */
export function addLimits(
  command: CommandUnknownOpts,
  names: readonly LimitName[] = LIMIT_NAMES,
): void {
  for (const name of names) {
    const { flag, value, help, usual, least } = LIMITS[name];
    const option = new Option(`${flag} <${value}>`, `${help} (default: ${usual})`);
    command.addOption(option.argParser(least === 0 ? wholeNumber : positive));
  }
}
