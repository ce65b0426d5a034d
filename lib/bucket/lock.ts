/** A collection's lock.json: what it says, and whether it holds. */

import { z } from "zod";
import type { Clock } from "../clock.ts";
import { isObject } from "../collection/changeset.ts";
import { harvestInfoSchema } from "../collection/harvest_info.ts";
import { collectionKeys } from "../collection/layout.ts";
import { LockedError } from "../errors.ts";
import { type Json, jsonOrNull } from "../json.ts";
import type { Store, Version } from "../store/store.ts";

/** Milliseconds without a renewal after which a lease is over. */
export const LIFETIME = 60_000;
/** Milliseconds that clocks of two machines may differ by without either being wrong. */
const SKEW = 600_000;

const lockSchema = z.looseObject({
  /** The lease's own id. */
  holder: z.string(),
  host: z.string(),
  pid: z.int().positive(),
  /** Where the holder's control server answers; what is no address is nowhere. */
  control: z.url({ protocol: /^https?$/ }).optional().catch(undefined),
  acquired: z.string(),
  renewed: z.string(),
  expires: z.string(),
  harvest_id: z.string().optional(),
  /** What the holder had done when it renewed last; a lock is a lock whatever it says here. */
  progress: harvestInfoSchema.optional().catch(undefined),
});

/** What lock.json says. Times are ISO 8601, UTC. */
export type LockDocument = z.infer<typeof lockSchema>;

/** What a lock is looked at with. */
export interface LookOptions {
  clock: Clock;
  /** Whether the holder of a lock is gone for sure, so that nobody has to wait for its end. */
  isGone: (lock: LockDocument) => boolean;
}

/** A lock as it was found. */
export interface FoundLock {
  /** Null for a lock that says nothing of its holder, as the Python original wrote it. */
  document: LockDocument | null;
  /** Whether its holder may still be at work. */
  live: boolean;
  /** Whether its end is no time, or further ahead than any lease's: its holder's clock is wrong, or this one. */
  isIncredible: boolean;
  version: Version;
}

/** The lock of a collection, or null where there is none. */
export async function readLock(
  store: Store,
  collectionId: string,
  { clock, isGone }: LookOptions,
): Promise<FoundLock | null> {
  const found = await store.get(collectionKeys(collectionId).lock);
  if (!found) return null;
  const document = lockIn(found.bytes);
  const ahead = document ? Date.parse(document.expires) - clock.now() : 0;
  // No harvester writes a lock that is no JSON object, and one whose lock became that has lost it.
  const isOver = document ? ahead <= 0 || isGone(document) : !isObject(jsonIn(found.bytes));
  const isIncredible = !(ahead <= LIFETIME + SKEW);
  return { document, live: !isOver, isIncredible, version: found.version };
}

/** What a lock says; null where it is none of ours. */
export function lockIn(bytes: Uint8Array): LockDocument | null {
  return lockSchema.safeParse(jsonIn(bytes)).data ?? null;
}

function jsonIn(bytes: Uint8Array): Json {
  return jsonOrNull(new TextDecoder().decode(bytes));
}

/** Removes the lock of a collection, whoever holds it; false if there was none. */
export async function unlock(store: Store, collectionId: string): Promise<boolean> {
  const key = collectionKeys(collectionId).lock;
  if (!await store.get(key)) return false;
  await store.delete(key);
  return true;
}

/** The error for a collection that somebody else harvests. */
export function locked(collectionId: string, lock: LockDocument | null): LockedError {
  if (!lock) {
    return new LockedError(`Collection ${collectionId} is locked`, {
      hint: `If you are sure that nothing harvests it: twarc-cloud harvest unlock ${collectionId}`,
    });
  }
  const { host, pid, acquired, expires } = lock;
  return new LockedError(
    `Collection ${collectionId} is being harvested since ${acquired} by ${host} (process ${pid})`,
    {
      hint:
        `Wait until it is done. If that process is gone, the lock ends by itself at ${expires}; ` +
        `sooner with: twarc-cloud harvest unlock ${collectionId}`,
    },
  );
}
