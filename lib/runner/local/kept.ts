/**
 * The harvesters of this machine to keep alive until they are stopped: a document each, beside the schedules, so that
 * they outlive every process.
 */

import { z } from "zod";
import { type LookOptions, readLock } from "../../bucket/lock.ts";
import type { ProcessId } from "../../bucket/process.ts";
import { checkedId } from "../../collection/layout.ts";
import { AccessError, ConflictError, UserError } from "../../base/errors.ts";
import { jsonOrNull, parseAs } from "../../base/json.ts";
import { jsonBytes } from "../../base/json_bytes.ts";
import { settledPut } from "../../store/settled_put.ts";
import type { Store, Version } from "../../store/store.ts";
import type { Documents } from "./documents.ts";
import { flagsSchema } from "./flags_schema.ts";

/** The folder of these documents. */
export const KEPT = "runner/kept/";

/** A process as locks name it. */
export const processSchema = z.object({
  host: z.string(),
  pid: z.int().positive(),
  boot_id: z.string().optional(),
  pid_namespace: z.string().optional(),
  process_started: z.string().optional(),
});

/** The fault that ended a harvester, and what follows. Times are ISO 8601, UTC. */
const faultSchema = z.object({
  /** When the first of these faults in a row was. */
  since: z.iso.datetime({ offset: true }),
  /** How many there were. */
  tries: z.int().positive(),
  problem: z.string(),
  exit_code: z.int(),
  /** When it is restarted, and how many milliseconds after the fault; absent where it is not. */
  next: z.iso.datetime({ offset: true }).exactOptional(),
  wait_ms: z.number().nonnegative().exactOptional(),
});

export const keptSchema = z.object({
  collection_id: z.string(),
  flags: flagsSchema.default({}),
  /** When it was started by a person. */
  since: z.iso.datetime({ offset: true }),
  /** The id of the keeper in charge: any other one ends. */
  keeper: z.string(),
  /** The keeper's process, once it is up. */
  process: processSchema.exactOptional(),
  /** `starting`: never up yet; `waiting`: to be restarted; `ended`: a person has to change something first. */
  state: z.enum(["starting", "running", "waiting", "ended"]),
  fault: faultSchema.exactOptional(),
});

/** The document of a harvester to keep alive. */
export type Kept = z.output<typeof keptSchema>;

/** A document, as it was read. */
export interface FoundKept {
  kept: Kept;
  version: Version;
}

/** Returns the key of a collection's document. */
export function keptKey(collectionId: string): string {
  return `${KEPT}${checkedId(collectionId)}.json`;
}

/**
 * Returns the document of a collection's harvester; null where none is to be kept alive. @throws UserError for an
 * invalid document.
 */
export async function readKept(
  documents: Documents,
  collectionId: string,
): Promise<FoundKept | null> {
  return await foundKept(documents, keptKey(collectionId));
}

/** Options of looking for harvesters without a lock. */
export interface KeptLook extends Pick<LookOptions, "clock"> {
  store: Store;
  /** Returns whether a process is certainly gone; false if it certainly lives, null if unknown. */
  isGone: (process: ProcessId) => boolean | null;
}

/**
 * Yields every harvester that is to be kept alive, whose lock is free, and which is known to have ended; damaged
 * documents are skipped.
 */
export async function* keptInTrouble(documents: Documents, look: KeptLook): AsyncGenerator<Kept> {
  for await (const kept of keptWithoutLock(documents, look)) {
    if (!isKeeperAtWork(kept, look)) yield kept;
  }
}

/**
 * Returns whether a harvester without a lock is one whose keeper lives, and has not seen it end: it is starting, or
 * its lock was removed, which it notices when it renews that.
 */
export function isKeeperAtWork(
  { state, process }: Kept,
  { isGone }: Pick<KeptLook, "isGone">,
): boolean {
  return (state === "starting" || state === "running") && process !== undefined &&
    isGone(process) === false;
}

/** Yields every harvester that is to be kept alive and whose lock is free; damaged documents are skipped. */
export async function* keptWithoutLock(
  documents: Documents,
  { store, ...look }: KeptLook,
): AsyncGenerator<Kept> {
  for await (const { key } of documents.list(KEPT)) {
    const found = await foundKept(documents, key).catch(nullIfDamaged);
    if (!found) continue;
    const lock = await readLock(store, found.kept.collection_id, look);
    if (!lock?.live) yield found.kept;
  }
}

/** Returns null for a damaged document; throws any other error. */
function nullIfDamaged(error: unknown): null {
  if (error instanceof UserError && !(error instanceof AccessError)) return null;
  throw error;
}

/** Returns the document of a key. */
export async function foundKept(documents: Documents, key: string): Promise<FoundKept | null> {
  const found = await documents.get(key);
  return found && { kept: parseAs(keptSchema, found.bytes, key), version: found.version };
}

/** Writes a document, replacing a version or any; null where another process wrote in between. */
export async function writeKept(
  documents: Documents,
  kept: Kept,
  ifVersion?: Version,
): Promise<FoundKept | null> {
  try {
    const [key, bytes] = [keptKey(kept.collection_id), jsonBytes(kept)];
    const version = ifVersion === undefined
      ? await documents.put(key, bytes)
      : await settledPut(documents, key, bytes, { ifVersion });
    return { kept, version };
  } catch (error) {
    if (error instanceof ConflictError) return null;
    throw error;
  }
}

/** Returns whether a collection's harvester is to be kept alive. */
export async function isKept(documents: Documents, collectionId: string): Promise<boolean> {
  return await documents.get(keptKey(collectionId)) !== null;
}

/**
 * Ends keeping a harvester alive, whatever its document contains.
 * @returns Its keeper's process, if known; null where none was to be kept alive.
 */
export async function endKept(
  documents: Documents,
  collectionId: string,
): Promise<Pick<Kept, "process"> | null> {
  const found = await documents.get(keptKey(collectionId));
  if (!found) return null;
  await documents.delete(keptKey(collectionId));
  const json = jsonOrNull(found.bytes);
  return keptSchema.safeParse(json).data ?? {};
}

/** Since when a harvester that is to be kept alive is not running, why, and what follows. Times are ISO 8601, UTC. */
export interface Trouble {
  since: string;
  problem: string;
  /** `waiting`: it is restarted at `next`; `gone`: as soon as that is noticed; `ended`: by a person. */
  state: "waiting" | "gone" | "ended";
  next?: string;
}

/** Returns the trouble of a harvester whose lock is free. */
export function troubleFor({ state, fault, since }: Kept): Trouble {
  if (!fault || state === "running" || state === "starting") {
    return { since, problem: "Its process no longer runs.", state: "gone" };
  }
  const { next } = fault;
  return { since: fault.since, problem: fault.problem, state, ...(next ? { next } : {}) };
}
