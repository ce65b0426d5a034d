/** How a person's shell writes what messages ask them to type. */

import { win32 } from "node:path";

/** A kind of shell; `sh` stands for all that read its words. */
export type Shell = "sh" | "powershell" | "cmd";

/** What tells which shell somebody types in. */
export interface Typist {
  env: Record<string, string | undefined>;
  /** As Deno names systems. */
  os?: string;
}

/** Returns the shell that somebody types in: on Windows cmd.exe sets PROMPT, and one that came with Git sets SHELL. */
export function shellOf({ env, os = Deno.build.os }: Typist): Shell {
  if (os !== "windows" || env.SHELL) return "sh";
  return env.PROMPT ? "cmd" : "powershell";
}

/** Returns the line that sets a variable of the environment for what is started later. */
export function setting(shell: Shell, name: string, value: string): string {
  switch (shell) {
    case "sh":
      return `export ${name}=${value}`;
    case "powershell":
      return `$env:${name} = "${value}"`;
    case "cmd":
      return `set ${name}=${value}`;
  }
}

/** Returns the variable with the system's folder for temporary files. */
export function temporaryVariable(os: string = Deno.build.os): string {
  return os === "windows" ? "TEMP" : "TMPDIR";
}

/** Returns how a person sees what a process is, and how they end it. */
export function processCommands(pid: number, os: string = Deno.build.os) {
  return os === "windows"
    ? { see: `tasklist /v /fi "PID eq ${pid}"`, end: `taskkill /pid ${pid} /f` }
    : { see: `ps -p ${pid} -o user,args`, end: `kill ${pid}` };
}

/** Returns what somebody types to make a file one that they alone can read. */
export function makePrivate(path: string, typist: Typist): string {
  if ((typist.os ?? Deno.build.os) !== "windows") return `chmod 600 ${path}`;
  const granted = `icacls "${path}" /inheritance:r /grant:r`;
  switch (shellOf(typist)) {
    case "sh":
      // Git's shell takes what begins with a slash for a path.
      return `MSYS_NO_PATHCONV=1 ${granted} "$USERNAME:F"`;
    case "powershell":
      return `${granted} "\${env:USERNAME}:F"`;
    case "cmd":
      return `${granted} "%USERNAME%:F"`;
  }
}

/** Returns whether a file's folder, on Windows, may be open to others, whose access there no mode keeps out. */
export function mayBeShared(path: string, { env, os = Deno.build.os }: Typist): boolean {
  if (os !== "windows") return false;
  const home = env.USERPROFILE?.toLowerCase();
  return !home || !`${win32.dirname(path).toLowerCase()}\\`.startsWith(`${home}\\`);
}
