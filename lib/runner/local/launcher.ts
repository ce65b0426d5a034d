/** The small program that starts this one from its source. */

import { shWord } from "../../base/shell.ts";
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
export function launcherText(
  command: readonly string[],
  { isWindows }: { isWindows: boolean },
): string {
  const [deno = "", main = ""] = [command[0], command.at(-1)];
  const gone = "no longer exists. In the folder of twarc-cloud's source, run: " +
    `npx -y deno@${Deno.version.deno} task install`;
  if (isWindows) return cmdLauncherText(command, gone);
  const checks = [deno, main].map((path) =>
    `[ -e ${shWord(path)} ] || { echo ${shWord(`Error: ${path} ${gone}`)} >&2; exit 1; }`
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
    `exec ${command.map(shWord).join(" ")} "$@"`,
    "",
  ].join(
    "\n",
  );
}

/**
 * Returns the text for `cmd`. Each part is in a variable: within quotes it means nothing else to `cmd`, whatever
 * characters it has.
 */
function cmdLauncherText(command: readonly string[], gone: string): string {
  const settings = command.map((part, i) => `set "_${i}=${part.replaceAll("%", "%%")}"`);
  const parts = command.map((_, i) => `"%_${i}%"`);
  const checks = [parts.at(0), parts.at(-1)].map((part) =>
    `if not exist ${part} echo Error: ${part} ${gone} 1>&2 & exit /b 1`
  );
  return [
    "@echo off",
    `rem ${MARK}.`,
    "setlocal DisableDelayedExpansion",
    ...inUtf8(settings),
    ...checks,
    `${parts.join(" ")} %*`,
    "",
  ].join("\r\n");
}

/**
 * Returns lines that `cmd` reads as UTF-8, where they are not ASCII: it reads a line in the terminal's code page, which
 * is restored before anything else runs. By its path: `cmd` takes a program of the current folder first.
 */
function inUtf8(lines: string[]): string[] {
  // deno-lint-ignore no-control-regex
  if (lines.every((line) => /^[\x00-\x7f]*$/.test(line))) return lines;
  const chcp = '"%SystemRoot%\\System32\\chcp.com"';
  return [
    // "Active code page: 850", in German with a dot at its end.
    `for /f "tokens=2 delims=:." %%p in ('${chcp}') do set "_page=%%p"`,
    `${chcp} 65001 >nul`,
    ...lines,
    `${chcp} %_page% >nul`,
  ];
}
