/** A collection's lock.json: what it says, and whether it holds. */

import { Buffer } from "node:buffer";
import { z } from "zod";
import type { Clock } from "../base/clock.ts";
import { isObject, type Json, jsonOrNull } from "../base/json.ts";
import { harvestInfoSchema } from "../collection/harvest_info.ts";
import { collectionKeys } from "../collection/layout.ts";
import { ConflictError, LockedError, OutsideError, UndeletableError } from "../base/errors.ts";
import type { Store, Version } from "../store/store.ts";
import { lastWord } from "../base/visible.ts";

/** Milliseconds without a renewal after which a lease is over. */
export const LEASE_TTL_MS = 60_000;
/** Milliseconds that the two times may be off together which a store measures a lock's age by. */
const GRAIN_MS = 1_000;
/** Milliseconds that clocks of two machines may differ by without either being wrong. */
const SKEW_MS = 600_000;

const lockSchema = z.looseObject({
  /** The lease's own id. */
  holder: z.string(),
  host: z.string(),
  pid: z.int().positive(),
  /** The run of the kernel, the namespace of numbers, and the start of the process, as its system writes them. */
  boot_id: z.string().optional().catch(undefined),
  pid_namespace: z.string().optional().catch(undefined),
  process_started: z.string().optional().catch(undefined),
  /** Where the holder's control server answers; what is no address is nowhere. */
  control: z.url({ protocol: /^https?$/ }).optional().catch(undefined),
  acquired: z.string(),
  renewed: z.string(),
  /** By the holder's clock: for who reads it, and never what decides. */
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
  /**
   * Whether the holder of a lock is gone for sure, so that nobody has to wait for its end; false where it lives for
   * sure, null where that cannot be told.
   */
  isGone: (lock: LockDocument) => boolean | null;
}

/** A lock as it was found. */
export interface FoundLock {
  /** Null for a lock that says nothing of its holder, as the Python original wrote it. */
  document: LockDocument | null;
  /** Whether its holder may still be at work, as far as one look tells. */
  live: boolean;
  /**
   * Whether one look cannot tell: by this machine's clock its end has come, is further ahead than any lease's, or is
   * no time, and nothing but a clock says so. Who wants the lease has to watch it.
   */
  isDoubtful: boolean;
  version: Version;
}

/** Returns the lock of a collection, or null where there is none. */
export async function readLock(
  store: Store,
  collectionId: string,
  options: LookOptions,
): Promise<FoundLock | null> {
  const found = await store.get(collectionKeys(collectionId).lock);
  if (!found) return null;
  const { bytes, version, age } = found;
  const document = lockIn(bytes);
  // No harvester writes a lock that is no JSON object, and one whose lock became that has lost it.
  if (!document) return { document, version, live: isObject(jsonIn(bytes)), isDoubtful: false };
  return { document, version, ...judged(document, age, options) };
}

/** Returns what one look at a lock tells. @param age Milliseconds since it was written, by the store's own clock. */
function judged(
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

/** Returns what a lock says; null where it is none of ours. */
export function lockIn(bytes: Uint8Array): LockDocument | null {
  return lockSchema.safeParse(jsonIn(bytes)).data ?? null;
}

function jsonIn(bytes: Uint8Array): Json {
  return jsonOrNull(new TextDecoder().decode(bytes));
}

/** What is in the place of a lock that was given back where nothing can be deleted: no harvester takes it for one. */
const RELEASED = new TextEncoder().encode("null\n");

/**
 * Removes a lock; false where the bucket allows no deletion, so that it is emptied.
 * @throws ConflictError where it is another one by now
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
 * @returns What it said, null where it said nothing of its holder; undefined where there was none.
 * @throws LockedError where another holder has taken it meanwhile.
 */
export async function unlock(
  store: Store,
  collectionId: string,
): Promise<LockDocument | null | undefined> {
  const key = collectionKeys(collectionId).lock;
  const held = async () => {
    const now = await store.get(key);
    return now && Buffer.from(now.bytes).equals(RELEASED) ? null : now;
  };
  const found = await held();
  const document = found && lockIn(found.bytes);
  for (let now = found; now; now = await held()) {
    const holder = lockIn(now.bytes);
    if (holder?.holder !== document?.holder) throw locked(collectionId, holder);
    try {
      await removeLock(store, key, now.version);
      return document;
    } catch (error) {
      // Its holder renewed it just now, or gave it back; or it is removed, and the answer was lost.
      if (!(error instanceof OutsideError)) throw error;
      if (error instanceof ConflictError) continue;
      const left = await held().catch(() => Promise.reject(error));
      if (left) throw error;
    }
  }
  return found ? document : undefined;
}

/** Returns the error for a collection that somebody else harvests. */
export function locked(collectionId: string, lock: LockDocument | null): LockedError {
  if (!lock) {
    return new LockedError(`Collection ${collectionId} is locked`, {
      hint: `If you are sure that nothing harvests it: twarc-cloud harvest unlock ${
        lastWord(collectionId)
      }`,
    });
  }
  const { host, pid, acquired, renewed, progress } = lock;
  const had = progress
    ? `At ${renewed} it had ${progress.tweets.toLocaleString("en-US")} tweets. `
    : "";
  return new LockedError(
    `Collection ${collectionId} is being harvested since ${acquired} by ${host} (process ${pid})`,
    {
      hint:
        `${had}If that process is gone, the lock ends by itself a minute after ${renewed}, when it was renewed ` +
        `last. Follow it with: twarc-cloud harvest running --follow ${lastWord(collectionId)}`,
    },
  );
}
