import assert from "node:assert/strict";
import { limitWait, restDelay, streamDelay } from "../../../lib/twitter/http/backoff.ts";

function seconds(delay: (failures: number) => number, most: number): number[] {
  return Array.from({ length: most }, (_, i) => delay(i + 1) / 1_000);
}

Deno.test("REST waits double: 1 s to 60 s without an answer, 5 s to 320 s after a server's error, from 60 s when told to calm down", () => {
  assert.deepEqual(seconds((n) => restDelay("network", n), 8), [1, 2, 4, 8, 16, 32, 60, 60]);
  assert.deepEqual(seconds((n) => restDelay("server", n), 8), [5, 10, 20, 40, 80, 160, 320, 320]);
  assert.deepEqual(seconds((n) => restDelay("calm", n), 5), [60, 120, 240, 480, 901]);
  assert.deepEqual(seconds((n) => restDelay("pace", n), 7), [2, 4, 8, 16, 32, 60, 60]);
});

Deno.test("a lost stream is opened again at once, then 250 ms later each time, up to 16 s", () => {
  assert.deepEqual(seconds((n) => streamDelay("network", n), 4), [0, 0.25, 0.5, 0.75]);
  assert.equal(streamDelay("network", 1_000), 16_000);
  assert.deepEqual(seconds((n) => streamDelay("server", n), 3), [5, 10, 20]);
  assert.deepEqual(seconds((n) => streamDelay("full", n), 4), [60, 120, 120, 120]);
});

Deno.test("a rate limit is waited for until its reset plus a second, within 10 s and 15 minutes", () => {
  const now = Date.UTC(2026, 0, 1);
  assert.deepEqual(limitWait(now + 60_000, now), { ms: 61_000, skewed: false });
  assert.deepEqual(limitWait(now, now), { ms: 10_000, skewed: false });
  assert.deepEqual(limitWait(now + 900_000, now), { ms: 901_000, skewed: false });
});

Deno.test("a reset in the past or years ahead means a wrong clock: the middle is waited", () => {
  const now = Date.UTC(2026, 0, 1);
  for (const reset of [now - 3_600_000, 0, now + 10 * 365 * 86_400_000]) {
    assert.deepEqual(limitWait(reset, now), { ms: 455_500, skewed: true });
  }
});
