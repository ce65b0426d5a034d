/** The small program that starts this one from its source. */

import { SELF_ENV } from "./self.ts";

/** The line that marks such a program. */
export const MARK = "Made by `twarc-cloud install`";

/**
 * Has the id of the process whose standard output was closed when it began: Deno puts /dev/null in its place, which
 * takes all and keeps nothing. The processes that it starts have other ids.
 */
export const OUT_CLOSED = "TWARC_CLOUD_OUT_CLOSED";

/**
 * Returns the text of the program: for `sh`, or for Windows' `cmd`.
 * @param command Deno and its arguments, the last of which is main.ts.
 */
export function launcherOf(
  command: readonly string[],
  { isWindows }: { isWindows: boolean },
): string {
  const [deno = "", main = ""] = [command[0], command.at(-1)];
  const gone = "no longer exists. In the folder of twarc-cloud's source, run: " +
    `npx -y deno@${Deno.version.deno} task install`;
  if (isWindows) {
    const quoted = command.map((part) => `"${part.replaceAll("%", "%%")}"`);
    const checks = [deno, main].map((path) =>
      `if not exist "${path.replaceAll("%", "%%")}" (echo Error: ${path} ${gone} 1>&2 & exit /b 1)`
    );
    return ["@echo off", `rem ${MARK}.`, ...checks, `${quoted.join(" ")} %*`, ""].join("\r\n");
  }
  const checks = [deno, main].map((path) =>
    `[ -e ${sh(path)} ] || { echo ${sh(`Error: ${path} ${gone}`)} >&2; exit 1; }`
  );
  const env = Object.entries(SELF_ENV).map(([name, value]) =>
    `export ${name}="\${${name}:-${value}}"`
  );
  // exec: a signal to this process ends the harvest, and not a wrapper of it.
  return [
    "#!/bin/sh",
    `# ${MARK}.`,
    ...checks,
    ...env,
    `{ true 3>&1; } 2>/dev/null || export ${OUT_CLOSED}=$$`,
    `exec ${command.map(sh).join(" ")} "$@"`,
    "",
  ].join(
    "\n",
  );
}

/** Quotes a word for `sh`. */
function sh(word: string): string {
  return /^[\w./:=,@+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
