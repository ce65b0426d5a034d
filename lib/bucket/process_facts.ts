/** What a system tells of itself and of its processes, beyond their numbers, which are given out again. */

import process from "node:process";

/** What the numbers of processes are counted in: two that are equal have the same processes under the same numbers. */
export interface Machine {
  /** Of this run of the machine's kernel, from its start on. */
  boot: string;
  /** Of the container's own numbers and times, where there are such. */
  namespace: string;
}

/** A process as its system shows it. */
export interface ProcessFacts {
  /** When it began, as this system writes it: to be compared, not to be read. */
  started: string;
  /** Whether it has ended, and only waits for whoever started it to look. */
  isZombie: boolean;
}

/**
 * Prints the kernel's run and the namespaces of processes and of times (proc(5), namespaces(7)), and in a line of its own
 * what is shown of this process, which starts it; nothing where what is mounted at /proc is of another namespace.
 */
const LINUX = 'read -r self rest </proc/self/stat && [ "$self" = $$ ] && ' +
  "read -r boot </proc/sys/kernel/random/boot_id && " +
  'echo "$boot $(readlink /proc/self/ns/pid) $(readlink /proc/self/ns/time)" && exec cat /proc/$PPID/stat';

/** How a system is asked. Deno reads nothing below /proc, whatever it is allowed: the system's own commands do. */
interface Asked {
  machine: [command: string, ...args: string[]];
  machineIn: (text: string) => Machine | null;
  process: (pid: number) => [command: string, ...args: string[]];
  processIn: (text: string) => ProcessFacts | null;
}

const SYSTEMS: Record<string, Asked> = {
  linux: {
    machine: ["sh", "-c", LINUX],
    machineIn: linuxMachineIn,
    process: (pid) => ["cat", `/proc/${pid}/stat`],
    processIn: linuxProcessIn,
  },
  darwin: {
    machine: ["sysctl", "-n", "kern.bootsessionuuid"],
    machineIn: macMachineIn,
    process: (pid) => ["ps", "-o", "state=,lstart=", "-p", `${pid}`],
    processIn: macProcessIn,
  },
};

let machineText: string | undefined;

/** This machine; null where it cannot be told from others. */
export function thisMachine(): Machine | null {
  const system = SYSTEMS[Deno.build.os];
  if (!system) return null;
  machineText ??= printed(system.machine);
  return system.machineIn(machineText);
}

/** Returns a process of this machine; null where there is none, or nothing is shown of it. */
export function factsOf(pid: number): ProcessFacts | null {
  const system = SYSTEMS[Deno.build.os];
  return system ? system.processIn(printed(system.process(pid))) : null;
}

/** Returns this process, with the machine where that prints it: each program that is started takes a while. */
export function ownFacts(): ProcessFacts | null {
  const [, own = ""] = /\n(.*)/s.exec(machineText ?? "") ?? [];
  return linuxProcessIn(own) ?? factsOf(Deno.pid);
}

/** Returns whether a number is that of a process, if only of one that has ended and waits, or of somebody else's. */
export function isNumbered(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "ESRCH");
  }
}

/** Returns the machine in what Linux prints. */
export function linuxMachineIn(text: string): Machine | null {
  const [, boot, namespace] = /^([0-9a-f-]{36}) (pid:\[\d+\].*)$/m.exec(text) ?? [];
  return boot && namespace ? { boot, namespace: namespace.trim() } : null;
}

/** Returns the process in Linux' `/proc/<pid>/stat`: its third field is the state, the 22nd the ticks from the boot to its start. */
export function linuxProcessIn(text: string): ProcessFacts | null {
  // The second field is the program's name in parentheses, which may have any character in it.
  const [state = "", ...fields] = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const started = fields[18] ?? "";
  return /^\d+$/.test(started) ? { started, isZombie: /^[ZXx]$/.test(state) } : null;
}

/** Returns the machine in what macOS prints. */
export function macMachineIn(text: string): Machine | null {
  const [boot] = /^[0-9A-F-]{36}$/m.exec(text) ?? [];
  return boot ? { boot, namespace: "" } : null;
}

/** Returns the process in what macOS' ps prints: `Ss   Fri Jan  2 03:04:05 2026`. */
export function macProcessIn(text: string): ProcessFacts | null {
  const [, state = "", started = ""] = /^\s*(\S+)\s+(.*\d)\s*$/.exec(text) ?? [];
  return started
    ? { started: started.replace(/\s+/g, " "), isZombie: state.startsWith("Z") }
    : null;
}

/** Returns what a command prints, in the same words and the same time zone for everybody; nothing where it cannot be run. */
function printed([command, ...args]: [command: string, ...args: string[]]): string {
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
