/** The lease of a collection: a lock that is renewed while the harvester lives, and over when it does not. */

import { getLogger } from "@logtape/logtape";
import { type Clock, isoTime, within } from "../base/clock.ts";
import { collectionKeys } from "../collection/layout.ts";
import { ConflictError, LockedError, messageOf, OutsideError } from "../base/errors.ts";
import { jsonBytes } from "../base/json_bytes.ts";
import { settledPut } from "../store/settled_put.ts";
import { type Store, type Version, WRITE_MS } from "../store/store.ts";
import type { ProcessId } from "./process.ts";
import {
  type FoundLock,
  LEASE_TTL_MS,
  type LockDocument,
  locked,
  lockIn,
  type LookOptions,
  readLock,
  removeLock,
} from "./lock.ts";

const log = getLogger(["twarc-cloud", "lease"]);

/** Milliseconds between renewals: each is a write, which S3 bills. */
export const RENEW_EVERY_MS = 20_000;
/** Milliseconds between a renewal that failed and the next. */
const AGAIN_MS = 5_000;
/** Milliseconds that a write may take at least. */
const MOMENT_MS = 1_000;
/** Milliseconds that a renewal may be late; and that are waited for one where it is asked whether the lease holds. */
const [LATE_MS, PATIENCE_MS] = [5_000, 2_000];
/** Milliseconds between looks at a lock that is watched. */
const LOOK_MS = 5_000;
/** How often a lock is asked for that others are quicker to take and to give back. */
const TRIES = 5;

/** Who wants the lease. */
export interface Holder extends ProcessId {
  id: string;
  control?: string;
}

/** What a lease is taken with. */
export interface LeaseOptions extends LookOptions {
  store: Store;
  collectionId: string;
  holder: Holder;
  /** Ends the wait for a lock that has to be watched. */
  signal?: AbortSignal;
  /** Given a sentence that says so, where a lock has to be watched; else it is logged. */
  onWatch?: (text: string) => void;
}

/** Watches a lock of which one look cannot tell: who does not renew it for a lease's life has gone. */
async function watched(found: FoundLock, options: LeaseOptions): Promise<FoundLock | null> {
  const { store, collectionId, clock, signal } = options;
  const { onWatch = (text) => log.warn("{text}", { text }) } = options;
  onWatch(
    `The lock of ${collectionId} was renewed last at ${found.document?.renewed}, and clocks may be wrong: ` +
      `whether it is renewed is watched for ${(LEASE_TTL_MS + LATE_MS) / 1_000} seconds`,
  );
  const end = clock.monotonic() + LEASE_TTL_MS + LATE_MS;
  while (clock.monotonic() < end) {
    await clock.sleep(Math.min(LOOK_MS, end - clock.monotonic()), signal);
    if (signal?.aborted) return { ...found, live: true };
    const now = await readLock(store, collectionId, options);
    if (!now || !now.isDoubtful) return now;
    if (now.version !== found.version) return { ...now, live: true };
  }
  return { ...found, live: false, isDoubtful: false };
}

/**
 * Takes the lease of a collection and keeps it renewed.
 * @throws LockedError where somebody else holds it.
 */
export async function acquireLease(options: LeaseOptions): Promise<Lease> {
  const { store, collectionId, holder, clock } = options;
  const key = collectionKeys(collectionId).lock;
  let found = await readLock(store, collectionId, options);
  if (found?.isDoubtful && found.document?.holder !== holder.id) {
    found = await watched(found, options);
  }
  for (let tries = 1;; tries++) {
    // One's own was put, and the answer was lost. Another that is doubtful now was written a moment ago.
    const isOwn = found?.document?.holder === holder.id;
    if (found && !isOwn && (found.live || found.isDoubtful)) {
      throw locked(collectionId, found.document);
    }
    const asked = clock.monotonic();
    const document = documentOf(holder, clock.now());
    const when = found ? { ifVersion: found.version } : { ifAbsent: true } as const;
    try {
      const writing = settledPut(store, key, jsonBytes(document), when);
      const version = await inTime(writing, { clock, ms: LEASE_TTL_MS / 2 });
      return new Lease({ store, key, clock }, { document, version, asked });
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
      found = await readLock(store, collectionId, options);
      if (tries === TRIES) throw locked(collectionId, found?.document ?? null);
    }
  }
}

/** Returns what the store answers. @throws OutsideError where it takes longer; it may have done it all the same. */
async function inTime<T>(
  answer: Promise<T>,
  { clock, ms }: { clock: Clock; ms: number },
): Promise<T> {
  const given = await within(answer, { clock, ms });
  if (given) return given.value;
  throw new OutsideError(`The bucket did not answer within ${Math.round(ms / 1_000)} seconds`);
}

/** A lease that is held. */
export class Lease {
  readonly #store: Store;
  readonly #key: string;
  readonly #clock: Clock;
  readonly #lost = new AbortController();
  readonly #released = new AbortController();
  /** Lost or released. */
  readonly #over = AbortSignal.any([this.#lost.signal, this.#released.signal]);
  readonly #loops: Promise<unknown>;
  #document: LockDocument;
  #version: Version;
  /** When the last renewal that succeeded was asked for, by the monotonic clock. */
  #renewed: number;
  #writing: Promise<void> = Promise.resolve();
  /** Why the last renewal failed. */
  #problem = "its process was paused";

  constructor(
    { store, key, clock }: { store: Store; key: string; clock: Clock },
    { document, version, asked }: { document: LockDocument; version: Version; asked: number },
  ) {
    this.#store = store;
    this.#key = key;
    this.#clock = clock;
    this.#document = document;
    this.#version = version;
    this.#renewed = asked;
    this.#loops = this.#renew();
  }

  /** Aborted when somebody else took the lease, or unlocked it; its reason is a LockedError. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /**
   * To be called before each write that needs the lease: a process that was paused finds out here.
   * @throws LockedError where the lease is lost; OutsideError where it may be over before the write is, so that
   *   others may take it meanwhile, until a renewal shows that nobody did.
   */
  check(): void {
    if (this.lost.aborted) throw this.lost.reason;
    const age = this.#clock.monotonic() - this.#renewed;
    if (age < LEASE_TTL_MS - WRITE_MS) return;
    throw new OutsideError(
      `The lock could not be renewed for ${Math.floor(age / 1_000)} seconds, as ${this.#problem}`,
      { hint: "What was committed is safe: start the harvest again, it goes on from there." },
    );
  }

  /** Sets what the next renewal says. */
  update(change: Pick<Partial<LockDocument>, "control" | "harvest_id" | "progress">): void {
    this.#document = { ...this.#document, ...change };
  }

  /** Renews now, so that others see what was set; a failure is left to the next renewal. */
  async renewNow(): Promise<void> {
    const write = this.#writing.then(() => this.#write());
    this.#writing = write;
    await write;
  }

  /** Renews now, and throws where the lease is not held. @throws as `check` */
  async prove(): Promise<void> {
    await this.renewNow();
    this.check();
  }

  /** Makes sure of a lease that was not renewed when it should have been, as after a pause: `lost` tells then. */
  async confirm(): Promise<void> {
    if (this.#clock.monotonic() - this.#renewed < RENEW_EVERY_MS + LATE_MS) return;
    await within(this.renewNow(), { clock: this.#clock, ms: PATIENCE_MS });
  }

  /** Gives the lease back; one that is somebody else's by now is left alone. */
  async release(): Promise<void> {
    this.#released.abort();
    await this.#loops;
    await this.#writing;
    try {
      await this.#remove();
    } catch (error) {
      log.warn("The lock could not be removed, it ends by itself: {problem}", {
        problem: messageOf(error),
      });
    }
  }

  /** Removes the lock, unless it is somebody else's. */
  async #remove(): Promise<void> {
    for (let tries = 1; tries <= TRIES; tries++) {
      try {
        const removing = removeLock(this.#store, this.#key, this.#version);
        if (await this.#inTime(removing)) return;
        return log.warn("The bucket allows no deletion: the lock is emptied instead");
      } catch (error) {
        if (!(error instanceof ConflictError)) throw error;
      }
      const found = await this.#inTime(this.#store.get(this.#key));
      if (!found || lockIn(found.bytes)?.holder !== this.#document.holder) return;
      // A renewal was done, and its answer was lost.
      this.#version = found.version;
    }
  }

  async #renew(): Promise<void> {
    while (!this.#over.aborted) {
      const isRenewed = this.#clock.monotonic() - this.#renewed < RENEW_EVERY_MS;
      await this.#clock.sleep(isRenewed ? RENEW_EVERY_MS : AGAIN_MS, this.#over);
      await this.renewNow();
    }
  }

  /**
   * Returns what the store answers within half of what is left of the lease, so that another try has its time.
   * @throws OutsideError where it takes longer; it may have done it all the same.
   */
  #inTime<T>(answer: Promise<T>): Promise<T> {
    const left = LEASE_TTL_MS - (this.#clock.monotonic() - this.#renewed);
    const ms = left > 0 ? Math.max(left / 2, MOMENT_MS) : RENEW_EVERY_MS;
    return inTime(answer, { clock: this.#clock, ms });
  }

  /** Returns whether others may have taken it by now. */
  #isOver(): boolean {
    return this.#clock.monotonic() - this.#renewed >= LEASE_TTL_MS;
  }

  /** A renewal is conditional: one that succeeds, however late, tells that nobody took the lease. */
  async #write(): Promise<void> {
    if (this.#over.aborted) return;
    try {
      if (await this.#put()) return;
      const found = await this.#inTime(this.#store.get(this.#key));
      const document = found && lockIn(found.bytes);
      if (!found || document?.holder !== this.#document.holder) return this.#taken(found, document);
      // One's own: the answer to an earlier renewal was lost.
      this.#version = found.version;
      await this.#put();
    } catch (error) {
      this.#problem = messageOf(error);
      log.warn("The lock could not be renewed: {problem}", { problem: this.#problem });
    }
  }

  /** Writes the lock; false where somebody else did meanwhile. */
  async #put(): Promise<boolean> {
    const asked = this.#clock.monotonic();
    const now = this.#clock.now();
    const document = {
      ...this.#document,
      renewed: isoTime(now),
      expires: isoTime(now + LEASE_TTL_MS),
    };
    const writing = this.#store.put(this.#key, jsonBytes(document), { ifVersion: this.#version })
      .then((version) => this.#written(version, asked));
    try {
      await this.#inTime(writing);
      return true;
    } catch (error) {
      if (error instanceof ConflictError) return false;
      throw error;
    }
  }

  /** Notes a renewal that was done; one that is answered late counts as well, from when it was asked for. */
  #written(version: Version, asked: number): void {
    if (asked < this.#renewed) return;
    this.#version = version;
    this.#renewed = asked;
  }

  #taken(found: unknown, by: LockDocument | null): void {
    if (!found) {
      this.#lose("somebody unlocked it", "What was committed is safe: start the harvest again.");
    } else {
      const who = by ? `${by.host} (process ${by.pid})` : "somebody else";
      this.#lose(
        `${who} took it`,
        "What was committed is safe, and the harvest that holds the lock goes on.",
      );
    }
  }

  #lose(why: string, hint: string): void {
    if (this.#over.aborted) return;
    this.#lost.abort(new LockedError(`The lock of this collection was lost: ${why}`, { hint }));
  }
}

function documentOf({ id, ...holder }: Holder, now: number): LockDocument {
  return {
    holder: id,
    ...holder,
    acquired: isoTime(now),
    renewed: isoTime(now),
    expires: isoTime(now + LEASE_TTL_MS),
  };
}
