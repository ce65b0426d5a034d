/** Waiting for what another process does, for as long as a busy machine takes. */

import assert from "node:assert/strict";

/** Milliseconds: less than a test's own bound (`tests/bounds.ts`), so that it is said where it hung. */
const LONGEST = 240_000;

/** Waits until `look` gives something, and fails where it never does: what else is said of time says nothing on a busy machine. */
export async function until<T>(look: () => Promise<T | null | undefined | false>): Promise<T> {
  const end = performance.now() + LONGEST;
  // Who looks often takes the time from what is waited for.
  for (let pause = 10;; pause = Math.min(1.5 * pause, 100)) {
    const found = await look();
    if (found) return found;
    assert.ok(performance.now() < end, "It did not happen within four minutes");
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}
