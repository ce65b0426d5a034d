/** Processes of this machine that are no harvesters: strangers, ones that have ended, ones in another namespace. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { holderIsGone, type ProcessId, thisProcess } from "../../lib/bucket/process.ts";
import { readProcess } from "../../lib/bucket/process_facts.ts";
import { until } from "./until.ts";
import { ownEnv } from "../shipped.ts";

/** A process of this machine as a lock would name it. */
export function asHolder(pid: number): ProcessId & { process_started: string } {
  const { started } = readProcess(pid) ?? assert.fail(`Nothing is shown of process ${pid}`);
  return { ...thisProcess(), pid, process_started: started };
}

/** Whether a program is here, and goes well. */
export async function runsHere(program: string, args: string[] = ["--version"]): Promise<boolean> {
  try {
    const options = { args, stdin: "null", stdout: "null", stderr: "null" } as const;
    return (await new Deno.Command(program, options).output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** A process that does nothing, until it is ended. */
export function sleeper(): Deno.ChildProcess {
  const forever = "setTimeout(() => {}, 600_000)";
  return new Deno.Command(Deno.execPath(), {
    args: ["eval", "--quiet", "--no-config", forever],
    stdin: "null",
  }).spawn();
}

/** The number of a process that has ended, and that its parent has looked at. */
export async function endedPid(): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), { args: ["--version"], stdout: "null" }).spawn();
  await child.status;
  return child.pid;
}

/** Kills the process of a lock or a keeper that a test has made, if it lives. */
export function killHolder(holder: ProcessId | undefined): void {
  try {
    if (!holder) return;
    // Windows shows nothing that tells two processes with one number apart: here it is the test's own.
    const isGone = holderIsGone(holder) ?? Deno.build.os !== "windows";
    if (!isGone) Deno.kill(holder.pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

/** A process that has ended, and whose parent does not look. */
export async function zombie(): Promise<{ pid: number } & AsyncDisposable> {
  const parent = new Deno.Command("sh", {
    args: ["-c", "sleep 600 & echo $!; exec sleep 600"],
    stdout: "piped",
  }).spawn();
  const reader = parent.stdout.getReader();
  const pid = Number(new TextDecoder().decode((await reader.read()).value));
  // A shell would look: it has to be no shell any more when its child ends.
  await until(async () => {
    const { stdout } = await new Deno.Command("ps", {
      args: ["-o", "comm=", "-p", `${parent.pid}`],
    })
      .output();
    return /(^|\/)sleep$/.test(new TextDecoder().decode(stdout).trim());
  });
  Deno.kill(pid, "SIGKILL");
  await until(() => Promise.resolve(readProcess(pid)?.isZombie));
  return {
    pid,
    async [Symbol.asyncDispose]() {
      parent.kill("SIGKILL");
      await reader.cancel();
      await parent.status;
    },
  };
}

/** Whether processes may be put into a namespace of their own here. */
export async function canUnshare(): Promise<boolean> {
  if (Deno.build.os !== "linux") return false;
  const args = ["--pid", "--fork", "--mount-proc", "true"];
  return await runsHere("unshare", args);
}

/** What a script prints in a namespace of its own. */
export async function printedBy(flags: string[], script: string): Promise<string> {
  const config = fileURLToPath(new URL("../../deno.json", import.meta.url));
  const deno = ["eval", "--quiet", "--no-check", "--config", config, script];
  const { stdout, stderr, success } = await new Deno.Command("unshare", {
    args: ["--pid", "--fork", "--kill-child", ...flags, Deno.execPath(), ...deno],
    clearEnv: true,
    env: ownEnv(),
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}
