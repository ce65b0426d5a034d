/** The clock of the program, replaceable in tests. */

/** A source of time. */
export interface Clock {
  /** Wall-clock time in milliseconds since 1970. */
  now(): number;
  /** Milliseconds of a monotonic clock, for measuring spans. */
  monotonic(): number;
  /** Resolves after `ms` milliseconds, or at once when `signal` is aborted; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The system's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep(ms, signal) {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      signal?.addEventListener("abort", wake, { once: true });
    });
  },
};

/**
 * Waits for a promise for at most `ms` milliseconds; a later result or rejection is ignored.
 * @returns The result; null on timeout
 * @throws The rejection, if in time
 */
export function within<T>(
  promise: Promise<T>,
  { clock, ms }: { clock: Clock; ms: number },
): Promise<{ value: T } | null> {
  const over = new AbortController();
  return new Promise<{ value: T } | null>((resolve, reject) => {
    promise.then((value) => resolve({ value }), reject);
    clock.sleep(ms, over.signal).then(() => resolve(null));
  }).finally(() => over.abort());
}

/** Formats `ms` since 1970 as ISO 8601 in UTC. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
