/** How tests start the program, and what stands for it, as processes: from its source, as `deno task twarc-cloud` does. */

import { join } from "node:path";
import config from "../deno.json" with { type: "json" };
import { ROOT } from "./sources.ts";

const WORDS = config.tasks["twarc-cloud"].command.split(" ");

/** The permissions that the program is shipped with. */
export const SHIPPED_PERMISSIONS = WORDS.filter((word) => word.startsWith("--allow-"));

/** Flags of V8 are the same for all: a process with others throws compiled code away that is kept, and is slower to begin. */
const FLAGS = [
  "--quiet",
  "--no-check",
  "--no-prompt",
  "--config",
  join(ROOT, "deno.json"),
  ...WORDS.filter((word) => /^--(v8-flags=|unstable-)/.test(word)),
];

/** The command line that runs a script of this source: the program itself, unless it is another one. */
export function shipped(
  script = join(ROOT, "main.ts"),
  permissions: readonly string[] = SHIPPED_PERMISSIONS,
): string[] {
  return [Deno.execPath(), "run", ...FLAGS, ...permissions, script];
}
