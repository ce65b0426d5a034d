/** How the process of a harvester ended. */

import type { Outcome } from "../runner.ts";

/** The end of a process, as Node reports it. */
export interface Ended {
  exitCode: number | null;
  signalCode: string | null;
}

/**
 * Returns the outcome of a harvester.
 * @param said The error in its log, if it has written one: every harvester does that ends by itself.
 */
export function outcomeFor(
  { exitCode: code, signalCode }: Ended,
  said: string | undefined,
  os: string = Deno.build.os,
): Outcome {
  // On Windows a process that another one ends, such as the Task Manager, has exit code 1, and no signal.
  const isKilled = signalCode !== null || (os === "windows" && code === 1 && said === undefined);
  const exitCode = isKilled ? 3 : code ?? 3;
  if (exitCode === 0) return { exitCode };
  const how = isKilled ? "was killed" : `ended with exit code ${exitCode}`;
  const message = said ?? `The harvester ${how}${signalCode ? ` (${signalCode})` : ""}`;
  return { exitCode, message };
}
