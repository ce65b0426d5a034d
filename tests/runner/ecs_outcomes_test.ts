import assert from "node:assert/strict";
import process from "node:process";
import { isoTime, systemClock } from "../../lib/clock.ts";
import { collectionKeys } from "../../lib/collection/layout.ts";
import { jsonBytes } from "../../lib/json.ts";
import { EcsRunner } from "../../lib/runner/ecs.ts";
import { ended } from "../contract/runner.ts";
import { until } from "../e2e/program.ts";
import { BRIEF, FAULT, FAULTY } from "../fakes/harvester.ts";
import { type Account, accountTest, EcsPlace } from "./ecs_place.ts";

let place: EcsPlace;
Deno.test.beforeAll(async () => {
  place = await EcsPlace.start();
});
Deno.test.afterAll(() => place.close());

/** Uses an account of its own, and clears it away. */
const test = (name: string, use: (account: Account) => Promise<void>) =>
  accountTest(() => place, name, use);

const NO_IMAGE =
  "CannotPullContainerError: pull image manifest has been retried 1 time(s): not found";

test("a service whose image is not there says so, with what happened to it, and is taken back", async ({ runner, job }) => {
  place.agent.cannotStart = NO_IMAGE;
  const started = await runner.start(job("steady"));
  const { exitCode, message = "" } = await ended(started);
  assert.equal(exitCode, 3);
  assert.match(message, /^The task could not start: CannotPullContainerError: .* not found\. Of/);
  assert.match(message, /Of the service: .*deployment failed: tasks failed to start/);
  await started.withdraw?.();
  place.agent.cannotStart = undefined;
  const again = await runner.start(job("steady"));
  assert.equal(
    await again.outcome(),
    null,
    "What failed in the service before is not held against it",
  );
  await until(async () => await again.awaited?.() === null);
  await runner.stop("steady");
});

test("a service that gets no task says what ECS says of it, until the harvester has the lease", async ({ runner, job }) => {
  place.agent.cannotPlace = "Capacity is unavailable at this time";
  const started = await runner.start(job("steady"));
  assert.match(await started.awaited?.() ?? "", /no task yet: .*Capacity is unavailable/);
  assert.equal(await started.outcome(), null, "It may come");
  await started.withdraw?.();
});

test("a stream whose keys are refused ends with the harvester's own words and exit code", async ({ runner, job }) => {
  const started = await runner.start(job(FAULTY));
  assert.deepEqual(await ended(started), { exitCode: 1, message: FAULT });
  await started.withdraw?.();
  assert.deepEqual(await Array.fromAsync(runner.running()), []);
});

test("a task that cannot start has failed with AWS's reason", async ({ runner, job }) => {
  place.agent.cannotStart = "ResourceInitializationError: unable to pull secrets";
  const started = await runner.once(job(BRIEF));
  const message = "The task could not start: ResourceInitializationError: unable to pull secrets";
  assert.deepEqual(await ended(started), { exitCode: 3, message });
});

test("what keeps failing is listed with its reason, how often and since when, until something goes well", async ({ runner, store, job }) => {
  const failing = () => Array.fromAsync(runner.failing());
  const began = Date.now();
  await ended(await runner.once(job(BRIEF)));
  assert.deepEqual(await failing(), []);
  place.agent.cannotStart = NO_IMAGE;
  for (let n = 0; n < 2; n++) await ended(await runner.once(job(BRIEF)));
  place.agent.cannotStart = undefined;
  await ended(await runner.once(job(FAULTY)));
  const found = new Map((await failing()).map((one) => [one.collectionId, one]));
  assert.deepEqual([...found.keys()].toSorted(), [BRIEF, FAULTY]);
  const { times, since = 0, message } = found.get(BRIEF) ?? {};
  assert.equal(times, 2);
  assert.ok(since >= began - 1_000 && since <= Date.now(), `${since}`);
  assert.match(message ?? "", /CannotPullContainerError/);
  assert.equal(found.get(FAULTY)?.message, FAULT);
  await ended(await runner.once(job(BRIEF)));
  assert.deepEqual((await failing()).map(({ collectionId }) => collectionId), [FAULTY]);
  // A scheduled run that meets a harvest which goes on finds it locked: nothing is wrong with that.
  const lock = { holder: "h", host: "x", pid: 1, renewed: "", progress: undefined };
  const span = { acquired: isoTime(began), expires: isoTime(Date.now() + 60_000) };
  await store.put(collectionKeys(FAULTY).lock, jsonBytes({ ...lock, ...span }));
  assert.deepEqual(await failing(), []);
});

test("a service that can place no task is listed among what fails, with what ECS says", async ({ runner, job }) => {
  place.agent.cannotPlace = "The subnet has no free address";
  const started = await runner.start(job("steady"));
  const [one, ...others] = await Array.fromAsync(runner.failing());
  assert.deepEqual(others, []);
  assert.equal(one?.collectionId, "steady");
  assert.match(one?.message ?? "", /unable to place a task.*no free address/);
  assert.ok(Math.abs((one?.since ?? 0) - Date.now()) < 60_000);
  await started.withdraw?.();
  assert.deepEqual(await Array.fromAsync(runner.failing()), []);
});

test("the reason of a failure is that of its own task, whatever the clocks say", async ({ bucket, store, ini, job }) => {
  const ahead = { ...systemClock, now: () => Date.now() + 3_600_000 };
  const options = {
    bucket,
    store,
    clock: ahead,
    settings: place.settingsOf(ini),
    self: () => Promise.resolve([]),
    env: {},
  };
  const runner = new EcsRunner({ ...options, pollMs: 100 });
  const outcome = await ended(await runner.once(job(FAULTY)));
  assert.deepEqual(outcome, { exitCode: 1, message: FAULT });
});

test("a stream whose harvester ends again and again is listed as failing, also while the next one runs", async ({ runner, store, job }) => {
  const started = await runner.start(job("steady"));
  const lock = collectionKeys("steady").lock;
  for (let n = 0; n < 2; n++) {
    await until(async () => await started.awaited?.() === null);
    const [pid = 0] = place.agent.pids;
    process.kill(pid, "SIGKILL");
    await until(() => Promise.resolve(![pid, undefined].includes(place.agent.pids[0])));
    // A lease of one that is gone is over a minute later; a test does not wait for that.
    await store.delete(lock);
  }
  await until(async () => await started.awaited?.() === null);
  const [one] = await Array.fromAsync(runner.failing());
  assert.deepEqual([one?.collectionId, one?.times], ["steady", 2]);
  await runner.stop("steady");
});
