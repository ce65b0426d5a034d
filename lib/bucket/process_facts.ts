/** Identifies machines and processes across reboots and reused process ids, by the facts that each system shows. */

import process from "node:process";

/** The scope of process ids: equal machines have the same processes under the same ids. */
export interface Machine {
  /** Identifies this run of the kernel. */
  boot: string;
  /** Identifies the container's namespaces of process ids and times, if there are any. */
  namespace: string;
}

/** A process as its system shows it. */
export interface ProcessFacts {
  /** Start time in the system's own format, for comparison only. */
  started: string;
  /** Whether it has ended and waits to be reaped. */
  isZombie: boolean;
}

/**
 * Prints the boot id and the namespaces of processes and times (proc(5), namespaces(7)), then the facts of this
 * process, the parent, on a line of its own; nothing if /proc is of another namespace.
 */
const LINUX = 'read -r self rest </proc/self/stat && [ "$self" = $$ ] && ' +
  "read -r boot </proc/sys/kernel/random/boot_id && " +
  'echo "$boot $(readlink /proc/self/ns/pid) $(readlink /proc/self/ns/time)" && exec cat /proc/$PPID/stat';

/** Commands that query a system. Deno may not read below /proc, whatever it is allowed; the system's commands may. */
interface Asked {
  machine: [command: string, ...args: string[]];
  machineIn: (text: string) => Machine | null;
  process: (pid: number) => [command: string, ...args: string[]];
  processIn: (text: string) => ProcessFacts | null;
}

const SYSTEMS: Record<string, Asked> = {
  linux: {
    machine: ["sh", "-c", LINUX],
    machineIn: parseLinuxMachine,
    process: (pid) => ["cat", `/proc/${pid}/stat`],
    processIn: parseLinuxProcess,
  },
  darwin: {
    machine: ["sysctl", "-n", "kern.bootsessionuuid"],
    machineIn: parseMacMachine,
    process: (pid) => ["ps", "-o", "state=,lstart=", "-p", `${pid}`],
    processIn: parseMacProcess,
  },
};

let machineText: string | undefined;

/** Returns this machine; null if it cannot be told from others. */
export function thisMachine(): Machine | null {
  const system = SYSTEMS[Deno.build.os];
  if (!system) return null;
  machineText ??= runCommand(system.machine);
  return system.machineIn(machineText);
}

/** Returns a process of this machine; null if there is none, or it is hidden. */
export function readProcess(pid: number): ProcessFacts | null {
  const system = SYSTEMS[Deno.build.os];
  return system ? system.processIn(runCommand(system.process(pid))) : null;
}

/** Returns this process, from the machine's output where that has it: starting a program takes a while. */
export function ownFacts(): ProcessFacts | null {
  const [, own = ""] = /\n(.*)/s.exec(machineText ?? "") ?? [];
  return parseLinuxProcess(own) ?? readProcess(Deno.pid);
}

/** Returns whether a process id is in use, if only by a zombie or another user's process. */
export function isNumbered(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "ESRCH");
  }
}

/** Parses the output of LINUX. */
export function parseLinuxMachine(text: string): Machine | null {
  const [, boot, namespace] = /^([0-9a-f-]{36}) (pid:\[\d+\].*)$/m.exec(text) ?? [];
  return boot && namespace ? { boot, namespace: namespace.trim() } : null;
}

/** Parses Linux' `/proc/<pid>/stat`: field 3 is the state, field 22 the ticks from boot to start. */
export function parseLinuxProcess(text: string): ProcessFacts | null {
  // The second field is the program's name in parentheses, which may contain any character.
  const [state = "", ...fields] = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const started = fields[18] ?? "";
  return /^\d+$/.test(started) ? { started, isZombie: /^[ZXx]$/.test(state) } : null;
}

/** Parses the output of macOS' sysctl. */
export function parseMacMachine(text: string): Machine | null {
  const [boot] = /^[0-9A-F-]{36}$/m.exec(text) ?? [];
  return boot ? { boot, namespace: "" } : null;
}

/** Parses the output of macOS' ps: `Ss   Fri Jan  2 03:04:05 2026`. */
export function parseMacProcess(text: string): ProcessFacts | null {
  const [, state = "", started = ""] = /^\s*(\S+)\s+(.*\d)\s*$/.exec(text) ?? [];
  return started
    ? { started: started.replace(/\s+/g, " "), isZombie: state.startsWith("Z") }
    : null;
}

/** Returns the output of a command, in a fixed locale and time zone; empty if it cannot be run. */
function runCommand([command, ...args]: [command: string, ...args: string[]]): string {
  try {
    const { stdout } = new Deno.Command(command, {
      args,
      clearEnv: true,
      env: { PATH: process.env.PATH ?? "", LC_ALL: "C", TZ: "UTC0" },
      stdin: "null",
      stderr: "null",
    }).outputSync();
    return new TextDecoder().decode(stdout);
  } catch {
    return "";
  }
}
