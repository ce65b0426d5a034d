/** The walk of docs/moving.md, from the original's environment to ours, with the original's policies enforced. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { CreateClusterCommand, ECSClient } from "@aws-sdk/client-ecs";
import { isAllowedAnyway, type Statement } from "../infra/policies.ts";
import { type Ini, makeAccount } from "../peers/aws_account.ts";
import { EcsAgent } from "../peers/ecs_agent.ts";
import { type Moto, MOTO_REGION, sharedMoto } from "../peers/moto.ts";
import { OriginalAws } from "../peers/original_aws.ts";
import { ownEnv, shipped } from "../shipped.ts";
import { ROOT } from "../sources.ts";
import { inPlace, type Place, until } from "./program.ts";

const MOVE =
  /environment of the Python original: run the new Terraform first \(docs\/moving\.md\); your bucket and collections are kept\./;

let moto: Moto;
Deno.test.beforeAll(async () => {
  moto = await sharedMoto();
});
Deno.test.afterAll(() => moto.close());

/** The policies of the user that the original's Terraform makes: AWS's own three, as far as they matter here, and one. */
const ORIGINAL_USER: Statement[] = [
  ["s3:*"],
  ["ecs:*", "ec2:Describe*", "logs:FilterLogEvents", "logs:CreateLogGroup"],
  ["events:*"],
  ["iam:GetRole", "iam:PassRole"],
].map((actions) => ({ sid: "", actions, resources: ["*"], conditions: [] }));

function originalAllows(action: string): boolean {
  const resource = "arn:aws:ecs:eu-central-1:123456789012:task/twarc-cloud-cluster/x";
  return isAllowedAnyway(ORIGINAL_USER, { action, resource });
}

/** The ini that the original's Terraform gives, for the same account. */
function originalIni(ini: Ini): Ini {
  const { image: _, image_tag: __, ...rest } = ini;
  const role = (name: string) => `arn:aws:iam::123456789012:role/twarc-cloud-${name}`;
  return {
    ...rest,
    cluster: "twarc-cloud-cluster",
    task_role_arn: role("ecs-task-role"),
    task_execution_role_arn: role("ecs-task-execution-role"),
    event_role_arn: role("event-role"),
    image_tag: "version-1",
  };
}

async function useIni(place: Place, ini: Ini): Promise<void> {
  const rows = Object.entries(ini).map(([name, value]) => `${name} = ${value}`);
  await Deno.writeTextFile(place.path("twarc_cloud.ini"), `[DEFAULT]\n${rows.join("\n")}\n`);
}

async function inBothAccounts(
  use: (place: Place, agent: EcsAgent, inis: { old: Ini; new: Ini }) => Promise<void>,
): Promise<void> {
  const entrypoint = shipped(join(ROOT, "tests/fakes/image.ts"));
  const agent = new EcsAgent(moto, { entrypoint, env: ownEnv() });
  try {
    const ini = await makeAccount(moto, "tweets");
    const old = originalIni(ini);
    const credentials = { accessKeyId: "testing", secretAccessKey: "testing" };
    const ecs = new ECSClient({ region: MOTO_REGION, endpoint: moto.url, credentials });
    await ecs.send(new CreateClusterCommand({ clusterName: old.cluster }));
    ecs.destroy();
    await inPlace(async (place) => {
      Object.assign(place.env, agent.env);
      place.useOneProcess();
      const keys = Object.entries(place.sandbox.keys).map(([name, value]) => `${name} = ${value}`);
      await Deno.writeTextFile(place.path(".twarc"), `[main]\n${keys.join("\n")}\n`);
      await use(place, agent, { old, new: ini });
    });
  } finally {
    await agent.close();
  }
}

Deno.test("from the original's environment to ours: what it runs is seen and stopped, what it lacks is said, and all goes on here", () =>
  inBothAccounts(async (place, agent, inis) => {
    await useIni(place, inis.old);
    agent.trouble.allows = originalAllows;
    const [user] = [...place.sandbox.world.users.values()];
    assert.ok(user);
    const users = { [user.id]: { screen_name: user.screenName } };
    await place.addByCommand({ id: "people", type: "user_timeline", users });
    await place.addByCommand({ id: "live", type: "filter", filter: { track: "sandbox" } });
    const original = new OriginalAws(inis.old, moto.url);
    await original.rule("people", "rate(7 days)");
    original.close();
    const service = new OriginalAws(inis.old, agent.url);
    agent.trouble.allows = undefined;
    await service.service("live");
    service.close();
    agent.trouble.allows = originalAllows;

    // What runs is seen, and what its environment does not allow is said before anything is changed.
    await until(async () => /^live => .*RUNNING/.test(await place.ok("harvest", "list")));
    const scheduled = await place.ok("collection", "scheduled");
    assert.match(scheduled, /^tweets_people_schedule => rate\(7 days\)\n/);
    for (
      const args of [
        ["collection", "once", "people"],
        ["collection", "schedule", "people", "rate(7 days)"],
        ["collection", "filter-start", "live"],
        ["collection-config", "keys"],
      ]
    ) {
      const { code, out, err } = await place.run(...args);
      assert.deepEqual([code, out], [1, ""], `${args.join(" ")}: ${err}`);
      assert.match(err, MOVE, args.join(" "));
    }
    assert.match(await place.ok("harvest", "list"), /^live => .*RUNNING/);
    assert.equal(agent.pids.length, 1);

    // Stopped with the old ini.
    assert.equal(await place.ok("collection", "stop", "people"), "Stopped\n");
    assert.equal(await place.ok("collection", "scheduled"), "No scheduled collections.\n");
    const stopped = await place.ok("collection", "filter-stop", "live");
    assert.equal(stopped, "Stopping ...\nStopped\n");
    assert.equal(await place.ok("harvest", "list"), "No running harvests.\n");
    const again = await place.run("collection", "filter-stop", "live");
    assert.deepEqual([again.code, again.out], [1, ""], "Nothing is said to be stopping");

    // The new environment: the same bucket.
    await useIni(place, inis.new);
    agent.trouble.allows = undefined;
    await place.ok("collection-config", "download", "people");
    await place.ok("collection-config", "keys");
    await place.ok("collection-config", "update");
    const rate = ["collection", "schedule", "people", "rate(7 days)"];
    assert.equal(await place.ok(...rate), "Scheduled\n");
    await until(() => Promise.resolve(agent.pids.length === 0));
    assert.match(await place.ok("harvest", "last", "people"), /Tweets: 250\./);
    assert.equal(await place.ok("collection", "filter-start", "live"), "Started\n");
    assert.equal(await place.ok("collection", "filter-stop", "live"), "Stopping ...\nStopped\n");
    await place.ok("collection", "stop", "people");
  }));
