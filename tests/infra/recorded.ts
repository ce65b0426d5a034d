/**
 * What each role of an installation asks AWS for: recorded while the program does it against moto, and for what AWS does
 * in its place, read from the task definitions and the schedules that the program makes.
 */

import assert from "node:assert/strict";
import { CreateServiceCommand, ECSClient } from "@aws-sdk/client-ecs";
import { z } from "zod";
import { parseBucket } from "../../lib/base/bucket_ref.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { harvestHere } from "../../lib/app/harvest_here.ts";
import { type SettingName, Settings } from "../../lib/base/settings.ts";
import { startSandbox } from "../../lib/sandbox/server.ts";
import { contextWith } from "../fakes/context.ts";
import { madeIdentity } from "../../lib/bucket/identity.ts";
import { findPlace } from "../../lib/store/place.ts";
import { TRAITS_KEY } from "../../lib/store/s3/traits.ts";
import { Collections } from "../../lib/bucket/collections.ts";
import { EcsCluster } from "../../lib/runner/ecs/client.ts";
import { EcsDefinitions } from "../../lib/runner/ecs/definitions.ts";
import { OWN_SERVICE, restOwnService } from "../../lib/runner/ecs/own_service.ts";
import { EcsSchedules } from "../../lib/runner/ecs/schedules.ts";
import { EcsTasks } from "../../lib/runner/ecs/tasks.ts";
import { awsName } from "../../lib/runner/ecs/task_definition.ts";
import { World } from "../../lib/sandbox/world.ts";
import { ParameterStore } from "../../lib/secrets/parameter_store.ts";
import { openStore } from "../../lib/store/open.ts";
import { withFolder } from "../fakes/folder.ts";
import { makeAccount } from "../peers/aws_account.ts";
import { MOTO_KEYS, MOTO_REGION, sharedMoto } from "../peers/moto.ts";
import type { Asked } from "./policies.ts";
import { ACCOUNT, RecordingAws, REGION } from "./recording_aws.ts";

/** The installation that the policies are rendered for. */
const [BUCKET, ID] = ["my.tweets", "my.collection-1"];
const CLUSTER = `arn:aws:ecs:${REGION}:cluster/twarc-cloud`;
const QUEUE = `arn:aws:sqs:${REGION}:twarc-cloud-dead-letters`;
const IMAGE = `${ACCOUNT}.dkr.ecr.${MOTO_REGION}.amazonaws.com/twarc-cloud`;
/** A part of an upload that is taken apart. */
const LARGE = 20 << 20;

/** What the roles ask for, by their names. */
export interface Recorded {
  task: Asked[];
  execution: Asked[];
  scheduler: Asked[];
}

/** Has the program do what each role is for, and returns what that asks for. */
export async function recorded(): Promise<Recorded> {
  const moto = await sharedMoto();
  await moto.reset();
  const aws = new RecordingAws(moto);
  try {
    const ini = { ...await makeAccount(moto, BUCKET), image: IMAGE, honeybadger_key: "x" };
    const access = {
      region: MOTO_REGION,
      endpoint: aws.url,
      storeEndpoint: aws.url,
      ...MOTO_KEYS,
    };
    const installed = new Installed(ini, access, aws);
    const definition = await installed.definition();
    const schedule = await installed.schedule(definition.arn);
    return {
      task: await installed.task(definition.service),
      execution: executionAsks(definition.made),
      scheduler: schedulerAsks(schedule, definition.made),
    };
  } finally {
    await aws.close();
    await moto.close();
  }
}

const definitionSchema = z.object({
  taskRoleArn: z.string(),
  executionRoleArn: z.string(),
  containerDefinitions: z.tuple([z.object({
    image: z.string(),
    environment: z.array(z.object({ name: z.string(), value: z.string() })),
    secrets: z.array(z.object({ valueFrom: z.string() })),
    logConfiguration: z.object({
      logDriver: z.literal("awslogs"),
      options: z.strictObject({
        "awslogs-group": z.string(),
        "awslogs-region": z.string(),
        "awslogs-stream-prefix": z.string(),
      }),
    }),
  })]),
});
type Definition = z.infer<typeof definitionSchema>;

const scheduleSchema = z.object({
  Target: z.object({
    Arn: z.string(),
    RoleArn: z.string(),
    EcsParameters: z.object({
      TaskDefinitionArn: z.string(),
      EnableECSManagedTags: z.boolean().optional(),
      PropagateTags: z.string().optional(),
    }),
    DeadLetterConfig: z.object({ Arn: z.string() }).optional(),
  }),
});
type MadeSchedule = z.infer<typeof scheduleSchema>;

/** How the program asks AWS. */
interface Access {
  region: string;
  endpoint: string;
  storeEndpoint: string;
  accessKey: string;
  secretKey: string;
}

/** What infra/ makes, as the program finds it. */
class Installed {
  readonly #ini: Record<string, string>;
  readonly #access: Access;
  readonly #aws: RecordingAws;

  constructor(
    ini: Record<string, string>,
    access: Access,
    aws: RecordingAws,
  ) {
    this.#ini = ini;
    this.#access = access;
    this.#aws = aws;
  }

  /** Registers the definition of a stream's task; as it was asked for. */
  async definition(): Promise<{ arn: string; service: string; made: Definition }> {
    const ini = this.#ini;
    const cluster = new EcsCluster("twarc-cloud", this.#access);
    const settings = {
      runner: "ecs" as const,
      aws: this.#access,
      get: (name: SettingName) => ini[name],
      require: (name: SettingName) => ini[name] ?? assert.fail(`${name} is not set`),
    };
    const definitions = new EcsDefinitions({
      bucket: BUCKET,
      cluster,
      tasks: new EcsTasks(cluster),
      settings,
      env: {},
    });
    const name = awsName(`${BUCKET}_${ID}`, 255);
    const calls = await this.#aws.during(() =>
      definitions.define({ collectionId: ID, flags: {} }, {
        shutdown: false,
        keepSecret: false,
        service: name,
      })
    );
    const call = calls.find(({ action }) => action === "ecs:RegisterTaskDefinition");
    const made = definitionSchema.parse(call?.body);
    const [container] = made.containerDefinitions;
    const own = container.environment.find(({ name }) => name === OWN_SERVICE);
    return { arn: call?.resource ?? "", service: own?.value ?? "", made };
  }

  /** Makes a schedule; as it was asked for. */
  async schedule(definition: string): Promise<MadeSchedule> {
    const options = { access: this.#access, clock: systemClock, deadLetters: QUEUE };
    const calls = await this.#aws.during(() =>
      new EcsSchedules(BUCKET, options).put(ID, { expression: "rate(7 days)" }, {
        cluster: CLUSTER,
        role: this.#ini.event_role_arn ?? "",
        definition,
        subnet: "subnet-1",
        securityGroup: "sg-1",
        spot: false,
      })
    );
    return scheduleSchema.parse(
      calls.find(({ action }) => action === "scheduler:CreateSchedule")?.body,
    );
  }

  /** Does what a task does: harvests with keys of Parameter Store, and ends its own service. */
  async task(service: string): Promise<Asked[]> {
    const bucket = parseBucket(BUCKET);
    const store = await openStore(bucket, this.#access);
    // As a person's command has left the bucket.
    await madeIdentity(store, { clock: systemClock, place: await findPlace(bucket, this.#access) });
    const search = { id: ID, type: "search", search: { query: "sandbox" } };
    await new Collections(store, systemClock).add({ ...search, keys: { profile: "main" } });
    const world = World.create({ clock: systemClock, users: 1, tweetsPerUser: 5 });
    const sandbox = startSandbox({ world });
    const keys = JSON.stringify(sandbox.keys);
    await new ParameterStore(BUCKET, this.#access).put("keys/main", keys);
    const ecs = new ECSClient({
      region: MOTO_REGION,
      endpoint: this.#access.endpoint,
      credentials: { accessKeyId: "testing", secretAccessKey: "testing" },
    });
    const [, serviceName] = service.split(" ");
    await ecs.send(
      new CreateServiceCommand({
        cluster: "twarc-cloud",
        serviceName,
        taskDefinition: awsName(`twarc-cloud_${BUCKET}_${ID}`, 255),
        desiredCount: 1,
      }),
    );
    ecs.destroy();
    const calls = this.#aws.during(async () => {
      await withFolder(async (parent) => {
        await this.#harvest(parent, sandbox.url.href);
        // A large file whose upload is not taken to its end.
        const path = `${parent}/large`;
        await Deno.writeFile(path, new Uint8Array(LARGE));
        this.#aws.refusesParts = true;
        const key = `collections/${ID}/harvests/2026/01/02/03/04/05/tweets-20260102030405.jsonl.gz`;
        const expected = { sha1: "", bytes: LARGE };
        await assert.rejects(store.upload(key, path, { expected }));
      });
      assert.equal(await restOwnService(service, this.#access), true);
    });
    const asked = await calls.finally(() => sandbox.close());
    // Of a store that is none of AWS's: moto has an address of its own.
    return asked.filter(({ resource }) => !resource.endsWith(`/${TRAITS_KEY}`));
  }

  /** Harvests as the program does in a container. @param api The address of the API. */
  async #harvest(parent: string, api: string): Promise<void> {
    const env = {
      AWS_ENDPOINT_URL: this.#access.endpoint,
      AWS_REGION: MOTO_REGION,
      HOME: parent,
      TWARC_CLOUD_SECRET: "secret",
      TWITTER_API_URL: api,
    };
    await Deno.writeTextFile(
      `${parent}/ini`,
      "[DEFAULT]\nrunner = ecs\naccess_key = testing\nsecret_key = testing\n",
    );
    const ini = { iniPath: `${parent}/ini` };
    const settings = await Settings.load({ bucket: `s3://${BUCKET}`, env, ...ini });
    const run = { settings, collectionId: ID, flags: {}, shutdown: true, port: 0, monitor: false };
    await harvestHere({ ...run, spool: `${parent}/spool` }, contextWith({ env }), false);
  }
}

/** What ECS asks for with the execution role, to start a container of a definition. */
function executionAsks({ containerDefinitions: [container] }: Definition): Asked[] {
  const { image, secrets, logConfiguration: { options } } = container;
  const stream = `${options["awslogs-stream-prefix"]}/harvester/0123456789abcdef`;
  const logs = `arn:aws:logs:${REGION}:log-group:${options["awslogs-group"]}:log-stream:${stream}`;
  const [, account, region, repository] =
    /^(\d+)\.dkr\.ecr\.([\w-]+)\.amazonaws\.com\/([^:@]+)/.exec(image) ??
      assert.fail(`${image} is not in ECR`);
  const pulled = ["BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer"];
  return [
    ...["CreateLogStream", "PutLogEvents"].map((what) => ({
      action: `logs:${what}`,
      resource: logs,
    })),
    ...secrets.map(({ valueFrom }) => ({
      action: "ssm:GetParameters",
      resource: `arn:aws:ssm:${REGION}:parameter${valueFrom}`,
    })),
    { action: "ecr:GetAuthorizationToken", resource: "*" },
    ...pulled.map((what) => ({
      action: `ecr:${what}`,
      resource: `arn:aws:ecr:${region}:${account}:repository/${repository}`,
    })),
  ];
}

/** What EventBridge Scheduler asks for to carry out a schedule. */
function schedulerAsks({ Target: target }: MadeSchedule, definition: Definition): Asked[] {
  const { EcsParameters: ecs, DeadLetterConfig: letters } = target;
  assert.equal(target.RoleArn, `arn:aws:iam::${ACCOUNT}:role/twarc-cloud-scheduler`);
  const isTagged = ecs.EnableECSManagedTags || ecs.PropagateTags !== undefined;
  return [
    {
      action: "ecs:RunTask",
      resource: ecs.TaskDefinitionArn,
      context: { "ecs:cluster": target.Arn },
    },
    ...(isTagged
      ? [{
        action: "ecs:TagResource",
        resource: `arn:aws:ecs:${REGION}:task/twarc-cloud/0123456789abcdef`,
        context: { "ecs:CreateAction": "RunTask" },
      }]
      : []),
    ...[definition.taskRoleArn, definition.executionRoleArn].map((resource) => ({
      action: "iam:PassRole",
      resource,
      context: { "iam:PassedToService": "ecs-tasks.amazonaws.com" },
    })),
    ...(letters ? [{ action: "sqs:SendMessage", resource: letters.Arn }] : []),
  ];
}
