import assert from "node:assert/strict";
import { parseBucket } from "../../../lib/base/bucket_ref.ts";
import { isoTime, systemClock } from "../../../lib/base/clock.ts";
import { collectionKeys } from "../../../lib/collection/layout.ts";
import { STOP_REQUESTED } from "../../../lib/collection/end_reasons.ts";
import type { HarvestInfo } from "../../../lib/collection/harvest_info.ts";
import { CapacityError, ConflictError, UserError } from "../../../lib/base/errors.ts";
import { jsonBytes } from "../../../lib/base/json_bytes.ts";
import { EcsRunner } from "../../../lib/runner/ecs/runner.ts";
import { parseSchedule } from "../../../lib/runner/schedule.ts";
import type { Store } from "../../../lib/store/store.ts";
import { ended } from "../../contract/runner.ts";
import { until } from "../../e2e/program.ts";
import { BRIEF, DEAF, FAULT, FAULTY, IDLE, REFUSED } from "../../fakes/harvester.ts";
import type { TaskEnding } from "../../peers/ecs_wire.ts";
import { type Account, accountTest, EcsPlace } from "../ecs_place.ts";

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
  await until(async () => await again.awaitedStep?.() === null);
  await runner.stop("steady");
});

test("a service that gets no task says what ECS says of it, until the harvester has the lease", async ({ runner, job }) => {
  place.agent.cannotPlace = "Capacity is unavailable at this time";
  const started = await runner.start(job("steady"));
  assert.match(await started.awaitedStep?.() ?? "", /no task yet: .*Capacity is unavailable/);
  assert.equal(await started.outcome(), null, "It may come");
  await started.withdraw?.();
});

test("a stream whose keys are refused ends with the harvester's own words and exit code", async ({ runner, job }) => {
  const started = await runner.start(job(FAULTY));
  assert.deepEqual(await ended(started), { exitCode: 1, message: FAULT });
  await started.withdraw?.();
  assert.deepEqual(await Array.fromAsync(runner.running()), []);
});

test("a stream that is refused after its harvester had begun ends with the harvester's own words, too", async ({ runner, job }) => {
  const started = await runner.start(job(REFUSED));
  await until(async () => await started.awaitedStep?.() === null);
  assert.equal(await started.outcome(), null, "It has begun");
  place.agent.cannotPlace = "Capacity is unavailable at this time";
  await runner.info(REFUSED);
  const outcome = await until(() => started.outcome());
  place.agent.cannotPlace = undefined;
  assert.deepEqual(outcome, { exitCode: 1, message: FAULT });
  await started.withdraw?.();
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
    bucket: parseBucket(bucket),
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
    await until(async () => await started.awaitedStep?.() === null);
    const [pid = 0] = place.agent.pids;
    const held = await store.get(lock) ?? assert.fail();
    place.agent.signal(pid, "SIGKILL");
    await until(() => Promise.resolve(![pid, undefined].includes(place.agent.pids[0])));
    // A lease of one that is gone is over a minute later, unless the next one knows that it is: a test does not wait.
    await store.delete(lock, { ifVersion: held.version }).catch(nullIfConflict);
  }
  await until(async () => await started.awaitedStep?.() === null);
  const [one] = await Array.fromAsync(runner.failing());
  assert.deepEqual([one?.collectionId, one?.times], ["steady", 2]);
  await runner.stop("steady");
});

const ENDINGS: [string, TaskEnding, RegExp | null][] = [
  [
    "killed for memory",
    {
      exitCode: 137,
      reason: "OutOfMemoryError: Container killed due to memory usage",
      stopCode: "EssentialContainerExited",
    },
    /ran out of memory and was killed \(OutOfMemoryError: .*memory, and cpu, in twarc_cloud\.ini/,
  ],
  [
    "killed for memory, with exit code 0",
    {
      exitCode: 0,
      reason: "OutOfMemoryError: Container killed due to memory usage",
      stopCode: "EssentialContainerExited",
    },
    /ran out of memory and was killed/,
  ],
  [
    "whose spare capacity was wanted back",
    {
      exitCode: 0,
      stopCode: "SpotInterruption",
      stoppedReason: "Your Spot Task was interrupted.",
    },
    /reclaimed its spare capacity \(Your Spot Task was interrupted\).*the next harvest goes on from there/,
  ],
  [
    "ended by maintenance",
    {
      exitCode: 0,
      stopCode: "ServiceSchedulerInitiated",
      stoppedReason:
        "ECS is performing maintenance on the underlying infrastructure hosting the task.",
    },
    /^AWS stopped the harvester: ECS is performing maintenance/,
  ],
  ["that ended by itself", { exitCode: 0, stopCode: "EssentialContainerExited" }, null],
];

/** Has a harvest tell of itself, as a harvester does at its end. */
async function tell(store: Store, id: string, info: Partial<HarvestInfo>): Promise<void> {
  const harvest_timestamp = isoTime(Date.now());
  const keys = collectionKeys(id);
  const all = { collection_id: id, harvest_timestamp, tweets: 0, files: 0, file_bytes: 0, ...info };
  await store.put(keys.config, jsonBytes({ id, type: "search" }));
  await store.put(`${keys.harvest(Date.parse(harvest_timestamp))}harvest.json`, jsonBytes(all));
  await store.put(keys.lastHarvest, jsonBytes({ harvest_id: harvest_timestamp }));
}

test("how a task ended is said in words, whatever its exit code; what the harvest itself has told comes first", async ({ runner, store, job }) => {
  for (const [what, ending, says] of ENDINGS) {
    place.agent.ending = ending;
    const started = await runner.once(job(BRIEF));
    const { exitCode, message = "" } = await ended(started);
    assert.equal(exitCode, says ? 3 : 0, what);
    if (says) assert.match(message, says, what);
    await tell(store, BRIEF, { outcome: "stopped", reason: STOP_REQUESTED });
    assert.equal((await started.outcome())?.exitCode, says ? 3 : 0, `${what}, in mid-walk`);
    await tell(store, BRIEF, { outcome: "complete" });
    assert.deepEqual(await started.outcome(), { exitCode: 0 }, `${what}, after it was done`);
  }
  place.agent.ending = ENDINGS[1]?.[1];
  assert.deepEqual(
    (await Array.fromAsync(runner.failing())).map(({ collectionId }) => collectionId),
    [BRIEF],
    "exit code 0 is no success where memory was short",
  );
});

const NOTHING =
  /ended without an error and without a harvest: check that `image` in twarc_cloud\.ini/;

test("a container that ends without an error, and has harvested nothing, has failed: another image does so", async ({ runner, store, job }) => {
  const started = await runner.once(job(IDLE));
  const { exitCode, message = "" } = await ended(started);
  assert.equal(exitCode, 3);
  assert.match(message, NOTHING);
  const [one, ...others] = await Array.fromAsync(runner.failing());
  assert.deepEqual([one?.collectionId, one?.times, others], [IDLE, 1, []]);
  assert.match(one?.message ?? "", NOTHING);
  const { lastHarvest } = collectionKeys(IDLE);
  await store.put(lastHarvest, jsonBytes({ harvest_id: "some day" }));
  assert.deepEqual(
    await started.outcome(),
    { exitCode: 0 },
    "What cannot be read may be a harvest",
  );
  assert.deepEqual(await Array.fromAsync(runner.failing()), []);
  await store.put(lastHarvest, jsonBytes({ harvest_id: "2026-01-02T03:04:05Z" }));
  await tell(store, IDLE, { harvest_timestamp: "2026-01-02T03:04:05Z", outcome: "complete" });
  assert.equal((await Array.fromAsync(runner.failing())).length, 1, "That was long before");
});

test("a service of another image fails, and is not waited for", async ({ runner, job }) => {
  const started = await runner.start(job(IDLE));
  const { exitCode, message = "" } = await ended(started);
  assert.equal(exitCode, 3);
  assert.match(message, NOTHING);
  await started.withdraw?.();
});

test("of a task that ECS has forgotten the harvest tells; before it has, it is not known, and no failure", async ({ bucket, store, ini, job }) => {
  let late = 0;
  const clock = { ...systemClock, monotonic: () => performance.now() + late };
  const settings = place.settingsOf(ini);
  const self = () => Promise.resolve([]);
  const ref = parseBucket(bucket);
  const options = { bucket: ref, store, clock, settings, self, env: {}, pollMs: 100 };
  const runner = new EcsRunner(options);
  await tell(store, "steady", { outcome: "failed", reason: "of another harvest" });
  const started = await runner.once(job("steady"));
  await until(async () => await started.awaitedStep?.() === null);
  late = 3_700_000;
  place.agent.unknownFor = Infinity;
  assert.equal(await started.outcome(), null, "its harvester holds the lock");
  await store.delete(collectionKeys("steady").lock);
  const { exitCode, message = "" } = await started.outcome() ?? assert.fail();
  assert.equal(exitCode, 3);
  assert.match(message, /^The outcome of the task is unknown/);
  await tell(store, "steady", { outcome: "complete" });
  assert.deepEqual(await started.outcome(), { exitCode: 0 });
});

test("an interface that is gone, or not to be looked at, keeps nobody from listing and stopping", async ({ runner, store, job }) => {
  for (const fault of ["InvalidNetworkInterfaceID.NotFound", "UnauthorizedOperation"]) {
    await runner.once(job(DEAF));
    await until(() => store.get(collectionKeys(DEAF).lock));
    place.agent.publicAddress = undefined;
    place.agent.trouble.interfaceFault = fault;
    const [one] = await Array.fromAsync(runner.running());
    assert.deepEqual([one?.collectionId, one?.control], [DEAF, undefined]);
    assert.equal((await runner.info(DEAF))?.collection_id, DEAF);
    await runner.stop(DEAF);
    assert.deepEqual(place.agent.pids, []);
  }
});

test("a secret that may not be read keeps nobody from stopping", async ({ runner, store, job }) => {
  await runner.once(job(DEAF));
  await until(() => store.get(collectionKeys(DEAF).lock));
  place.agent.trouble.refuses.set("GetParameter", { type: "AccessDeniedException", message: "no" });
  await runner.stop(DEAF);
  assert.deepEqual(place.agent.pids, []);
});

const REFUSALS: [string, typeof CapacityError | typeof UserError, RegExp][] = [
  ["Capacity is unavailable at this time. Please try again later.", CapacityError, /no capacity/],
  [
    "Too many concurrent attempts to create a new revision of the specified family.",
    CapacityError,
    /too many requests at this moment/,
  ],
  [
    "You've reached the limit on the number of vCPUs you can run concurrently",
    UserError,
    /quota of vCPUs.*request-service-quota-increase/,
  ],
  [
    "Unable to assume the service linked role. Please verify that the ECS service linked role exists.",
    UserError,
    /aws iam create-service-linked-role --aws-service-name ecs\.amazonaws\.com/,
  ],
  ["The subnet ID 'subnet-1' does not exist", UserError, /Look at subnet, security_group/],
];

test("what ECS refuses is told as whose fault it is, with what solves it", async ({ runner, job }) => {
  for (const type of ["ClientException", "InvalidParameterException"]) {
    for (const [message, kind, says] of REFUSALS) {
      place.agent.trouble.refuses.set("RunTask", { type, message });
      await assert.rejects(runner.once(job(BRIEF)), (error) => {
        assert.ok(error instanceof kind, `${error}`);
        assert.equal(error instanceof CapacityError, kind === CapacityError);
        assert.match(`${error.message} ${error.hint}`, says);
        return true;
      });
    }
  }
});

test("a schedule that is ended while schedules are listed is none", async ({ runner, job }) => {
  await runner.schedule(job("a"), parseSchedule("rate(7 days)"));
  place.agent.trouble.hidesSchedules = true;
  assert.deepEqual(await Array.fromAsync(runner.listSchedules()), []);
  place.agent.trouble.hidesSchedules = false;
  assert.equal((await Array.fromAsync(runner.listSchedules())).length, 1);
});

/** For a lock that the next harvester has taken already. */
function nullIfConflict(error: unknown): null {
  if (error instanceof ConflictError) return null;
  throw error;
}
