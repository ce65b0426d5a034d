/** Checks whether the process that holds a lock is alive, as far as this machine can know. */

import type { LockDocument } from "./lock.ts";
import { isNumbered, ownFacts, readProcess, thisMachine } from "./process_facts.ts";

/** A process as a lock names it; fields beyond host and process id are set where the system provides them. */
export type ProcessId = Pick<
  LockDocument,
  "host" | "pid" | "boot_id" | "pid_namespace" | "process_started"
>;

/** Returns this process, as a lock names it. */
export function thisProcess(): ProcessId {
  const process = { host: Deno.hostname(), pid: Deno.pid };
  const machine = thisMachine();
  const facts = ownFacts();
  if (!machine || !facts) return process;
  const { boot, namespace } = machine;
  const { started } = facts;
  return { ...process, boot_id: boot, pid_namespace: namespace, process_started: started };
}

/** Returns whether a process of this machine is certainly gone: its host is this one and its id is not in use. */
export function processIsGone({ host, pid }: Pick<ProcessId, "host" | "pid">): boolean {
  return host === Deno.hostname() && !isNumbered(pid);
}

/**
 * Returns whether a lock's holder is certainly gone: it ran on this machine, in this run of its kernel and in this
 * process namespace, and has ended or its id was reused. Null if unknown: many containers share a host name, and former
 * versions wrote only that and the process id.
 */
export function holderIsGone(lock: ProcessId): boolean | null {
  const { host, pid, boot_id, pid_namespace, process_started } = lock;
  if (host !== Deno.hostname() || !boot_id || !process_started) return null;
  const machine = thisMachine();
  if (boot_id !== machine?.boot || pid_namespace !== machine.namespace) return null;
  if (!isNumbered(pid)) return true;
  const facts = readProcess(pid);
  if (facts) return facts.isZombie || facts.started !== process_started;
  // It has just ended; or only its owner may see it.
  return isNumbered(pid) ? null : true;
}
