/** Shell commands as messages ask a person to type them. */

import { win32 } from "node:path";

/** A kind of shell; `sh` is every POSIX-like one. */
export type Shell = "sh" | "powershell" | "cmd";

/** The environment that tells shells apart. */
export interface Typist {
  env: Record<string, string | undefined>;
  /** As Deno names systems. */
  os?: string;
}

/** Returns the person's shell. On Windows cmd.exe sets PROMPT, and Git's shell sets SHELL. */
export function detectShell({ env, os = Deno.build.os }: Typist): Shell {
  if (os !== "windows" || env.SHELL) return "sh";
  return env.PROMPT ? "cmd" : "powershell";
}

/** Quotes a word of a command for `sh`, where it needs it. */
export function shWord(word: string): string {
  return /^[\w./:=,@+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Returns the `sh` commands that put a folder in front of PATH: for this terminal, and for those after the next login. */
export function pathCommands(folder: string, { env, os = Deno.build.os }: Typist) {
  const now = `export PATH="${folder.replaceAll(/[\x22$\x60\\]/g, "\\$&")}:$PATH"`;
  // macOS starts zsh, which does not read ~/.profile, where nobody chose another shell.
  const isZsh = os === "darwin" && (env.SHELL ?? "/bin/zsh").endsWith("/zsh");
  return { now, always: `echo ${shWord(now)} >> ~/.${isZsh ? "zprofile" : "profile"}` };
}

/** Returns the line that sets an environment variable for later commands. */
export function setting(shell: Shell, name: string, value: string): string {
  switch (shell) {
    case "sh":
      return `export ${name}=${shWord(value)}`;
    case "powershell":
      return `$env:${name} = "${value}"`;
    case "cmd":
      return `set ${name}=${value}`;
  }
}

/** Returns the name of the variable with the system's temporary folder. */
export function temporaryVariable(os: string = Deno.build.os): string {
  return os === "windows" ? "TEMP" : "TMPDIR";
}

/** Returns the commands that show a process and that end it. */
export function processCommands(pid: number, os: string = Deno.build.os) {
  return os === "windows"
    ? { see: `tasklist /v /fi "PID eq ${pid}"`, end: `taskkill /pid ${pid} /f` }
    : { see: `ps -p ${pid} -o user,args`, end: `kill ${pid}` };
}

/** Returns the command that makes a file readable by its owner only. */
export function makePrivate(path: string, typist: Typist): string {
  if ((typist.os ?? Deno.build.os) !== "windows") return `chmod 600 ${shWord(path)}`;
  const granted = `icacls "${path}" /inheritance:r /grant:r`;
  switch (detectShell(typist)) {
    case "sh":
      // Git's shell converts an argument that begins with a slash to a path.
      return `MSYS_NO_PATHCONV=1 ${granted} "$USERNAME:F"`;
    case "powershell":
      return `${granted} "\${env:USERNAME}:F"`;
    case "cmd":
      return `${granted} "%USERNAME%:F"`;
  }
}

/** Returns whether a file on Windows may be open to other users, where its mode does not restrict access. */
export function mayBeShared(path: string, { env, os = Deno.build.os }: Typist): boolean {
  if (os !== "windows") return false;
  const home = env.USERPROFILE?.toLowerCase();
  return !home || !`${win32.dirname(path).toLowerCase()}\\`.startsWith(`${home}\\`);
}
