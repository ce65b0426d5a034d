import assert from "node:assert/strict";
import { DescribeServicesCommand, ECSClient } from "@aws-sdk/client-ecs";
import { collectionKeys } from "../../../lib/collection/layout.ts";
import { LockedError, UserError } from "../../../lib/base/errors.ts";
import type { Store } from "../../../lib/store/store.ts";
import { ended } from "../../contract/runner.ts";
import { until } from "../../e2e/program.ts";
import { OriginalAws } from "../../peers/original_aws.ts";
import { type Account, CLIENT, EcsPlace } from "../ecs_place.ts";

let place: EcsPlace;
Deno.test.beforeAll(async () => {
  place = await EcsPlace.start();
});
Deno.test.afterAll(() => place.close());

/** A port that nothing listens at. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** A test in an account of its own, with what the original makes there. */
function test(
  name: string,
  use: (account: Account, original: OriginalAws, controlPort: number) => Promise<void>,
): void {
  Deno.test(name, async () => {
    const controlPort = freePort();
    const account = await place.opened({}, { controlPort });
    const original = new OriginalAws(account.ini, place.agent.url);
    place.agent.publicAddress = "127.0.0.1";
    try {
      await use(account, original, controlPort);
    } finally {
      original.close();
      await account.close();
    }
  });
}

const isLocked = (store: Store, id: string) =>
  until(async () => await store.get(collectionKeys(id).lock));

async function statusOf({ ini, bucket }: Account, id: string): Promise<string | undefined> {
  const client = new ECSClient({ ...CLIENT, endpoint: place.agent.url });
  const services = [`${bucket}_${id}_service`];
  const found = await client.send(new DescribeServicesCommand({ cluster: ini.cluster, services }));
  client.destroy();
  return found.services?.[0]?.status;
}

test(
  "a service of the original is listed, says how far it is, and is stopped as the original stops it",
  async (account, original, port) => {
    const { runner, store, bucket } = account;
    await original.service("live", { PORT: `${port}` });
    await isLocked(store, "live");
    const [running, ...others] = await Array.fromAsync(runner.running());
    assert.deepEqual([running?.collectionId, running?.bucket, others], ["live", bucket, []]);
    assert.equal(
      await until(async () => {
        const info = await runner.info("live");
        return info && info.tweets > 0 && info.tweets;
      }),
      1252,
    );
    await assert.rejects(runner.once({ collectionId: "live", flags: {} }), LockedError);
    await runner.stop("live");
    assert.notEqual(await statusOf(account, "live"), "ACTIVE");
    assert.equal(await store.get(collectionKeys("live").lock), null);
    assert.ok(await store.get(collectionKeys("live").lastHarvest), "It ended by itself");
    assert.deepEqual(place.agent.pids, []);
    await assert.rejects(runner.stop("live"), UserError);
  },
);

test(
  "a stream of the original is taken over: its service is stopped before ours is made",
  async (account, original, port) => {
    const { runner, store, job } = account;
    await original.service("live", { PORT: `${port}` });
    await isLocked(store, "live");
    const said: string[] = [];
    const started = await runner.start(job("live"), { say: (line) => said.push(line) });
    assert.match(said.join(), /^Replacing the service \S+_live_service of the Python original/);
    assert.notEqual(await statusOf(account, "live"), "ACTIVE");
    assert.ok(await store.get(collectionKeys("live").lastHarvest), "It ended by itself");
    await until(async () => await started.awaitedStep?.() === null);
    assert.equal(place.agent.pids.length, 1);
    await runner.stop("live");
    assert.equal((await ended(started)).exitCode, 0);
  },
);

test(
  "one that cannot be asked, and leaves its lock, is ended by SIGTERM and taken over all the same",
  async ({ runner, store, job }, original) => {
    place.agent.publicAddress = undefined;
    await original.service("live", { KILLED: "1" });
    await isLocked(store, "live");
    const started = await runner.start(job("live"));
    await until(async () => await started.awaitedStep?.() === null);
    await runner.stop("live");
  },
);

test("where ours cannot start, the original's goes on", async (account, original, port) => {
  const { runner, store, ini, job } = account;
  await original.service("live", { PORT: `${port}` });
  await isLocked(store, "live");
  delete ini.log_group;
  await assert.rejects(runner.start(job("live")), /log_group is not set/);
  assert.equal(await statusOf(account, "live"), "ACTIVE");
  assert.equal(place.agent.pids.length, 1);
});

test(
  "a task that a rule of the original started has no tags, and is found by its definition",
  async ({ runner, store }, original) => {
    place.agent.publicAddress = undefined;
    await original.scheduledTask("people");
    await isLocked(store, "people");
    const [running] = await Array.fromAsync(runner.running());
    assert.equal(running?.collectionId, "people");
    await runner.stop("people");
    assert.deepEqual(await Array.fromAsync(runner.running()), []);
  },
);

test(
  "a service of ours whose name is as the original's for another collection is left alone",
  async (account, original) => {
    const { runner, job, store } = account;
    place.agent.publicAddress = undefined;
    await runner.start(job("live_service"));
    await isLocked(store, "live_service");
    await assert.rejects(runner.stop("live"), UserError);
    await original.scheduledTask("live");
    await isLocked(store, "live");
    await runner.stop("live");
    const [left] = await Array.fromAsync(runner.running());
    assert.equal(left?.collectionId, "live_service");
  },
);

test("harvesters of all buckets of the cluster are listed where that is wanted", async (account) => {
  const other = await place.opened();
  for (const { runner, job, store } of [account, other]) {
    await runner.once(job("steady"));
    await isLocked(store, "steady");
  }
  const buckets = async (everywhere: boolean) =>
    (await Array.fromAsync(account.runner.running({ everywhere }))).map(({ bucket }) => bucket);
  assert.deepEqual(
    (await buckets(true)).filter((name) => [account.bucket, other.bucket].includes(name))
      .toSorted(),
    [account.bucket, other.bucket].toSorted(),
  );
  assert.deepEqual(await buckets(false), [account.bucket]);
  await other.close();
});
