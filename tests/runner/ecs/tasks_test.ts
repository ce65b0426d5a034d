import assert from "node:assert/strict";
import { ECSClient, RegisterTaskDefinitionCommand } from "@aws-sdk/client-ecs";
import { EcsCluster } from "../../../lib/runner/ecs/client.ts";
import { tagsFor } from "../../../lib/runner/ecs/task_definition.ts";
import { EcsTasks } from "../../../lib/runner/ecs/tasks.ts";
import { makeAccount } from "../../peers/aws_account.ts";
import { type Moto, MOTO_KEYS, MOTO_REGION, sharedMoto } from "../../peers/moto.ts";

let moto: Moto;
Deno.test.beforeAll(async () => {
  moto = await sharedMoto();
});
Deno.test.afterAll(() => moto.close());

Deno.test("a task that has ended does not run, though it is still wanted as far as ECS says", async () => {
  await moto.reset();
  const { subnet = "", security_group: securityGroup = "" } = await makeAccount(moto, "tweets");
  const access = { region: MOTO_REGION, endpoint: moto.url, ...MOTO_KEYS };
  const client = new ECSClient({
    region: MOTO_REGION,
    endpoint: moto.url,
    credentials: { accessKeyId: "testing", secretAccessKey: "testing" },
  });
  await client.send(
    new RegisterTaskDefinitionCommand({
      family: "f",
      requiresCompatibilities: ["FARGATE"],
      networkMode: "awsvpc",
      cpu: "256",
      memory: "512",
      containerDefinitions: [{ name: "harvester", image: "x", memory: 512 }],
    }),
  );
  client.destroy();
  const tasks = new EcsTasks(new EcsCluster("twarc-cloud", access));
  const place = { subnet, securityGroup, spot: false };
  const arn = await tasks.run("f", { place, tags: tagsFor("tweets", "c"), command: undefined });
  const statuses = new Set<string>();
  for (let look = 0; look < 8; look++) {
    const [task] = await tasks.describe([arn]);
    statuses.add(`${task?.status} ${task?.isWanted}`);
    const listed = await Array.fromAsync(tasks.list("tweets"));
    const running = listed.map(({ status }) => status);
    assert.ok(running.every((one) => one === "RUNNING" || one === "PENDING"), running.join());
  }
  assert.ok(statuses.has("STOPPED false"), [...statuses].join());
});
