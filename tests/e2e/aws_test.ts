import assert from "node:assert/strict";
import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from "@aws-sdk/client-eventbridge";
import { DescribeTaskDefinitionCommand, ECSClient } from "@aws-sdk/client-ecs";
import { makeAccount } from "../peers/aws_account.ts";
import { makeQueue } from "../peers/dead_letters.ts";
import { EcsAgent } from "../peers/ecs_agent.ts";
import { type Moto, MOTO_REGION, sharedMoto } from "../peers/moto.ts";
import { DeleteParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { ownEnv, shipped } from "../shipped.ts";
import { takeLiterally } from "./hints.ts";
import { idsOf, inPlace, type Place, tweetsOf, until } from "./program.ts";

let moto: Moto;
Deno.test.beforeAll(async () => {
  moto = await sharedMoto();
});
Deno.test.afterAll(() => moto.close());

/** A place whose twarc_cloud.ini is that of an AWS account, with containers that run. */
async function inAccount(
  use: (place: Place, agent: EcsAgent) => Promise<void>,
  image?: string[],
): Promise<void> {
  await moto.reset();
  const entrypoint = image ?? shipped();
  const agent = new EcsAgent(moto, { entrypoint, env: ownEnv() });
  try {
    const ini = await makeAccount(moto, "tweets");
    await inPlace(async (place) => {
      Object.assign(place.env, agent.env);
      place.useOneProcess();
      const rows = Object.entries(ini).map(([name, value]) => `${name} = ${value}`);
      await Deno.writeTextFile(place.path("twarc_cloud.ini"), `[DEFAULT]\n${rows.join("\n")}\n`);
      const keys = Object.entries(place.sandbox.keys).map(([name, value]) => `${name} = ${value}`);
      await Deno.writeTextFile(place.path(".twarc"), `[main]\n${keys.join("\n")}\n`);
      await use(place, agent);
    });
  } finally {
    await agent.close();
  }
}

async function downloaded(place: Place, id: string): Promise<string[]> {
  await place.ok("collection", "download", id);
  const lines: string[] = [];
  const look = async (folder: string) => {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      if (isDirectory) await look(`${folder}/${name}`);
      else if (name === "manifest-sha1.txt") lines.push(...await tweetsOf(folder));
    }
  };
  await look(place.path("download", "tweets", "collections", id, "harvests"));
  return lines;
}

Deno.test("the quick start of the documents, from the template to the download and the stop", () =>
  inAccount(async (place, agent) => {
    const [first, second] = [...place.sandbox.world.users.values()];
    assert.ok(first && second);
    assert.equal(await place.ok("harvest", "list"), "No running harvests.\n");
    const template = ["collection-config", "template", "user_timeline", "--api", "1.1"];
    await place.ok(...template, "--id=test_collection");
    assert.equal(
      await place.ok("collection-config", "credentials"),
      "Added credentials to collection.json.\n",
    );
    const file = await Deno.readTextFile(place.path("collection.json"));
    assert.ok(
      !file.includes(place.sandbox.keys.consumer_secret),
      "The keys are in Parameter Store",
    );
    assert.match(file, /"profile": "main"/);
    assert.match(await place.ok("collection", "add"), /^Collection added\./);
    const names = [`@${first.screenName}`, second.screenName, "nobody_has_this"];
    assert.match(
      await place.ok("collection-config", "screennames", ...names),
      /not found:\nnobody_has_this/,
    );
    await place.ok("collection-config", "update");
    const schedule = ["collection", "schedule", "test_collection", "rate(7 days)"];
    assert.equal(await place.ok(...schedule), "Scheduled\n");
    assert.match(
      await place.ok("collection", "scheduled"),
      /^tweets_test_collection_schedule => rate\(7 days\)\n {2}.*last harvest: \S.*\n$/,
    );
    await until(() => Promise.resolve(agent.pids.length === 0));
    const last = await place.ok("harvest", "last", "test_collection");
    assert.match(last, /^test_collection => Bucket: tweets\. Harvest timestamp: .* Tweets: 500\./);
    assert.match(
      await place.ok("harvest", "logs", "test_collection"),
      /info harvest: Harvested 500/,
    );
    const ids = idsOf(await downloaded(place, "test_collection"));
    assert.equal(new Set(ids).size, 500);
    assert.equal(ids.length, 500);
    assert.equal(await place.ok("collection", "stop", "test_collection"), "Stopped\n");
    assert.equal(await place.ok("collection", "scheduled"), "No scheduled collections.\n");

    const described = await definition(agent, "twarc-cloud_tweets_test_collection");
    assert.ok(!JSON.stringify(described).includes(place.sandbox.keys.consumer_secret));
    assert.equal(described?.revision, 1, "Starting it twice registered it once");
  }));

async function definition(agent: EcsAgent, taskDefinition: string) {
  const credentials = { accessKeyId: "testing", secretAccessKey: "testing" };
  const client = new ECSClient({ region: MOTO_REGION, endpoint: agent.url, credentials });
  const found = await client.send(new DescribeTaskDefinitionCommand({ taskDefinition }));
  client.destroy();
  return found.taskDefinition;
}

Deno.test("a filter collection is started as a service, watched, and stopped", () =>
  inAccount(async (place, agent) => {
    await addFilter(place, "test_filter");
    assert.equal(await place.ok("collection", "filter-start", "test_filter"), "Started\n");
    await until(() => Promise.resolve(place.sandbox.filtered.size > 0));
    const posted = place.post(5);
    await until(async () => {
      const out = await place.ok("harvest", "running", "test_filter", "--json");
      return JSON.parse(out).tweets === 5;
    });
    assert.match(
      await place.ok("harvest", "list"),
      /^test_filter => Bucket: tweets\. Status: RUNNING/,
    );
    const again = await place.run("collection", "filter-start", "test_filter");
    assert.equal(again.code, 1);
    assert.match(again.err, /test_filter is being harvested/);
    assert.equal(
      await place.ok("collection", "filter-stop", "test_filter"),
      "Stopping ...\nStopped\n",
    );
    assert.deepEqual(agent.pids, []);
    assert.equal(await place.ok("harvest", "list"), "No running harvests.\n");
    const lines = await downloaded(place, "test_filter");
    const ids = lines.map((line) => String(JSON.parse(line).data.id));
    assert.deepEqual(ids.toSorted(), posted.toSorted());
  }));

Deno.test("on AWS too cron waits, the same schedule starts nothing twice, and stop leaves what runs until --now", () =>
  inAccount(async (place, agent) => {
    await place.addByCommand({ id: "find", type: "search", search: { query: "sandbox" } });
    await place.ok("collection-config", "keys");
    await place.ok("collection-config", "update");
    const schedule = async (expression: string) => {
      const { code, out, err } = await place.run("collection", "schedule", "find", expression);
      assert.deepEqual([code, out], [0, "Scheduled\n"], err);
      return err;
    };
    assert.match(await schedule("cron(0 10 * * ? *)"), /next at 20\S+T10:00:00\.000Z/);
    assert.deepEqual(agent.pids, []);
    place.sandbox.troubles.add({ kind: "stall", path: "search" });
    const first = await schedule("rate(7 days)");
    const { pids } = agent;
    assert.equal(pids.length, 1);
    const again = await schedule("rate(7 days)");
    assert.match(again, /already in force: nothing was started/);
    const next = /next at \S+/;
    assert.equal(next.exec(again)?.[0], next.exec(first)?.[0]);
    assert.deepEqual(agent.pids, pids);
    assert.equal(await place.ok("collection", "stop", "find"), "Stopped\n");
    assert.equal(await place.ok("collection", "scheduled"), "No scheduled collections.\n");
    assert.match(await place.ok("harvest", "list"), /^find => .*RUNNING$/m);
    assert.equal(agent.pids.length, 1);
    assert.equal(await place.ok("collection", "stop", "--now", "find"), "Stopped\n");
    assert.deepEqual(agent.pids, []);
  }));

Deno.test("a harvest that fails in its container tells why, and so does its log", () =>
  inAccount(async (place) => {
    await place.ok("collection-config", "template", "search", "--id=find");
    const file = place.path("collection.json");
    const filled = (await Deno.readTextFile(file)).replace(/"<Query>"/, '"sandbox"');
    await Deno.writeTextFile(file, filled);
    await place.ok("collection-config", "keys");
    await place.ok("collection", "add");
    place.sandbox.troubles.add({ kind: "credits", path: "search/recent" });
    const { code, err } = await place.run("collection", "once", "find", "--wait", "--yes");
    assert.equal(code, 1);
    assert.match(err, /credits/);
    assert.match(await place.ok("harvest", "logs", "find"), /Error: .*credits/);
  }));

/** Adds a filter collection, with its keys in Parameter Store. */
async function addFilter(place: Place, id: string): Promise<void> {
  await place.ok("collection-config", "template", "filter", `--id=${id}`, "--yes");
  const file = place.path("collection.json");
  const filled = (await Deno.readTextFile(file)).replace(/"<Rule[^"]*"/, '"sandbox"');
  await Deno.writeTextFile(file, filled);
  await place.ok("collection-config", "keys");
  await place.ok("collection", "add");
}

/** Adds a collection `find`, as a person does. */
async function addSearch(place: Place): Promise<void> {
  await place.ok("collection-config", "template", "search", "--api", "1.1", "--id=find");
  const config = JSON.parse(await Deno.readTextFile(place.path("collection.json")));
  await place.writeJson("collection.json", { ...config, search: { query: "sandbox" } });
  await place.ok("collection-config", "keys");
  await place.ok("collection", "add");
}

Deno.test("a container that ends without an error, and has harvested nothing, is not called started", () =>
  inAccount(async (place) => {
    await addSearch(place);
    const { code, out, err } = await place.run("collection", "once", "find");
    assert.equal(code, 3, out);
    assert.doesNotMatch(out, /Started/);
    assert.match(
      err,
      /ended without an error and without a harvest.*`image`.*harvest logs find/,
    );
  }, [Deno.execPath(), "eval", "--quiet", "0"]));

Deno.test("a run that AWS could not start is shown with its schedule, and what to do", () =>
  inAccount(async (place) => {
    const { arn, send, close } = await makeQueue(moto.url, "twarc-cloud-dead-letters");
    const ini = place.path("twarc_cloud.ini");
    await Deno.writeTextFile(ini, `dead_letter_queue = ${arn}\n`, { append: true });
    await addSearch(place);
    await place.ok("collection", "schedule", "find", "cron(0 10 * * ? *)");
    const due = { schedule: "twarc-cloud_tweets/find", at: "2026-11-02T10:00:00Z" };
    await send([{ ...due, code: "AccessDeniedException", message: "Not authorized: ecs:RunTask" }]);
    close();
    assert.match(
      await place.ok("collection", "scheduled"),
      /\n {2}The run of 2026-11-02T10:00:00\.000Z was not started: AccessDeniedException: Not [^]*RunTask\n {2}Look at event_role_arn [^]*\n {2}Then: twarc-cloud collection once find\n$/,
    );
    const [{ not_started }] = JSON.parse(await place.ok("collection", "scheduled", "--json"));
    assert.deepEqual([not_started.times, not_started.last], [1, "2026-11-02T10:00:00.000Z"]);
    assert.equal(await place.ok("collection", "once", "find"), "Started\n");
    await until(async () => (await place.run("harvest", "last", "find")).code === 0);
    await Deno.writeTextFile(ini, (await Deno.readTextFile(ini)).replace(arn, `${arn}-gone`));
    const { code, out, err } = await place.run("collection", "scheduled");
    assert.equal(code, 0, err);
    assert.match(out, /^tweets_find_schedule => cron/);
    assert.match(err, /Could not check whether each run was started: Looking at the queue/);
  }));

Deno.test("what cannot start is not called started: the reason is shown, nothing of it stays, and it is listed as failing", () =>
  inAccount(async (place, agent) => {
    await addFilter(place, "stream");
    agent.cannotStart = "CannotPullContainerError: image example/twarc-cloud:latest not found";
    const { code, out, err } = await place.run("collection", "filter-start", "stream");
    assert.equal(code, 3);
    assert.equal(out, "");
    assert.match(err, /Error: The task could not start: CannotPullContainerError: image example/);
    assert.match(err, /Of the service: \(service tweets_stream\) deployment failed/);
    const why = /stream has failed 3 times since 2\d{3}-.*: The task could not start: CannotPull/;
    const listed = await place.ok("collection", "list");
    assert.match(listed, /^Collections:\nstream \(has failed 3 times since .*CannotPull.*\)\n$/);
    assert.match((await place.run("harvest", "list")).err, why);
    const running = await place.run("harvest", "running", "stream");
    assert.equal(running.code, 1);
    assert.match(
      running.err,
      /No harvest of stream is running, and it has failed 3 times since .*CannotPull/,
    );
    for (const command of ["last", "logs"]) {
      assert.match((await place.run("harvest", command, "stream")).err, why, command);
    }
    agent.cannotStart = undefined;
    assert.equal(await place.ok("collection", "filter-start", "stream"), "Started\n");
    assert.equal(
      await place.ok("collection", "list"),
      "Collections:\nstream\n",
      "What failed before the harvest that goes on is over",
    );
    await place.ok("collection", "filter-stop", "stream");
  }));

Deno.test("keys of another person stay: both fingerprints and the collections are shown, and how to go on", () =>
  inAccount(async (place) => {
    await place.addByCommand({ id: "find", type: "search", search: { query: "sandbox" } });
    await place.ok("collection-config", "keys");
    await place.ok("collection-config", "update");
    const file = await Deno.readTextFile(place.path("collection.json"));
    const other = ["consumer_key = k", "consumer_secret = s"];
    const rows = ["[main]", ...other, "[ben]", ...other];
    await Deno.writeTextFile(place.path(".twarc"), `${rows.join("\n")}\n`);
    const { code, err } = await place.run("collection-config", "keys");
    assert.equal(code, 1);
    assert.match(
      err,
      /Other keys are in the parameter \/twarc-cloud\/tweets\/keys\/main: sha256:\w{8} since 2\d{3}-.*Z, stored by .* \(yours are sha256:\w{8}\)\. 1 collection uses them: find\. Keep yours .*--profile NAME.*--yes/,
    );
    assert.equal(await Deno.readTextFile(place.path("collection.json")), file);
    await place.ok("collection", "once", "find", "--wait");
    await place.ok("collection-config", "keys", "--profile", "ben");
    assert.match(await Deno.readTextFile(place.path("collection.json")), /"profile": "ben"/);
    const replaced = await place.run("collection-config", "keys", "--yes");
    assert.equal(replaced.code, 0);
    assert.match(replaced.err, /1 collection uses them: find\. Yours replace them/);
  }));

Deno.test("the only profile that there is keeps its name in Parameter Store, beside others' main", () =>
  inAccount(async (place) => {
    await place.addByCommand({ id: "find", type: "search", search: { query: "sandbox" } });
    await Deno.writeTextFile(place.path(".twarc"), "[ben]\nbearer_token = b\n");
    const { err } = await place.run("collection-config", "keys");
    assert.match(err, /parameter \/twarc-cloud\/tweets\/keys\/ben/);
  }));

Deno.test("a region that only ~/.aws/config has is the task's as well, and without one the command says how to set it", () =>
  inAccount(async (place, agent) => {
    await place.addByCommand({ id: "find", type: "search", search: { query: "sandbox" } });
    const ini = place.path("twarc_cloud.ini");
    const rows = await Deno.readTextFile(ini);
    await Deno.writeTextFile(ini, rows.replace(/^region = .*\n/m, ""));
    delete place.env.AWS_REGION;
    const once = ["collection", "schedule", "find", "rate(7 days)"];
    const decoder = new TextDecoder();
    const none = await place.spawn(once).output();
    assert.equal(none.code, 1);
    assert.match(
      decoder.decode(none.stderr),
      /no AWS region is set\. Set region in twarc_cloud\.ini/,
    );
    await Deno.mkdir(place.path(".aws"));
    await Deno.writeTextFile(
      place.path(".aws", "config"),
      `[default]\nregion = ${MOTO_REGION}\n`,
    );
    const some = await place.spawn(once).output();
    assert.equal(decoder.decode(some.stdout), "Scheduled\n", decoder.decode(some.stderr));
    const [container] =
      (await definition(agent, "twarc-cloud_tweets_find"))?.containerDefinitions ??
        [];
    assert.equal(container?.logConfiguration?.options?.["awslogs-region"], MOTO_REGION);
    const region = container?.environment?.find(({ name }) => name === "AWS_REGION");
    assert.equal(region?.value, MOTO_REGION);
  }));

Deno.test("a rule that the Python original made is listed, and can be stopped", () =>
  inAccount(async (place, agent) => {
    const credentials = { accessKeyId: "testing", secretAccessKey: "testing" };
    const client = new EventBridgeClient({ region: MOTO_REGION, endpoint: agent.url, credentials });
    const Name = "tweets_old_schedule";
    await client.send(new PutRuleCommand({ Name, ScheduleExpression: "rate(7 days)" }));
    const Arn = "arn:aws:ecs:eu-central-1:123456789012:cluster/twarc-cloud";
    await client.send(new PutTargetsCommand({ Rule: Name, Targets: [{ Id: "1", Arn }] }));
    client.destroy();
    await place.addByCommand({ id: "old", type: "search", search: { query: "sandbox" } });
    assert.equal(
      await place.ok("collection", "scheduled"),
      "tweets_old_schedule => rate(7 days)\n  every 7 days, last harvest: none yet\n",
    );
    assert.equal(await place.ok("collection", "stop", "old"), "Stopped\n");
    assert.equal(await place.ok("collection", "scheduled"), "No scheduled collections.\n");
  }));

Deno.test("each command that an error names on AWS solves it, done literally", () =>
  inAccount(async (place) => {
    await addSearch(place);
    await takeLiterally(place, [
      {
        name: "there is no log",
        run: ["harvest", "logs", "find"],
        hints: ["collection once find"],
        byHand: () =>
          until(async () => await place.ok("harvest", "list") === "No running harvests.\n"),
      },
      {
        name: "the keys in Parameter Store are gone",
        before: async () => {
          const credentials = { accessKeyId: "testing", secretAccessKey: "testing" };
          const client = new SSMClient({ endpoint: moto.url, region: MOTO_REGION, credentials });
          await client.send(new DeleteParameterCommand({ Name: "/twarc-cloud/tweets/keys/main" }));
          client.destroy();
        },
        run: ["collection", "once", "find", "--wait"],
        hints: ["collection-config keys --profile main"],
      },
    ]);
  }));
