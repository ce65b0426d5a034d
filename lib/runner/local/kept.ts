/**
 * The harvesters of this machine that a person wants to be alive until they are stopped: a document each, beside the
 * schedules, so that what was wanted outlives every process.
 */

import { z } from "zod";
import { type LookOptions, readLock } from "../../bucket/lock.ts";
import { checkedId } from "../../collection/layout.ts";
import { AccessError, ConflictError, UserError } from "../../base/errors.ts";
import { jsonOrNull, parseAs } from "../../base/json.ts";
import { jsonBytes } from "../../base/json_bytes.ts";
import { settledPut } from "../../store/settled_put.ts";
import type { Store, Version } from "../../store/store.ts";
import type { Documents } from "./documents.ts";
import { flagsSchema } from "./flags_schema.ts";

/** Where these documents are. */
export const KEPT = "runner/kept/";

/** A process as locks name it. */
export const processSchema = z.object({
  host: z.string(),
  pid: z.int().positive(),
  boot_id: z.string().optional(),
  pid_namespace: z.string().optional(),
  process_started: z.string().optional(),
});

/** What ended a harvester, and what becomes of it. Times are ISO 8601, UTC. */
const faultSchema = z.object({
  /** When the first of these faults in a row was. */
  since: z.iso.datetime({ offset: true }),
  /** How many there were. */
  tries: z.int().positive(),
  problem: z.string(),
  exit_code: z.int(),
  /** When it is started again, and how many milliseconds after the fault that is; absent where it is not. */
  next: z.iso.datetime({ offset: true }).exactOptional(),
  wait_ms: z.number().nonnegative().exactOptional(),
});

export const keptSchema = z.object({
  collection_id: z.string(),
  flags: flagsSchema.default({}),
  /** When it was started by a person. */
  since: z.iso.datetime({ offset: true }),
  /** The id of the keeper that looks after it: any other one goes. */
  keeper: z.string(),
  /** The keeper's process, once it is up. */
  process: processSchema.exactOptional(),
  /** `starting`: never up yet; `waiting`: to be started; `ended`: a person has to change something first. */
  state: z.enum(["starting", "running", "waiting", "ended"]),
  fault: faultSchema.exactOptional(),
});

/** What is known of a harvester that is to be alive. */
export type Kept = z.output<typeof keptSchema>;

/** A document as it was found. */
export interface FoundKept {
  kept: Kept;
  version: Version;
}

/** Returns the key of a collection's document. */
export function keptKey(collectionId: string): string {
  return `${KEPT}${checkedId(collectionId)}.json`;
}

/** Returns what is kept of a collection's harvester; null where none is to be alive. @throws UserError for what is no such document. */
export async function readKept(
  documents: Documents,
  collectionId: string,
): Promise<FoundKept | null> {
  return await foundKept(documents, keptKey(collectionId));
}

/** Yields every harvester that is to be alive and whose lock nobody holds; a document that is damaged is left out. */
export async function* keptInTrouble(
  documents: Documents,
  { store, ...look }: LookOptions & { store: Store },
): AsyncGenerator<Kept> {
  for await (const { key } of documents.list(KEPT)) {
    const found = await foundKept(documents, key).catch(nullIfDamaged);
    if (!found) continue;
    const lock = await readLock(store, found.kept.collection_id, look);
    if (!lock?.live) yield found.kept;
  }
}

/** Null for a document that says nothing; throws any other error. */
function nullIfDamaged(error: unknown): null {
  if (error instanceof UserError && !(error instanceof AccessError)) return null;
  throw error;
}

/** Returns what a key has. */
export async function foundKept(documents: Documents, key: string): Promise<FoundKept | null> {
  const found = await documents.get(key);
  return found && { kept: parseAs(keptSchema, found.bytes, key), version: found.version };
}

/** Writes a document, in place of a version or of whatever is there; null where somebody else wrote in between. */
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

/** Returns whether a collection's harvester is to be alive. */
export async function isKept(documents: Documents, collectionId: string): Promise<boolean> {
  return await documents.get(keptKey(collectionId)) !== null;
}

/**
 * Wants a harvester no longer alive, whatever its document says.
 * @returns Its keeper's process, as far as that is known; null where none was to be alive.
 */
export async function endKept(
  documents: Documents,
  collectionId: string,
): Promise<Pick<Kept, "process"> | null> {
  const found = await documents.get(keptKey(collectionId));
  if (!found) return null;
  await documents.delete(keptKey(collectionId));
  const json = jsonOrNull(new TextDecoder().decode(found.bytes));
  return keptSchema.safeParse(json).data ?? {};
}

/** Since when a harvester that is to be alive is not, why, and what becomes of it. Times are ISO 8601, UTC. */
export interface Trouble {
  since: string;
  problem: string;
  /** `waiting`: it is started again at `next`; `gone`: as soon as that is noticed; `ended`: by a person. */
  state: "waiting" | "gone" | "ended";
  next?: string;
}

/** Returns what is wrong with a harvester whose lock nobody holds. */
export function troubleOf({ state, fault, since }: Kept): Trouble {
  if (!fault || state === "running" || state === "starting") {
    return { since, problem: "Its process is gone.", state: "gone" };
  }
  const { next } = fault;
  return { since: fault.since, problem: fault.problem, state, ...(next ? { next } : {}) };
}
