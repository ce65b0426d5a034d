/** Processes of this machine that are no harvesters: strangers, ones that have ended, ones in another namespace. */

import assert from "node:assert/strict";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { type ProcessId, thisProcess } from "../../lib/bucket/process.ts";
import { factsOf } from "../../lib/bucket/process_facts.ts";
import { until } from "./until.ts";

/** A process of this machine as a lock would name it. */
export function asHolder(pid: number): ProcessId & { process_started: string } {
  const { started } = factsOf(pid) ?? assert.fail(`Nothing is shown of process ${pid}`);
  return { ...thisProcess(), pid, process_started: started };
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
    return new TextDecoder().decode(stdout).trim() === "sleep";
  });
  Deno.kill(pid, "SIGKILL");
  await until(() => Promise.resolve(factsOf(pid)?.isZombie));
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
  const ran = new Deno.Command("unshare", { args, stderr: "null" }).output();
  return await ran.then(({ success }) => success, () => false);
}

/** What a script prints in a namespace of its own. */
export async function printedBy(flags: string[], script: string): Promise<string> {
  const { HOME = "", PATH = "", DENO_DIR } = process.env;
  const config = fileURLToPath(new URL("../../deno.json", import.meta.url));
  const deno = ["eval", "--quiet", "--no-check", "--config", config, script];
  const { stdout, stderr, success } = await new Deno.Command("unshare", {
    args: ["--pid", "--fork", "--kill-child", ...flags, Deno.execPath(), ...deno],
    clearEnv: true,
    env: { HOME, PATH, ...(DENO_DIR ? { DENO_DIR } : {}) },
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}
