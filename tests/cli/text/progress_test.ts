import assert from "node:assert/strict";
import { follow } from "../../../lib/cli/text/progress.ts";
import { startWithRoom, stopHarvest, untilBegun } from "../../../lib/cli/collection/start.ts";
import type { HarvestInfo } from "../../../lib/collection/harvest_info.ts";
import {
  AccessError,
  CapacityError,
  OutsideError,
  UnresponsiveError,
  UserError,
} from "../../../lib/base/errors.ts";
import type { Outcome, Runner, Started } from "../../../lib/runner/runner.ts";
import { contextWith, pipedOutput } from "../../fakes/context.ts";
import { ManualClock } from "../../fakes/manual_clock.ts";
import { recording } from "../../runner/scheduling.ts";

const MINUTE = 60_000;
const INFO: HarvestInfo = {
  collection_id: "a",
  harvest_timestamp: "2026-01-02T03:04:05.000Z",
  tweets: 7,
  files: 1,
  file_bytes: 100,
  state: "harvesting",
};

/** A terminal-less output whose lines a test reads, a clock, and a way to give up. */
function surroundings() {
  const [clock, stop, lines] = [new ManualClock(), new AbortController(), [] as string[]];
  const output = pipedOutput((text) => lines.push(text.trimEnd()));
  const context = contextWith({ output, clock, signal: stop.signal });
  return { context, clock, stop, lines };
}

/** A harvest that ends after ten minutes, and cannot be asked for from the first to the sixth. */
function harvest(clock: ManualClock, outcome: Outcome, failure: () => Error, shown = INFO) {
  const isAway = () => clock.monotonic() >= MINUTE && clock.monotonic() < 6 * MINUTE;
  const started: Started = {
    collectionId: "a",
    bucket: "b",
    status: "RUNNING",
    outcome() {
      if (isAway()) return Promise.reject(failure());
      return Promise.resolve(clock.monotonic() < 10 * MINUTE ? null : outcome);
    },
  };
  const info = () => isAway() ? Promise.reject(failure()) : Promise.resolve(shown);
  const runner: Runner = { ...recording([]), pace: 5_000, info };
  return { started, runner };
}

const throttled = () => new OutsideError("Looking at tasks failed: Rate exceeded");

Deno.test("a harvest is followed through minutes in which nobody can be asked, to its own end", async () => {
  const { context, clock, lines } = surroundings();
  const followed = follow({ ...harvest(clock, { exitCode: 0 }, throttled), ...context });
  await clock.advance(11 * MINUTE);
  assert.equal(await followed, true);
  const said = lines.filter((line) => /Retrying until|works again/.test(line));
  assert.deepEqual(said, [
    "Looking at tasks failed: Rate exceeded. Retrying until it works.",
    "It works again.",
  ]);
});

Deno.test("a harvest whose harvester is about to go is shown by how it ended", async () => {
  for (
    const [state, outcome, shown] of [
      ["stopped", "complete", /^a: complete\. 7 tweets/],
      ["stopped", "stopped", /^a: stopped\. 7 tweets/],
      ["stopped", undefined, /^a: ended\. 7 tweets/],
      ["stopping", undefined, /^a: stopping\. 7 tweets/],
      ["harvesting", undefined, /^a: 7 tweets/],
    ] as const
  ) {
    const { context, clock, stop, lines } = surroundings();
    const info = { ...INFO, state, outcome };
    const followed = follow({ ...harvest(clock, { exitCode: 0 }, throttled, info), ...context });
    await clock.advance(5_000);
    stop.abort();
    assert.equal(await followed, false);
    assert.match(lines[0] ?? "", shown);
  }
});

Deno.test("how the harvest ended is its outcome, and no failure to ask for it", async () => {
  for (const [exitCode, kind] of [[1, UserError], [3, OutsideError]] as const) {
    const { context, clock } = surroundings();
    const outcome = { exitCode, message: "The API is away" };
    const followed = follow({ ...harvest(clock, outcome, throttled), ...context });
    const failed = assert.rejects(followed, (error) => {
      assert.ok(error instanceof kind && error.message === outcome.message);
      return true;
    });
    await clock.advance(11 * MINUTE);
    await failed;
  }
});

Deno.test("what a person has to put right ends the following, and Ctrl-C does, in the midst of waiting too", async () => {
  const refused = surroundings();
  const expired = () => new AccessError("The credentials have expired");
  const ends = follow({ ...harvest(refused.clock, { exitCode: 0 }, expired), ...refused.context });
  const failed = assert.rejects(ends, AccessError);
  await refused.clock.advance(2 * MINUTE);
  await failed;

  const { context, clock, stop } = surroundings();
  const followed = follow({ ...harvest(clock, { exitCode: 0 }, throttled), ...context });
  await clock.advance(3 * MINUTE);
  stop.abort();
  await clock.advance(0);
  assert.equal(await followed, false);
});

Deno.test("a harvest has started though nobody can say for a while how it is", async () => {
  const { context, clock } = surroundings();
  const { started } = harvest(clock, { exitCode: 0 }, throttled);
  clock.pause(2 * MINUTE);
  const checked = untilBegun(started, { pace: 100 }, context);
  await clock.advance(10 * MINUTE);
  await checked;
});

/** A runner with a harvest that ends some minutes after it was told to stop, and cannot be asked meanwhile. */
function stopping(clock: ManualClock, failure: () => Error) {
  const tries: number[] = [];
  const isGone = () => tries.length > 0 && clock.monotonic() > 4 * MINUTE;
  const runner: Runner = {
    ...recording([]),
    info: () => isGone() ? Promise.resolve(null) : Promise.resolve(INFO),
    stop() {
      if (isGone()) return Promise.reject(new UserError("No harvest of a is running"));
      tries.push(clock.monotonic());
      return Promise.reject(failure());
    },
  };
  return { runner, tries };
}

Deno.test("stopping outlasts what fails in its midst, and is done though it was over meanwhile", async () => {
  const { context, clock, lines } = surroundings();
  const { runner, tries } = stopping(clock, () => new OutsideError("The folder is away"));
  const stopped = stopHarvest(runner, "a", context);
  await clock.advance(10 * MINUTE);
  await stopped;
  assert.ok(tries.length > 3);
  const [waiting, ...said] = lines.toSorted((a) => a.includes("waiting since") ? -1 : 0);
  assert.match(waiting ?? "", /^a: waiting since 2026-01-02T03:04:05\.000Z for its harvester/);
  assert.deepEqual(said.filter((line) => !line.includes("waiting since")), [
    "The folder is away. Retrying until it works.",
    "It works again.",
  ]);
});

Deno.test("a harvester that does not stop is reported as that, and nothing to stop as nothing", async () => {
  const { context, clock } = surroundings();
  const { runner, tries } = stopping(clock, () => new UnresponsiveError("It does not stop"));
  await assert.rejects(stopHarvest(runner, "a", context), UnresponsiveError);
  assert.equal(tries.length, 1);
  const nothing = () => Promise.reject(new UserError("No harvest of a is running"));
  const none = { ...runner, stop: nothing, info: () => Promise.resolve(null) };
  await assert.rejects(stopHarvest(none, "a", context), /No harvest of a is running/);
});

Deno.test("of a container that is being started it is said that it is, and no number of tweets", async () => {
  const { context, clock, lines } = surroundings();
  const { started, runner } = harvest(clock, { exitCode: 0 }, throttled);
  const { state: _, ...starting } = INFO;
  const info = () => Promise.resolve(starting);
  const followed = follow({ started, runner: { ...runner, info }, ...context });
  await clock.advance(MINUTE / 2);
  assert.deepEqual(lines, ["a: starting its container"]);
  await clock.advance(11 * MINUTE);
  assert.equal(await followed, true);
});

Deno.test("where there is no room for a harvester it is tried again, and that is said; another failure is one", async () => {
  const { context, clock, lines } = surroundings();
  const { started } = harvest(clock, { exitCode: 0 }, throttled);
  const full = new CapacityError("Starting the task failed: AWS has no capacity there now");
  let tries = 0;
  const start = () => ++tries < 4 ? Promise.reject(full) : Promise.resolve(started);
  const begin = startWithRoom(start, context);
  await clock.advance(2 * MINUTE);
  assert.equal(await begin, started);
  assert.match(
    lines.join(),
    /no capacity there now\. Retrying until it works\..*It works again/,
  );
  await assert.rejects(startWithRoom(() => Promise.reject(throttled()), context), OutsideError);
});

Deno.test("a harvest that was seen running and has ended by itself since is stopped", async () => {
  const { context, clock, lines } = surroundings();
  const { runner } = stopping(clock, () => new OutsideError("The folder is away"));
  const ended = () => Promise.reject(new UserError("No harvest of a is running"));
  const over = { ...runner, stop: ended, info: () => Promise.resolve(null) };
  await stopHarvest(over, "a", context, true);
  assert.deepEqual(lines, []);
});

Deno.test("a harvest that waits shows first what has come, and then for how long it waits at most", async () => {
  const { context, clock, stop, lines } = surroundings();
  const until = new Date(clock.now() + 12 * MINUTE).toISOString();
  const waiting = { for: "the rate limit of GET 2/tweets/search/recent", until };
  const { started, runner } = harvest(clock, { exitCode: 0 }, throttled, { ...INFO, waiting });
  const followed = follow({ started, runner, ...context });
  await clock.advance(5_000);
  stop.abort();
  await followed;
  const limit = "the rate limit of GET 2/tweets/search/recent";
  assert.equal(lines[0], `a: 7 tweets, waiting up to 12 min for ${limit}, 1 file (100B)`);
});
