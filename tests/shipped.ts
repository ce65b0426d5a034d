/** How tests start the program, and what stands for it, as processes: from its source, as `deno task twarc-cloud` does. */

import { join } from "node:path";
import config from "../deno.json" with { type: "json" };
import { environment } from "../lib/base/environment.ts";
import { denoFolder, homeFolder } from "../lib/base/folders.ts";
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

/** Where programs and temporary files are; Windows opens no socket without its own folder. */
const OF_THE_SYSTEM = ["PATH", "PATHEXT", "SYSTEMROOT", "COMSPEC", "TEMP", "TMP", "TMPDIR"];

/** The environment of a person with a home: of who runs the tests it has where programs are, and Deno's packages. */
export function personEnv(home: string): Record<string, string> {
  const own = environment();
  const kept = OF_THE_SYSTEM.flatMap((name) => {
    const value = own[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  const homes: Record<string, string> = Deno.build.os === "windows"
    ? { USERPROFILE: home, LOCALAPPDATA: join(home, "AppData", "Local") }
    : {};
  return {
    ...Object.fromEntries(kept),
    HOME: home,
    ...homes,
    DENO_DIR: denoFolder({ env: own }),
    // It would ask the network whether there is a later Deno.
    DENO_NO_UPDATE_CHECK: "1",
  };
}

/** Adds what names the system's folder for temporary files. */
export function temporaryIn(folder: string): Record<string, string> {
  return Deno.build.os === "windows" ? { TEMP: folder, TMP: folder } : { TMPDIR: folder };
}

/** The environment of who runs the tests, in a program that knows nothing else of theirs. */
export function ownEnv(): Record<string, string> {
  return personEnv(homeFolder() ?? ROOT);
}
