import assert from "node:assert/strict";
import { untilOpen } from "../../../lib/cli/collection/stream_open.ts";
import type { HarvestInfo } from "../../../lib/collection/harvest_info.ts";
import type { Outcome } from "../../../lib/runner/runner.ts";
import { contextWith } from "../../fakes/context.ts";
import { QuickClock } from "../../fakes/quick_clock.ts";

const INFO: HarvestInfo = {
  collection_id: "live",
  harvest_timestamp: "2026-01-02T03:04:05.000Z",
  tweets: 0,
  files: 0,
  file_bytes: 0,
  state: "harvesting",
  streaming: false,
};

/** Waits for a stream of which each look finds the next of these; the last one stays. */
async function opened(looks: { outcome?: Outcome; info?: HarvestInfo | null }[]) {
  const clock = new QuickClock();
  const context = contextWith({ clock });
  let isWithdrawn = false;
  const [first = {}] = looks;
  let now = first;
  const started = {
    collectionId: "live",
    bucket: "tweets",
    status: "RUNNING" as const,
    outcome: () => {
      now = looks.shift() ?? now;
      return Promise.resolve(now.outcome ?? null);
    },
    withdraw: () => {
      isWithdrawn = true;
      return Promise.resolve();
    },
  };
  const runner = { pace: 5_000, info: () => Promise.resolve(now.info ?? null) };
  const found = await untilOpen(started, runner, context).then(
    (awaited) => ({ awaited, failure: null }),
    (failure: Error) => ({ awaited: null, failure: failure.message }),
  );
  const slept = clock.slept.reduce((sum, ms) => sum + ms, 0);
  return { ...found, isWithdrawn, slept };
}

Deno.test("a stream that is open is not waited for any longer", async () => {
  const streaming = { ...INFO, streaming: true };
  assert.deepEqual(await opened([{ info: null }, { info: INFO }, { info: streaming }]), {
    awaited: null,
    failure: null,
    isWithdrawn: false,
    slept: 500,
  });
});

Deno.test("a stream that is refused for good is an error, and nothing of it stays", async () => {
  const refused = { outcome: { exitCode: 1, message: "Could not authenticate you." } };
  const { failure, isWithdrawn } = await opened([{ info: INFO }, refused]);
  assert.deepEqual([failure, isWithdrawn], ["Could not authenticate you", true]);
});

Deno.test("a stream that is not open after a moment goes on, and it is said what it waits for", async () => {
  const waiting = { for: "the stream", until: "2026-01-02T03:05:00.000Z" };
  assert.deepEqual(await opened([{ info: INFO }, { info: { ...INFO, waiting } }]), {
    awaited: "waiting until 2026-01-02T03:05:00.000Z for the stream",
    failure: null,
    isWithdrawn: false,
    slept: 10_000,
  });
  const { awaited: silent } = await opened([{ info: INFO }]);
  assert.equal(silent, "the API has not responded");
  const { awaited: gone } = await opened([{ info: null }]);
  assert.equal(gone, "its harvester is not running");
});

Deno.test("a stream that was stopped meanwhile is not waited for", async () => {
  assert.equal((await opened([{ outcome: { exitCode: 0 } }])).slept, 0);
});
