import assert from "node:assert/strict";
import { follow, summary } from "../../lib/cli/text/progress.ts";
import { Output } from "../../lib/cli/output.ts";
import { Pace, rateText, shareFor, shareTexts } from "../../lib/cli/pace.ts";
import type { HarvestInfo } from "../../lib/collection/harvest_info.ts";
import type { Outcome } from "../../lib/runner/runner.ts";
import { ManualClock } from "../fakes/manual_clock.ts";

const INFO: HarvestInfo = {
  collection_id: "my_people",
  harvest_timestamp: "2026-01-02T03:04:05.000Z",
  tweets: 0,
  files: 1,
  file_bytes: 100,
  state: "harvesting",
};

Deno.test("a total is known of users, of ids, and of tweets that were counted before; else there is none", () => {
  assert.deepEqual(shareFor({ ...INFO, walks: 2_000, walks_done: 45 }), {
    done: 45,
    of: 2_000,
    what: "users",
  });
  assert.deepEqual(shareFor({ ...INFO, walks: 1, ids: 500, ids_done: 100 }), {
    done: 100,
    of: 500,
    what: "ids",
  });
  const more = shareFor({ ...INFO, tweets: 120 }, 100);
  assert.deepEqual(more, { done: 100, of: 100, what: "expected tweets" });
  assert.equal(shareFor({ ...INFO, walks: 1 }), null);
  const spans = { ...INFO, walks: 2, walks_done: 1 };
  assert.deepEqual(shareFor({ ...spans, type: "search" }), { done: 1, of: 2, what: "spans" });
  assert.equal(shareFor({ ...spans, type: "user_timeline" })?.what, "users");
  assert.equal(shareFor({ ...spans, type: "filter" }), null);
  assert.match(summary({ ...spans, type: "search" }), /, 1 of 2 spans/);
});

Deno.test("per cent, and the time that is left at the rate until now, in a unit that a person reads", () => {
  const share = { done: 450, of: 2_000, what: "users" };
  assert.deepEqual(shareTexts(share, 0), ["22% of 2,000 users"]);
  for (
    const [rate, left] of [[1_000, "2 s"], [20, "78 s"], [1, "26 min"], [0.1, "5 h"], [
      0.01,
      "2 days",
    ]] as const
  ) {
    assert.deepEqual(shareTexts(share, rate), ["22% of 2,000 users", `about ${left} left`]);
  }
  assert.deepEqual(shareTexts({ ...share, done: 2_000 }, 5), ["100% of 2,000 users"]);
  assert.equal(rateText(41.4), "41/s");
  assert.equal(rateText(0.2), "12/min");
});

Deno.test("a rate takes three seconds to be known, and begins anew where the number does", () => {
  const pace = new Pace();
  pace.see(1_000, 0);
  pace.see(1_100, 2_000);
  assert.equal(pace.rate, 0);
  pace.see(1_400, 4_000);
  assert.equal(pace.rate, 100);
  pace.see(0, 5_000);
  pace.see(50, 10_000);
  assert.equal(pace.rate, 10);
});

Deno.test("what is followed shows its share, time left, rate, and bytes that have come", async () => {
  const clock = new ManualClock();
  const shown: string[] = [];
  const write = (text: string) => void shown.push(text.trimEnd());
  const terminal = { isInteractive: false, isTerminal: false, color: false };
  const output = new Output({ out: write, err: write, ...terminal });
  output.progress = () =>
    Promise.resolve({ show: (text) => void shown.push(text), note: write, end: () => {} });
  let seen = 0;
  const info = () =>
    Promise.resolve({
      ...INFO,
      walks: 200,
      walks_done: seen,
      tweets: 100 * seen++,
      bytes_received: 2048 * seen,
    });
  const started = {
    collectionId: "my_people",
    outcome: (): Promise<Outcome | null> => Promise.resolve(seen > 10 ? { exitCode: 0 } : null),
  };
  const { signal } = new AbortController();
  const followed = follow({ runner: { pace: 1_000, info }, started, output, clock, signal });
  await clock.advance(15_000);
  assert.equal(await followed, true);
  assert.equal(shown[0], "my_people: 0% of 200 users, 0 tweets, 2K received");
  assert.equal(
    shown.at(-1),
    "my_people: 5% of 200 users, about 4 min left, 1,000 tweets, 22K received, 100/s",
  );
});
