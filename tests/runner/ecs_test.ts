import { EventBridgeClient, PutRuleCommand } from "@aws-sdk/client-eventbridge";
import { GetScheduleCommand, SchedulerClient } from "@aws-sdk/client-scheduler";
import assert from "node:assert/strict";
import process from "node:process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../lib/clock.ts";
import { collectionKeys } from "../../lib/collection/layout.ts";
import { LockedError, UserError } from "../../lib/errors.ts";
import { EcsRunner, secretOf } from "../../lib/runner/ecs.ts";
import type { RunnerSettings } from "../../lib/runner/runner.ts";
import { parseSchedule } from "../../lib/runner/schedule.ts";
import { Parameters } from "../../lib/store/parameters.ts";
import { S3Store } from "../../lib/store/s3.ts";
import { ended, runnerContract } from "../contract/runner.ts";
import { BRIEF, DEAF, FAULT, FAULTY } from "../fakes/harvester.ts";
import {
  type Ini,
  makeAccount,
  makeSurroundings,
  type Surroundings,
} from "../peers/aws_account.ts";
import { EcsAgent } from "../peers/ecs_agent.ts";
import { type Moto, MOTO_KEYS, MOTO_REGION, startMoto } from "../peers/moto.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const ENTRYPOINT = [
  Deno.execPath(),
  ..."run --quiet --no-check --allow-net --allow-read --allow-env --allow-write".split(" "),
  "--allow-sys=hostname,osRelease,homedir",
  "--allow-run",
  "--config",
  join(ROOT, "deno.json"),
  join(ROOT, "tests/fakes/harvester.ts"),
];

const CREDENTIALS = { accessKeyId: "testing", secretAccessKey: "testing" };

let moto: Moto;
let agent: EcsAgent;
let surroundings: Promise<Surroundings>;
let accounts = 0;

Deno.test.beforeAll(async () => {
  moto = await startMoto();
  surroundings = makeSurroundings(moto);
  const { PATH = "", HOME = "", DENO_DIR } = process.env;
  const env = { PATH, HOME, ...(DENO_DIR ? { DENO_DIR } : {}) };
  agent = new EcsAgent(moto, { entrypoint: ENTRYPOINT, env });
});
Deno.test.afterAll(async () => {
  await agent.close();
  await moto.close();
});

function settingsOf(ini: Ini): RunnerSettings {
  return {
    aws: { region: MOTO_REGION, endpoint: agent.url, ...MOTO_KEYS },
    get: (name) => ini[name],
    require(name) {
      const value = ini[name];
      if (value === undefined) throw new UserError(`${name} is not set`);
      return value;
    },
  };
}

/** Ends a process that may be gone already. */
function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    assert.match(String(error), /ESRCH/);
  }
}

/** A runner with a bucket of its own. */
async function opened(more: Ini = {}) {
  [agent.unknownFor, agent.drainsFor, agent.publicAddress] = [0, 0, undefined];
  const ini = { ...await makeAccount(moto, `bucket-${++accounts}`, surroundings), ...more };
  const bucket = ini.bucket ?? "";
  const settings = settingsOf(ini);
  const store = new S3Store(bucket, settings.aws);
  const options = {
    bucket,
    store,
    clock: systemClock,
    settings,
    self: () => Promise.resolve([]),
    env: {},
    pollMs: 100,
  };
  const runner = new EcsRunner(options);
  const job = (collectionId: string) => ({ bucket, collectionId, flags: {} });
  const close = async () => {
    for (const pid of agent.pids) kill(pid);
    await Promise.resolve(store.close());
  };
  return { runner, store, bucket, ini, job, close };
}

runnerContract("EcsRunner", async () => {
  const { runner, bucket, close } = await opened();
  const faulty = { id: FAULTY, says: FAULT };
  return { runner, bucket, steady: "steady", brief: BRIEF, faulty, close };
});

Deno.test("a harvester whose port cannot be reached is stopped by SIGTERM", async () => {
  const { runner, store, job, close } = await opened();
  try {
    const started = await runner.start(job(DEAF));
    while (!await store.get(collectionKeys(DEAF).lock)) await systemClock.sleep(50);
    await runner.stop(DEAF);
    assert.equal((await ended(started)).exitCode, 0);
    assert.deepEqual(await Array.fromAsync(runner.running()), []);
  } finally {
    await close();
  }
});

Deno.test("a service starts its harvester again when that has failed", async () => {
  const { runner, store, job, close } = await opened();
  try {
    await runner.start(job("steady"));
    while (!await store.get(collectionKeys("steady").lock)) await systemClock.sleep(50);
    const [pid = 0] = agent.pids;
    process.kill(pid, "SIGKILL");
    while (agent.pids.length === 0 || agent.pids[0] === pid) await systemClock.sleep(50);
    assert.equal(agent.pids.length, 1);
  } finally {
    await runner.unschedule("steady");
    await close();
  }
});

Deno.test("schedules keep their time zone", async () => {
  const { runner, job } = await opened();
  const schedule = parseSchedule("cron(0 10 * * ? *)", "Europe/Berlin");
  await runner.schedule(job("a"), schedule);
  assert.deepEqual(await Array.fromAsync(runner.scheduled()), [{ collectionId: "a", schedule }]);
  assert.equal(await runner.unschedule("a"), true);
});

Deno.test("a cluster that is not there, and settings that are missing, are told when they are needed", async () => {
  const { runner, job } = await opened({ cluster: "nobody" });
  await assert.rejects(runner.once(job("a")), /no ECS cluster nobody|nobody/);
  const { runner: other, job: theirs, ini } = await opened();
  delete ini.subnet;
  assert.deepEqual(await Array.fromAsync(other.scheduled()), []);
  await assert.rejects(other.once(theirs("a")), /subnet is not set/);
});

/** Uses an account of its own, and clears it away. */
function test(name: string, use: (account: Awaited<ReturnType<typeof opened>>) => Promise<void>) {
  Deno.test(name, async () => {
    const account = await opened();
    try {
      await use(account);
    } finally {
      await account.close();
    }
  });
}

/** What AWS's own client says of a schedule. */
async function scheduleOf(bucket: string, id: string) {
  const config = { region: MOTO_REGION, endpoint: agent.url, credentials: CREDENTIALS };
  const client = new SchedulerClient(config);
  try {
    const group = { GroupName: `twarc-cloud_${bucket}`, Name: id };
    return await client.send(new GetScheduleCommand(group));
  } finally {
    client.destroy();
  }
}

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
  const client = new EventBridgeClient({
    region: MOTO_REGION,
    endpoint: agent.url,
    credentials: CREDENTIALS,
  });
  for (const [id, State] of [["on", "ENABLED"], ["off", "DISABLED"]] as const) {
    const Name = `${bucket}_${id}_schedule`;
    await client.send(new PutRuleCommand({ Name, ScheduleExpression: "rate(7 days)", State }));
  }
  client.destroy();
  const ids = async () =>
    (await Array.fromAsync(runner.scheduled())).map(({ collectionId }) => collectionId);
  assert.deepEqual(await ids(), ["on"]);
  assert.equal(await runner.unschedule("off"), false);
  assert.equal(await runner.unschedule("on"), true);
  assert.deepEqual(await ids(), []);
});

test("a harvester is asked at the public address of its task, which ECS tells by its network interface", async ({ runner, job }) => {
  await runner.once(job(DEAF));
  const control = async () => (await Array.fromAsync(runner.running()))[0]?.control;
  assert.equal(await control(), undefined);
  agent.publicAddress = "203.0.113.7";
  assert.equal((await control())?.href, "http://203.0.113.7/");
});

test("a task that ECS does not know yet has not failed", async ({ runner, job }) => {
  agent.unknownFor = 3;
  const started = await runner.once(job(BRIEF));
  agent.unknownFor = 2;
  assert.equal(await started.outcome(), null);
  assert.deepEqual(await ended(started), { exitCode: 0 });
});

test("a stream that was stopped can be started again while its service drains", async ({ runner, store, job }) => {
  agent.drainsFor = 4;
  const began = async () => {
    while (!await store.get(collectionKeys("steady").lock)) await systemClock.sleep(50);
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
  while (!await store.get(lock)) await systemClock.sleep(50);
  await store.delete(lock);
  await assert.rejects(runner.once(job("steady")), (error) => {
    assert.ok(error instanceof LockedError);
    assert.match(error.message, /has been started already/);
    return !/unlock/.test(error.hint ?? "");
  });
});

test("scheduling leaves the secret of a harvest that was just started as it is", async ({ runner, bucket, ini, job }) => {
  const parameters = new Parameters(bucket, settingsOf(ini).aws);
  await ended(await runner.once(job(BRIEF)));
  const secret = await parameters.get(secretOf(BRIEF));
  await runner.schedule(job(BRIEF), parseSchedule("rate(7 days)"));
  assert.equal(await parameters.get(secretOf(BRIEF)), secret);
  await runner.schedule(job("new"), parseSchedule("rate(7 days)"));
  assert.match(await parameters.get(secretOf("new")) ?? "", /^[0-9a-f]{64}$/);
});

test("the reason of a failure is that of its own task, whatever the clocks say", async ({ bucket, store, ini, job }) => {
  const ahead = { ...systemClock, now: () => Date.now() + 3_600_000 };
  const options = {
    bucket,
    store,
    clock: ahead,
    settings: settingsOf(ini),
    self: () => Promise.resolve([]),
    env: {},
  };
  const runner = new EcsRunner({ ...options, pollMs: 100 });
  const outcome = await ended(await runner.once(job(FAULTY)));
  assert.deepEqual(outcome, { exitCode: 1, message: FAULT });
});

Deno.test("what the person has to change in the ini is an error of exit code 1, with where to look", async () => {
  const wrong = {
    cluster: ["nobody", /no ECS cluster nobody/],
    log_group: ["nothing", /no log group nothing/],
    spot: ["perhaps", /^spot in twarc_cloud\.ini/],
    subnet: ["subnet-0", /subnet/],
  } as const;
  for (const [name, [value, says]] of Object.entries(wrong)) {
    const { runner, job, close } = await opened({ [name]: value });
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
