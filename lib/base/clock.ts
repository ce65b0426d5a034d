/** Time as the rest of the program sees it, so that tests can hold it still. */

/** A source of time. */
export interface Clock {
  /** Wall-clock time in milliseconds since 1970. */
  now(): number;
  /** Milliseconds that only ever grow, for measuring spans. */
  monotonic(): number;
  /** Resolves after `ms` milliseconds, or at once when `signal` is aborted; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The computer's own clock. */
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
 * Waits for a promise, but no longer than `ms` milliseconds: what it gives later is not heard.
 * @returns What it gave; null where the time was up first.
 * @throws what it rejected with in time.
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

/** `ms` since 1970 as ISO 8601 in UTC. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
