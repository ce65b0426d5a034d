/** Whether the process that holds a lock still lives, as far as this machine can tell. */

import type { LockDocument } from "./lock.ts";
import { factsOf, isNumbered, ownFacts, thisMachine } from "./process_facts.ts";

/** A process as a lock names it: what is more than a host's name and a number is there where the system tells it. */
export type ProcessId = Pick<
  LockDocument,
  "host" | "pid" | "boot_id" | "pid_namespace" | "process_started"
>;

/** This process, as a lock names it. */
export function thisProcess(): ProcessId {
  const process = { host: Deno.hostname(), pid: Deno.pid };
  const machine = thisMachine();
  const facts = ownFacts();
  if (!machine || !facts) return process;
  const { boot, namespace } = machine;
  const { started } = facts;
  return { ...process, boot_id: boot, pid_namespace: namespace, process_started: started };
}

/** Returns whether no process of this machine has a number: what had it is gone, if it was of this machine. */
export function processIsGone({ host, pid }: Pick<ProcessId, "host" | "pid">): boolean {
  return host === Deno.hostname() && !isNumbered(pid);
}

/**
 * Returns whether a lock's holder is gone for sure: it was a process of this very machine, in this run of its kernel and among
 * the processes that can be seen from here, and has ended, or its number is another's by now. Null where that cannot be
 * told: host names are equal in many containers, and former versions wrote no more than that and a number.
 */
export function holderIsGone(lock: ProcessId): boolean | null {
  const { host, pid, boot_id, pid_namespace, process_started } = lock;
  if (host !== Deno.hostname() || !boot_id || !process_started) return null;
  const machine = thisMachine();
  if (boot_id !== machine?.boot || pid_namespace !== machine.namespace) return null;
  if (!isNumbered(pid)) return true;
  const facts = factsOf(pid);
  if (facts) return facts.isZombie || facts.started !== process_started;
  // It ended just now; or it is one that nobody but its owner may see.
  return isNumbered(pid) ? null : true;
}
