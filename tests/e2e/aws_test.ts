import assert from "node:assert/strict";
import process from "node:process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from "@aws-sdk/client-eventbridge";
import { DescribeTaskDefinitionCommand, ECSClient } from "@aws-sdk/client-ecs";
import config from "../../deno.json" with { type: "json" };
import { makeAccount } from "../peers/aws_account.ts";
import { EcsAgent } from "../peers/ecs_agent.ts";
import { type Moto, MOTO_REGION, startMoto } from "../peers/moto.ts";
import { idsOf, inPlace, type Place, tweetsOf, until } from "./program.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const PERMISSIONS = config.tasks["twarc-cloud"].command.split(" ").filter((word) =>
  word.startsWith("--allow-")
);

let moto: Moto;
Deno.test.beforeAll(async () => {
  moto = await startMoto();
});
Deno.test.afterAll(() => moto.close());

/** A place whose twarc_cloud.ini is that of an AWS account, with containers that run. */
async function inAccount(use: (place: Place, agent: EcsAgent) => Promise<void>): Promise<void> {
  await moto.reset();
  const { PATH = "", HOME = "", DENO_DIR } = process.env;
  const flags = ["--quiet", "--no-check", "--config", join(ROOT, "deno.json"), ...PERMISSIONS];
  const entrypoint = [Deno.execPath(), "run", ...flags, join(ROOT, "main.ts")];
  const env = { PATH, HOME, DENO_DIR: DENO_DIR ?? join(HOME, ".cache", "deno") };
  const agent = new EcsAgent(moto, { entrypoint, env });
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
    assert.equal(
      await place.ok("collection", "scheduled"),
      "tweets_test_collection_schedule => rate(7 days)\n",
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
    await place.ok("collection-config", "template", "filter", "--id=test_filter");
    const file = place.path("collection.json");
    const filled = (await Deno.readTextFile(file)).replace(/"<Rule[^"]*"/, '"sandbox"');
    await Deno.writeTextFile(file, filled);
    await place.ok("collection-config", "keys");
    await place.ok("collection", "add");
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

Deno.test("a harvest that fails in its container tells why, and so does its log", () =>
  inAccount(async (place) => {
    await place.ok("collection-config", "template", "search", "--id=find");
    const file = place.path("collection.json");
    const filled = (await Deno.readTextFile(file)).replace(/"<Query>"/, '"sandbox"');
    await Deno.writeTextFile(file, filled);
    await place.ok("collection-config", "keys");
    await place.ok("collection", "add");
    place.sandbox.troubles.add({ kind: "credits", path: "search/recent" });
    const { code, err } = await place.run("collection", "once", "find", "--wait");
    assert.equal(code, 1);
    assert.match(err, /credits/);
    assert.match(await place.ok("harvest", "logs", "find"), /Error: .*credits/);
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
      "tweets_old_schedule => rate(7 days)\n",
    );
    assert.equal(await place.ok("collection", "stop", "old"), "Stopped\n");
    assert.equal(await place.ok("collection", "scheduled"), "No scheduled collections.\n");
  }));
