/** A collection's lock.json, and whether it is held. */

import { Buffer } from "node:buffer";
import { z } from "zod";
import type { Clock } from "../base/clock.ts";
import { isObject, jsonOrNull } from "../base/json.ts";
import { harvestInfoSchema } from "../collection/harvest_info.ts";
import { collectionKeys } from "../collection/layout.ts";
import { ConflictError, LockedError, OutsideError, UndeletableError } from "../base/errors.ts";
import type { Store, Version } from "../store/store.ts";
import { lastWord } from "../base/visible.ts";

/** Milliseconds without a renewal after which a lease expires. */
export const LEASE_TTL_MS = 60_000;
/** Milliseconds of error in a lock's age by the store's timestamps. */
const GRAIN_MS = 1_000;
/** Milliseconds of clock skew between machines that are tolerated. */
const SKEW_MS = 600_000;

const lockSchema = z.looseObject({
  /** The lease's own id. */
  holder: z.string(),
  host: z.string(),
  pid: z.int().positive(),
  /** Boot id, process namespace and start of the process, as its system writes them. */
  boot_id: z.string().optional().catch(undefined),
  pid_namespace: z.string().optional().catch(undefined),
  process_started: z.string().optional().catch(undefined),
  /** Address of the holder's control server; an invalid one is ignored. */
  control: z.url({ protocol: /^https?$/ }).optional().catch(undefined),
  acquired: z.string(),
  renewed: z.string(),
  /** By the holder's clock, for readers only: it decides nothing. */
  expires: z.string(),
  harvest_id: z.string().optional(),
  /** The holder's progress at its last renewal; invalid progress does not invalidate the lock. */
  progress: harvestInfoSchema.optional().catch(undefined),
});

/** The content of lock.json. Times are ISO 8601, UTC. */
export type LockDocument = z.infer<typeof lockSchema>;

/** Options of reading a lock. */
export interface LookOptions {
  clock: Clock;
  /**
   * Returns whether the holder of a lock is certainly gone, so that there is no need to wait; false if it certainly
   * lives, null if unknown.
   */
  isGone: (lock: LockDocument) => boolean | null;
}

/** A lock as it was read. */
export interface FoundLock {
  /** Null for a lock that does not name its holder, as the Python original wrote it. */
  document: LockDocument | null;
  /** Whether its holder may still be at work, by a single read. */
  live: boolean;
  /**
   * Whether a single read cannot tell: by this machine's clock it has expired, expires implausibly late, or has no
   * valid time, and only a clock says so. Whoever wants the lease must watch it.
   */
  isDoubtful: boolean;
  version: Version;
}

/** Reads the lock of a collection; null if there is none. */
export async function readLock(
  store: Store,
  collectionId: string,
  options: LookOptions,
): Promise<FoundLock | null> {
  const found = await store.get(collectionKeys(collectionId).lock);
  if (!found) return null;
  const { bytes, version, age } = found;
  const document = parseLock(bytes);
  // Harvesters only write JSON objects; one whose lock was replaced by something else has lost it.
  if (!document) return { document, version, live: isObject(jsonOrNull(bytes)), isDoubtful: false };
  return { document, version, ...judgeLock(document, age, options) };
}

/** Judges a lock by a single read. @param age Milliseconds since it was written, by the store's clock. */
function judgeLock(
  document: LockDocument,
  age: number | undefined,
  { clock, isGone }: LookOptions,
): Pick<FoundLock, "live" | "isDoubtful"> {
  const gone = isGone(document);
  if (gone) return { live: false, isDoubtful: false };
  if (age !== undefined) return { live: age < LEASE_TTL_MS + GRAIN_MS, isDoubtful: false };
  const ahead = Date.parse(document.expires) - clock.now();
  if (ahead > 0 && ahead <= LEASE_TTL_MS + SKEW_MS) return { live: true, isDoubtful: false };
  return { live: gone === false || !(ahead <= -SKEW_MS), isDoubtful: true };
}

/** Parses a lock; null if it is not in our format. */
export function parseLock(bytes: Uint8Array): LockDocument | null {
  return lockSchema.safeParse(jsonOrNull(bytes)).data ?? null;
}

/** Replaces a released lock where nothing can be deleted: harvesters do not take it for one. */
const RELEASED = new TextEncoder().encode("null\n");

/**
 * Removes a lock. @returns False if the bucket allows no deletion, so that it was overwritten.
 * @throws ConflictError if it has changed
 */
export async function removeLock(store: Store, key: string, version: Version): Promise<boolean> {
  try {
    await store.delete(key, { ifVersion: version });
    return true;
  } catch (error) {
    if (!(error instanceof UndeletableError)) throw error;
    await store.put(key, RELEASED, { ifVersion: version });
    return false;
  }
}

/**
 * Removes the lock of a collection, whoever holds it.
 * @returns Its content, null if it did not name its holder; undefined if there was none.
 * @throws LockedError if another holder has taken it meanwhile.
 */
export async function unlock(
  store: Store,
  collectionId: string,
): Promise<LockDocument | null | undefined> {
  const key = collectionKeys(collectionId).lock;
  const isHeld = async () => {
    const now = await store.get(key);
    return now && Buffer.from(now.bytes).equals(RELEASED) ? null : now;
  };
  const found = await isHeld();
  const document = found && parseLock(found.bytes);
  for (let now = found; now; now = await isHeld()) {
    const holder = parseLock(now.bytes);
    if (holder?.holder !== document?.holder) throw lockedError(collectionId, holder);
    try {
      await removeLock(store, key, now.version);
      return document;
    } catch (error) {
      // Its holder has just renewed or released it; or it was removed, and the response was lost.
      if (!(error instanceof OutsideError)) throw error;
      if (error instanceof ConflictError) continue;
      const left = await isHeld().catch(() => Promise.reject(error));
      if (left) throw error;
    }
  }
  return found ? document : undefined;
}

/** Returns the error for a collection that another process is harvesting. */
export function lockedError(collectionId: string, lock: LockDocument | null): LockedError {
  if (!lock) {
    return new LockedError(`Collection ${collectionId} is locked`, {
      hint: `If you are sure that it is not being harvested: twarc-cloud harvest unlock ${
        lastWord(collectionId)
      }`,
    });
  }
  const { host, pid, acquired, renewed, progress } = lock;
  const had = progress
    ? `At ${renewed} it had ${progress.tweets.toLocaleString("en-US")} tweets. `
    : "";
  return new LockedError(
    `Collection ${collectionId} is being harvested by ${host} (process ${pid}) since ${acquired}`,
    {
      hint:
        `${had}If that process is gone, the lock expires a minute after its last renewal at ${renewed}. ` +
        `Follow it with: twarc-cloud harvest running --follow ${lastWord(collectionId)}`,
    },
  );
}

/** Returns the same from the last error of a harvester, as its log has it; null for any other error. */
export function parseLockedError(text: string): LockedError | null {
  const [, message, hint] =
    /^(Collection \S+ is being harvested by .*? since \S+Z)\. (.*)$/.exec(text) ??
      [];
  return message && hint ? new LockedError(message, { hint }) : null;
}
