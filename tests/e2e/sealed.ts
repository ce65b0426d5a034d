/** Runs a script in namespaces of its own, where nothing can be written but /tmp: what a container's read-only root is. */

import { fileURLToPath } from "node:url";
import { denoFolder } from "../../lib/base/folders.ts";
import { runsHere } from "../fakes/other_processes.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const NAMESPACES = "--mount --net --pid --fork --mount-proc".split(" ");

/** Whether this person may have a network and mounts of their own, as root on most machines. */
export async function mayUnshare(): Promise<boolean> {
  if (Deno.build.os !== "linux") return false;
  const shell = "mount --make-rprivate / && mount -t tmpfs tmpfs /mnt && command -v ip setpriv";
  const args = [...NAMESPACES, "sh", "-c", shell];
  return await runsHere("unshare", args);
}

/**
 * Runs a script of this folder, which sources `sealed_root.sh`.
 * @param options.args What it gets after Deno, its cache and the source.
 * @param options.ms Milliseconds that it may take.
 */
export async function runSealed(
  name: string,
  { args = [], env = {}, ms }: { args?: string[]; env?: Record<string, string>; ms: number },
): Promise<{ code: number; out: string; err: string }> {
  const deno = denoFolder({ env: Deno.env.toObject() });
  const script = fileURLToPath(new URL(name, import.meta.url));
  // In a namespace of processes of its own nothing of it outlives the test, however it ends.
  const inside = ["--kill-child", "bash", script, Deno.execPath(), deno, ROOT, ...args];
  const { code, stdout, stderr } = await new Deno.Command("unshare", {
    args: [...NAMESPACES, ...inside],
    env,
    signal: AbortSignal.timeout(ms),
  }).output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}
