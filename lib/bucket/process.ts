/** Whether the process that holds a lock still lives, as far as this machine can tell. */

import process from "node:process";
import { isFolder } from "../store/store.ts";
import type { LockDocument } from "./lock.ts";

/** This process, as a lock names it. */
export function thisProcess(): { host: string; pid: number } {
  return { host: Deno.hostname(), pid: Deno.pid };
}

/** Whether a lock's holder was a process of this machine that is gone for sure. */
export function processIsGone({ host, pid }: Pick<LockDocument, "host" | "pid">): boolean {
  return host === Deno.hostname() && !isAlive(pid);
}

/** What tells whether a lock's holder is gone for sure: known of folders, whose harvesters are processes here. */
export function goneIn(bucket: string): (lock: Pick<LockDocument, "host" | "pid">) => boolean {
  return isFolder(bucket) ? processIsGone : () => false;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "ESRCH");
  }
}
