import { ECSClient, ListServicesCommand } from "@aws-sdk/client-ecs";
import { EventBridgeClient, PutRuleCommand } from "@aws-sdk/client-eventbridge";
import { GetScheduleCommand, SchedulerClient } from "@aws-sdk/client-scheduler";
import { GetParametersByPathCommand, SSMClient } from "@aws-sdk/client-ssm";
import assert from "node:assert/strict";
import { parseBucket } from "../../../lib/base/bucket_ref.ts";
import { systemClock } from "../../../lib/base/clock.ts";
import { collectionKeys } from "../../../lib/collection/layout.ts";
import { LockedError, UserError } from "../../../lib/base/errors.ts";
import { restOwnService } from "../../../lib/runner/ecs/own_service.ts";
import { awsName } from "../../../lib/runner/ecs/task_definition.ts";
import { EcsRunner } from "../../../lib/runner/ecs/runner.ts";
import { controlSecretName } from "../../../lib/secrets/control_secret.ts";
import { parseSchedule } from "../../../lib/runner/schedule.ts";
import { ParameterStore } from "../../../lib/secrets/parameter_store.ts";
import { ended, runnerContract } from "../../contract/runner.ts";
import { until } from "../../e2e/program.ts";
import { BRIEF, DEAF, FAULT, FAULTY, LIMITED } from "../../fakes/harvester.ts";
import { type Account, accountTest, CLIENT, EcsPlace } from "../ecs_place.ts";

let place: EcsPlace;
Deno.test.beforeAll(async () => {
  place = await EcsPlace.start();
});
Deno.test.afterAll(() => place.close());

runnerContract("EcsRunner", async () => {
  const { runner, bucket, close } = await place.opened();
  const faulty = { id: FAULTY, says: FAULT };
  return { runner, bucket, steady: "steady", brief: BRIEF, faulty, close };
});

Deno.test("a harvester whose port cannot be reached is stopped by SIGTERM", async () => {
  const { runner, store, job, close } = await place.opened();
  try {
    const started = await runner.start(job(DEAF));
    await until(() => store.get(collectionKeys(DEAF).lock));
    await runner.stop(DEAF);
    assert.equal((await ended(started)).exitCode, 0);
    assert.deepEqual(await Array.fromAsync(runner.running()), []);
  } finally {
    await close();
  }
});

Deno.test("a stop says what it waits for, and a task that is being stopped is not listed", async () => {
  const { runner, store, job, close } = await place.opened();
  try {
    await runner.once(job(DEAF));
    await until(() => store.get(collectionKeys(DEAF).lock));
    const [pid = 0] = place.agent.pids;
    place.agent.signal(pid, "SIGSTOP");
    const said: string[] = [];
    const stopping = runner.stop(DEAF, { say: (awaited) => said.push(awaited) });
    await until(() => Promise.resolve(said.length > 0));
    assert.deepEqual([...new Set(said)], ["its task to end (it is STOPPING)"]);
    assert.deepEqual(await Array.fromAsync(runner.running()), []);
    assert.ok(place.agent.listed.has("RUNNING"));
    assert.ok(!place.agent.listed.has(undefined), "AWS's default is not relied on");
    place.agent.signal(pid, "SIGCONT");
    await stopping;
  } finally {
    await close();
  }
});

Deno.test("a service starts its harvester again when that has failed", async () => {
  const { runner, store, job, close } = await place.opened();
  try {
    await runner.start(job("steady"));
    await until(() => store.get(collectionKeys("steady").lock));
    const [pid = 0] = place.agent.pids;
    place.agent.signal(pid, "SIGKILL");
    await until(() => Promise.resolve(![pid, undefined].includes(place.agent.pids[0])));
    assert.equal(place.agent.pids.length, 1);
  } finally {
    await runner.unschedule("steady");
    await close();
  }
});

accountTest(
  () => place,
  "a stream that has come to its limit is shown as ended, and its service starts no other task",
  async ({ runner, store, job }) => {
    const shown = () => Array.fromAsync(runner.running());
    const isEnded = async () => (await shown()).find(({ status }) => status === "ENDED");
    const started = await runner.start(job(LIMITED));
    const end = await until(isEnded);
    assert.equal(end.status, "ENDED");
    assert.equal(end.trouble?.problem, "It has reached max_records (7).");
    assert.equal((await started.outcome())?.exitCode, 0);
    assert.equal(await store.get(collectionKeys(LIMITED).lock), null);
    assert.equal(await runner.info(LIMITED), null);
    const harvests = async () =>
      (await Array.fromAsync(store.list(`${collectionKeys(LIMITED).folder}harvests/`))).length;
    assert.equal(await harvests(), 1, "No other task was started");
    // A harvest's folder is that of the second in which it began.
    const second = Math.floor(Date.now() / 1_000);
    await until(() => Promise.resolve(Math.floor(Date.now() / 1_000) > second));
    await runner.start(job(LIMITED));
    await until(async () => await harvests() === 2 && await isEnded());
    await runner.stop(LIMITED);
    assert.deepEqual(await shown(), []);
  },
);

Deno.test("where a task may not end its service, that is known, so that it can stay up in its place", async () => {
  const { ini, close } = await place.opened();
  try {
    const { aws } = place.settingsOf(ini);
    place.agent.trouble.allows = (action) => action !== "ecs:UpdateService";
    assert.equal(await restOwnService(`${ini.cluster} some-service`, aws), false);
    assert.equal(await restOwnService(undefined, aws), true, "No service keeps it");
  } finally {
    await close();
  }
});

accountTest(
  () => place,
  "a collection with any id that the original took is started, listed, scheduled and stopped, by names that AWS takes",
  async ({ runner, store, bucket, ini, job }) => {
    const [ecs, ssm] = [
      new ECSClient({ ...CLIENT, endpoint: place.agent.url }),
      new SSMClient({ ...CLIENT, endpoint: place.agent.url }),
    ];
    const names: string[] = [];
    for (const id of ["cop24+paris", "cop24 paris", "été"]) {
      await runner.start(job(id));
      await until(() => store.get(collectionKeys(id).lock));
      const running = await Array.fromAsync(runner.running());
      assert.deepEqual(running.map(({ collectionId, status }) => [collectionId, status]), [
        [id, "RUNNING"],
      ]);
      const { serviceArns = [] } = await ecs.send(
        new ListServicesCommand({ cluster: ini.cluster }),
      );
      const service = serviceArns.map((arn) =>
        arn.split("/").at(-1) ?? ""
      ).find((name) => name.startsWith(`${bucket}_`) && !names.includes(name)) ?? assert.fail();
      assert.match(service, /^[A-Za-z0-9_-]{1,255}$/);
      names.push(service);
      const parameters = new GetParametersByPathCommand({ Path: "/", Recursive: true });
      for (const { Name = "" } of (await ssm.send(parameters)).Parameters ?? []) {
        assert.match(Name, /^[A-Za-z0-9_./-]+$/);
      }
      await runner.stop(id);
      assert.deepEqual(await Array.fromAsync(runner.running()), []);
      await runner.schedule(job(id), parseSchedule("cron(0 10 * * ? 2090)"));
      const scheduled = await Array.fromAsync(runner.listSchedules());
      assert.deepEqual(
        scheduled.map(({ collectionId }) =>
          collectionId
        ),
        [id],
      );
      assert.match(
        (await scheduleOf(bucket, awsName(id, 64))).Name ?? "",
        /^[0-9A-Za-z_.-]{1,64}$/,
      );
      assert.equal(await runner.unschedule(id), true);
    }
    assert.equal(
      new Set(names).size,
      3,
      "Names that are made legal are not mistaken for each other",
    );
    ecs.destroy();
    ssm.destroy();
  },
);

Deno.test("schedules keep their time zone", async () => {
  const { runner, job } = await place.opened();
  const schedule = parseSchedule("cron(0 10 * * ? *)", "Europe/Berlin");
  await runner.schedule(job("a"), schedule);
  const [{ next, ...scheduled } = {}, ...others] = await Array.fromAsync(runner.listSchedules());
  assert.deepEqual([scheduled, others], [{ collectionId: "a", schedule }, []]);
  assert.match(next ?? "", /T0[89]:00:00\.000Z$/);
  assert.equal(await runner.unschedule("a"), true);
});

Deno.test("a cluster that is not there, and settings that are missing, are told when they are needed", async () => {
  const { runner, job } = await place.opened({ cluster: "nobody" });
  await assert.rejects(runner.once(job("a")), /no ECS cluster nobody|nobody/);
  const { runner: other, job: theirs, ini } = await place.opened();
  delete ini.subnet;
  assert.deepEqual(await Array.fromAsync(other.listSchedules()), []);
  await assert.rejects(other.once(theirs("a")), /subnet is not set/);
});

/** Uses an account of its own, and clears it away. */
const test = (name: string, use: (account: Account) => Promise<void>) =>
  accountTest(() => place, name, use);

/** What AWS's own client says of a schedule. */
async function scheduleOf(bucket: string, id: string) {
  const config = { ...CLIENT, endpoint: place.agent.url };
  const client = new SchedulerClient(config);
  try {
    const group = { GroupName: `twarc-cloud_${bucket}`, Name: id };
    return await client.send(new GetScheduleCommand(group));
  } finally {
    client.destroy();
  }
}

test("the limits of one run are its own: the definition, which later runs have too, has none", async ({ runner, bucket, ini }) => {
  const flags = { tweetsPerFile: 5, patienceSecs: 60 };
  const { signal } = new AbortController();
  const started = async () =>
    (await Array.fromAsync(runner.logs(BRIEF, { follow: false, signal })))
      .filter((line) => line.startsWith("started with"))
      .map((line) => line.replace(/^started with harvest run --bucket \S+ /, ""));
  await ended(await runner.once({ collectionId: BRIEF, flags }));
  await runner.schedule({ collectionId: BRIEF, flags }, parseSchedule("rate(7 days)"));
  await ended(await runner.once({ collectionId: BRIEF, flags: {} }));
  const own = `--shutdown --tweets-per-file 5 --patience-secs 60 -- ${BRIEF}`;
  assert.deepEqual((await started()).toSorted(), [`--shutdown -- ${BRIEF}`, own].toSorted());
  const { Target } = await scheduleOf(bucket, BRIEF);
  const input = JSON.parse(String(Target?.Input));
  assert.equal(input.containerOverrides[0].command.slice(4).join(" "), own);
  assert.ok(ini.cluster);
});

test("a rate is due a period after the harvest that it began with, not at once", async ({ runner, bucket, job }) => {
  const week = 7 * 86_400_000;
  const expected = Date.now() + week;
  await runner.schedule(job("a"), parseSchedule("rate(7 days)"));
  const start = Number((await scheduleOf(bucket, "a")).StartDate);
  assert.ok(Math.abs(start - expected) < 60_000, `${start}`);
  await runner.schedule(job("a"), parseSchedule("cron(0 10 * * ? *)"));
  assert.equal((await scheduleOf(bucket, "a")).StartDate, undefined);
});

test("a rule that the Python original has ended is no schedule", async ({ runner, bucket }) => {
  const client = new EventBridgeClient({ ...CLIENT, endpoint: place.agent.url });
  for (const [id, State] of [["on", "ENABLED"], ["off", "DISABLED"]] as const) {
    const Name = `${bucket}_${id}_schedule`;
    await client.send(new PutRuleCommand({ Name, ScheduleExpression: "rate(7 days)", State }));
  }
  client.destroy();
  const ids = async () =>
    (await Array.fromAsync(runner.listSchedules())).map(({ collectionId }) => collectionId);
  assert.deepEqual(await ids(), ["on"]);
  assert.equal(await runner.unschedule("off"), false);
  assert.equal(await runner.unschedule("on"), true);
  assert.deepEqual(await ids(), []);
});

test("a harvester is asked at the public address of its task, which ECS tells by its network interface", async ({ runner, job }) => {
  await runner.once(job(DEAF));
  const control = async () => (await Array.fromAsync(runner.running()))[0]?.control;
  assert.equal(await control(), undefined);
  place.agent.publicAddress = "203.0.113.7";
  assert.equal((await control())?.href, "http://203.0.113.7/");
});

test("a task that ECS does not know yet has not failed", async ({ runner, job }) => {
  place.agent.unknownFor = 3;
  const started = await runner.once(job(BRIEF));
  place.agent.unknownFor = 2;
  assert.equal(await started.outcome(), null);
  assert.deepEqual(await ended(started), { exitCode: 0 });
});

test("a stream that was stopped can be started again while its service drains", async ({ runner, store, job }) => {
  place.agent.drainsFor = 4;
  const began = async () => {
    await until(() => store.get(collectionKeys("steady").lock));
  };
  await runner.start(job("steady"));
  await began();
  await runner.stop("steady");
  await runner.start(job("steady"));
  await began();
  await runner.stop("steady");
});

test("a harvest whose container is still being started is not started twice, and that is said", async ({ runner, store, job }) => {
  await runner.once(job("steady"));
  const lock = collectionKeys("steady").lock;
  await until(() => store.get(lock));
  await store.delete(lock);
  await assert.rejects(runner.once(job("steady")), (error) => {
    assert.ok(error instanceof LockedError);
    assert.match(error.message, /has been started already/);
    return !/unlock/.test(error.hint ?? "");
  });
});

test("scheduling leaves the secret of a harvest that was just started as it is", async ({ runner, bucket, ini, job }) => {
  const parameters = new ParameterStore(bucket, place.settingsOf(ini).aws);
  await runner.once(job("steady"));
  const secret = await parameters.get(controlSecretName("steady"));
  assert.match(secret ?? "", /^[0-9a-f]{64}$/);
  await runner.schedule(job("steady"), parseSchedule("rate(7 days)"));
  assert.equal(await parameters.get(controlSecretName("steady")), secret);
  await runner.schedule(job("new"), parseSchedule("rate(7 days)"));
  assert.match(await parameters.get(controlSecretName("new")) ?? "", /^[0-9a-f]{64}$/);
});

test("a control secret is deleted with the last use of it, and stays while a schedule or a task has use for it", async ({ runner, bucket, ini, store, job }) => {
  const parameters = new ParameterStore(bucket, place.settingsOf(ini).aws);
  const isThere = async (id: string) => await parameters.get(controlSecretName(id)) !== null;
  await ended(await runner.once(job(BRIEF)));
  assert.equal(await isThere(BRIEF), false, "A harvest that was followed to its end");
  await runner.schedule(job(BRIEF), parseSchedule("rate(7 days)"));
  await ended(await runner.once(job(BRIEF)));
  assert.equal(await isThere(BRIEF), true, "Scheduled");
  assert.equal(await runner.unschedule(BRIEF), true);
  assert.equal(await isThere(BRIEF), false, "Scheduled no more");
  await runner.schedule(job("steady"), parseSchedule("rate(7 days)"));
  await runner.start(job("steady"));
  await runner.unschedule("steady");
  assert.equal(await isThere("steady"), true, "A harvest that goes on is told to stop with it");
  await until(() => store.get(collectionKeys("steady").lock));
  await runner.stop("steady");
  assert.equal(await isThere("steady"), false, "Stopped");
});

test("each Honeybadger key has a parameter of its own, and one that is there is not written again", async ({ bucket, store, ini, job }) => {
  const settings = (honeybadger_key: string) => place.settingsOf({ ...ini, honeybadger_key });
  const options = {
    bucket: parseBucket(bucket),
    store,
    clock: systemClock,
    self: () => Promise.resolve([]),
    env: {},
    pollMs: 100,
  };
  for (const key of ["mine", "yours", "mine"]) {
    const runner = new EcsRunner({ ...options, settings: settings(key) });
    await runner.schedule(job(BRIEF), parseSchedule("rate(7 days)"));
  }
  const config = { ...CLIENT, endpoint: place.agent.url };
  const client = new SSMClient(config);
  const Path = `/twarc-cloud/${bucket}`;
  const { Parameters = [] } = await client.send(
    new GetParametersByPathCommand({ Path, WithDecryption: true }),
  );
  client.destroy();
  assert.deepEqual(Parameters.map(({ Value }) => Value).toSorted(), ["mine", "yours"]);
  assert.deepEqual(Parameters.map(({ Version }) => Version), [1, 1]);
});

Deno.test("what the person has to change in the ini is an error of exit code 1, with where to look", async () => {
  const wrong = {
    cluster: ["nobody", /no ECS cluster nobody/],
    log_group: ["nothing", /no log group nothing/],
    spot: ["perhaps", /^spot in twarc_cloud\.ini/],
    subnet: ["subnet-0", /subnet/],
  } as const;
  for (const [name, [value, says]] of Object.entries(wrong)) {
    const { runner, job, close } = await place.opened({ [name]: value });
    const { signal } = new AbortController();
    const act = name === "log_group"
      ? () => Array.fromAsync(runner.logs("a", { follow: false, signal }))
      : () => runner.start(job("a"));
    await assert.rejects(act, (error) => {
      assert.ok(error instanceof UserError, `${name}: ${error}`);
      assert.match(error.message, says);
      return /twarc_cloud\.ini|true or false/.test(error.hint ?? "");
    });
    await close();
  }
});
