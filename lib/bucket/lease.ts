/** The lease of a collection: a lock that expires unless the harvester renews it. */

import { getLogger } from "@logtape/logtape";
import { type Clock, isoTime, within } from "../base/clock.ts";
import { collectionKeys } from "../collection/layout.ts";
import { ConflictError, errorMessage, LockedError, OutsideError } from "../base/errors.ts";
import { jsonBytes } from "../base/json_bytes.ts";
import { settledPut } from "../store/settled_put.ts";
import { type Store, type Version, WRITE_MS } from "../store/store.ts";
import type { ProcessId } from "./process.ts";
import {
  type FoundLock,
  LEASE_TTL_MS,
  type LockDocument,
  lockedError,
  type LookOptions,
  parseLock,
  readLock,
  removeLock,
} from "./lock.ts";

const log = getLogger(["twarc-cloud", "lease"]);

/** Milliseconds between renewals: each is a write, which S3 bills. */
export const RENEW_EVERY_MS = 20_000;
/** Milliseconds between a failed renewal and the next. */
const AGAIN_MS = 5_000;
/** Minimum timeout of a write, in milliseconds. */
const MOMENT_MS = 1_000;
/** Milliseconds that a renewal may be late; and the timeout of one that checks whether the lease holds. */
const [LATE_MS, PATIENCE_MS] = [5_000, 2_000];
/** Milliseconds between reads of a lock that is watched. */
const LOOK_MS = 5_000;
/** Tries of a lock that others acquire and release faster. */
const TRIES = 5;

/** The applicant for a lease. */
export interface Holder extends ProcessId {
  id: string;
  control?: string;
}

/** Options of acquireLease(). */
export interface LeaseOptions extends LookOptions {
  store: Store;
  collectionId: string;
  holder: Holder;
  /** Ends the watching of a lock. */
  signal?: AbortSignal;
  /** Called with a sentence when a lock must be watched; by default it is logged. */
  onWatch?: (text: string) => void;
}

/** Watches a doubtful lock: a holder that does not renew it for a lease's lifetime is gone. */
async function watchLock(found: FoundLock, options: LeaseOptions): Promise<FoundLock | null> {
  const { store, collectionId, clock, signal } = options;
  const { onWatch = (text) => log.warn("{text}", { text }) } = options;
  onWatch(
    `The lock of ${collectionId} was last renewed at ${found.document?.renewed}, and clocks may be wrong: ` +
      `waiting ${(LEASE_TTL_MS + LATE_MS) / 1_000} seconds for a renewal`,
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
 * Acquires the lease of a collection and keeps it renewed.
 * @throws LockedError if another process holds it.
 */
export async function acquireLease(options: LeaseOptions): Promise<Lease> {
  const { store, collectionId, holder, clock } = options;
  const key = collectionKeys(collectionId).lock;
  let found = await readLock(store, collectionId, options);
  if (found?.isDoubtful && found.document?.holder !== holder.id) {
    found = await watchLock(found, options);
  }
  for (let tries = 1;; tries++) {
    // Our own was written, and the response was lost. Another's that is doubtful now was written a moment ago.
    const isOwn = found?.document?.holder === holder.id;
    if (found && !isOwn && (found.live || found.isDoubtful)) {
      throw lockedError(collectionId, found.document);
    }
    const asked = clock.monotonic();
    const document = toDocument(holder, clock.now());
    const when = found ? { ifVersion: found.version } : { ifAbsent: true } as const;
    try {
      const writing = settledPut(store, key, jsonBytes(document), when);
      const version = await inTime(writing, { clock, ms: LEASE_TTL_MS / 2 });
      return new Lease({ store, key, clock }, { document, version, asked });
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
      found = await readLock(store, collectionId, options);
      if (tries === TRIES) throw lockedError(collectionId, found?.document ?? null);
    }
  }
}

/** Returns the store's response. @throws OutsideError on timeout; the write may still succeed. */
async function inTime<T>(
  answer: Promise<T>,
  { clock, ms }: { clock: Clock; ms: number },
): Promise<T> {
  const given = await within(answer, { clock, ms });
  if (given) return given.value;
  throw new OutsideError(`The bucket did not respond within ${Math.round(ms / 1_000)} seconds`);
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
  /** When the last successful renewal was sent, by the monotonic clock. */
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

  /** Aborted when another process takes the lease or removes the lock; its reason is a LockedError. */
  get lostSignal(): AbortSignal {
    return this.#lost.signal;
  }

  /**
   * Call before each write that needs the lease: a process that was paused finds out here.
   * @throws LockedError if the lease is lost; OutsideError if it may expire before the write is done, so that others
   * may take it, until a renewal succeeds.
   */
  check(): void {
    if (this.lostSignal.aborted) throw this.lostSignal.reason;
    const age = this.#clock.monotonic() - this.#renewed;
    if (age < LEASE_TTL_MS - WRITE_MS) return;
    throw new OutsideError(
      `The lock could not be renewed for ${Math.floor(age / 1_000)} seconds: ${this.#problem}`,
      { hint: "What was committed is safe: start the harvest again, and it resumes from there." },
    );
  }

  /** Sets fields for the next renewal. */
  update(change: Pick<Partial<LockDocument>, "control" | "harvest_id" | "progress">): void {
    this.#document = { ...this.#document, ...change };
  }

  /** Renews now, so that others see the fields that were set; a failure is left to the next renewal. */
  async renewNow(): Promise<void> {
    const write = this.#writing.then(() => this.#write());
    this.#writing = write;
    await write;
  }

  /** Renews now. @throws as `check` */
  async prove(): Promise<void> {
    await this.renewNow();
    this.check();
  }

  /** Renews a lease whose renewal is overdue, as after a pause; `lostSignal` is aborted if it fails. */
  async confirm(): Promise<void> {
    if (this.#clock.monotonic() - this.#renewed < RENEW_EVERY_MS + LATE_MS) return;
    await within(this.renewNow(), { clock: this.#clock, ms: PATIENCE_MS });
  }

  /** Releases the lease, unless another process has taken it. */
  async release(): Promise<void> {
    this.#released.abort();
    await this.#loops;
    await this.#writing;
    try {
      await this.#remove();
    } catch (error) {
      log.warn("The lock could not be removed and expires by itself: {problem}", {
        problem: errorMessage(error),
      });
    }
  }

  /** Removes the lock, unless it is another process's. */
  async #remove(): Promise<void> {
    for (let tries = 1; tries <= TRIES; tries++) {
      try {
        const removing = removeLock(this.#store, this.#key, this.#version);
        if (await this.#inTime(removing)) return;
        return log.warn("The bucket does not allow deletion: the lock was emptied instead");
      } catch (error) {
        if (!(error instanceof ConflictError)) throw error;
      }
      const found = await this.#inTime(this.#store.get(this.#key));
      if (!found || parseLock(found.bytes)?.holder !== this.#document.holder) return;
      // A renewal succeeded, and its response was lost.
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
   * Returns the store's response within half of the lease's remaining time, which leaves time for another try.
   * @throws OutsideError on timeout; the write may still succeed.
   */
  #inTime<T>(answer: Promise<T>): Promise<T> {
    const left = LEASE_TTL_MS - (this.#clock.monotonic() - this.#renewed);
    const ms = left > 0 ? Math.max(left / 2, MOMENT_MS) : RENEW_EVERY_MS;
    return inTime(answer, { clock: this.#clock, ms });
  }

  /** Returns whether the lease may have expired. */
  #isOver(): boolean {
    return this.#clock.monotonic() - this.#renewed >= LEASE_TTL_MS;
  }

  /** Renews conditionally: a success, however late, proves that nobody else took the lease. */
  async #write(): Promise<void> {
    if (this.#over.aborted) return;
    try {
      if (await this.#put()) return;
      const found = await this.#inTime(this.#store.get(this.#key));
      const document = found && parseLock(found.bytes);
      if (!found || document?.holder !== this.#document.holder) {
        return this.#noteTakeover(found, document);
      }
      // Our own: the response to an earlier renewal was lost.
      this.#version = found.version;
      await this.#put();
    } catch (error) {
      this.#problem = errorMessage(error);
      log.warn("The lock could not be renewed: {problem}", { problem: this.#problem });
    }
  }

  /** Writes the lock. @returns False if another process did meanwhile */
  async #put(): Promise<boolean> {
    const asked = this.#clock.monotonic();
    const now = this.#clock.now();
    const document = {
      ...this.#document,
      renewed: isoTime(now),
      expires: isoTime(now + LEASE_TTL_MS),
    };
    const writing = this.#store.put(this.#key, jsonBytes(document), { ifVersion: this.#version })
      .then((version) => this.#noteRenewal(version, asked));
    try {
      await this.#inTime(writing);
      return true;
    } catch (error) {
      if (error instanceof ConflictError) return false;
      throw error;
    }
  }

  /** Records a successful renewal as of when it was sent, even if the response is late. */
  #noteRenewal(version: Version, asked: number): void {
    if (asked < this.#renewed) return;
    this.#version = version;
    this.#renewed = asked;
  }

  #noteTakeover(found: unknown, by: LockDocument | null): void {
    if (!found) {
      this.#lose(
        "it is not there any more, as somebody removed it, or another process took it and has ended since",
        "What was committed is safe: start the harvest again.",
      );
    } else {
      const who = by ? `${by.host} (process ${by.pid})` : "another process";
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

function toDocument({ id, ...holder }: Holder, now: number): LockDocument {
  return {
    holder: id,
    ...holder,
    acquired: isoTime(now),
    renewed: isoTime(now),
    expires: isoTime(now + LEASE_TTL_MS),
  };
}
