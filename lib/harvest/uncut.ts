/** Data of a harvest that is not cut yet, and when that is due. */

import { type Batch, hasContent } from "../source/source.ts";

/** Milliseconds between cuts of a stream, at least, while the store has not accepted the one before. */
const BETWEEN_NOTES_MS = 1_000;

/**
 * Milliseconds after which a cut records how far a silent stream was listened to. A kill makes so much of the silence
 * a gap; each cut is a request that S3 bills.
 */
export const LISTENED_MS = 300_000;

/** The conditions that decide when a cut is due. */
interface Circumstances {
  /** Milliseconds that data may wait. */
  flushMs: number;
  /** Whether the local buffer is full. */
  isFull: boolean;
  /** Whether the store has accepted all cuts. */
  isTaken: boolean;
  /** Whether cuts are noted on this machine's disk. */
  isNoted: boolean;
}

/** Since when data waits; times in milliseconds, by the monotonic clock. */
export class Uncut {
  #since: number | undefined;
  #listenedSince: number | undefined;

  /** Adds a batch. */
  take(batch: Batch, now: number): void {
    if (batch.isUrgent) this.#since = -Infinity;
    else if (hasContent(batch)) this.#since ??= now;
    else if (batch.covered) this.#listenedSince ??= now;
  }

  /** Whether nothing came but keep-alives of a stream. */
  get isSilent(): boolean {
    return this.#since === undefined && this.#listenedSince !== undefined;
  }

  /** Forgets all of it, once it is cut. */
  clear(): void {
    this.#since = undefined;
    this.#listenedSince = undefined;
  }

  /**
   * Returns when a cut is due: it waits for the one before; but a stream's data is noted here in time, however slow
   * the store is.
   */
  due({ flushMs, isFull, isTaken, isNoted }: Circumstances): number {
    const listened = (this.#listenedSince ?? Infinity) + LISTENED_MS;
    if (this.#since === undefined || !isTaken && !isNoted) return listened;
    const ms = isFull ? 0 : flushMs;
    return Math.min(listened, this.#since + (isTaken ? ms : Math.max(ms, BETWEEN_NOTES_MS)));
  }
}

/** Returns the next batch; a failure during a commit is reported when it is awaited. */
export function requestBatch(iterator: AsyncIterator<Batch>): Promise<IteratorResult<Batch>> {
  const next = iterator.next();
  next.catch(() => {});
  return next;
}
