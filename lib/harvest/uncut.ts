/** What has come of a harvest and is not cut yet: when that is due. */

import { type Batch, hasContent } from "../source/source.ts";

/** Milliseconds between cuts of a stream, at least, while the store has not taken the one before. */
const BETWEEN_NOTES_MS = 1_000;

/**
 * Milliseconds after which is cut up to when a stream was listened to, although it brought nothing. So much of a
 * silence counts as missed after a kill; each time is a request that S3 bills.
 */
export const LISTENED_MS = 300_000;

/** What decides when a cut is due. */
interface Circumstances {
  /** Milliseconds that what came may wait. */
  flushMs: number;
  /** Whether this machine's disk has as much as it may. */
  isFull: boolean;
  /** Whether the store has taken all that was cut. */
  isTaken: boolean;
  /** Whether cuts are noted on this machine's disk. */
  isNoted: boolean;
}

/** Since when something waits; times in milliseconds, by the monotonic clock. */
export class Uncut {
  #since: number | undefined;
  #listenedSince: number | undefined;

  /** Takes in a batch that came. */
  take(batch: Batch, now: number): void {
    if (batch.isUrgent) this.#since = -Infinity;
    else if (hasContent(batch)) this.#since ??= now;
    else if (batch.covered) this.#listenedSince ??= now;
  }

  /** Takes in that all of it is cut. */
  clear(): void {
    this.#since = undefined;
    this.#listenedSince = undefined;
  }

  /** Returns when a cut is due: it waits for the one before; but what a stream brings is noted here in its time, however slow the store is. */
  due({ flushMs, isFull, isTaken, isNoted }: Circumstances): number {
    const listened = (this.#listenedSince ?? Infinity) + LISTENED_MS;
    if (this.#since === undefined || !isTaken && !isNoted) return listened;
    const ms = isFull ? 0 : flushMs;
    return Math.min(listened, this.#since + (isTaken ? ms : Math.max(ms, BETWEEN_NOTES_MS)));
  }
}
