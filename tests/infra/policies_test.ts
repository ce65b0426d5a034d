import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { controlSecretName } from "../../lib/secrets/control_secret.ts";
import { awsName, familyFor } from "../../lib/runner/ecs/task_definition.ts";
import { ParameterStore } from "../../lib/secrets/parameter_store.ts";
import { sources } from "../sources.ts";
import { type Asked, asked, isAllowedAnyway, policies, type Statement } from "./policies.ts";
import { recorded } from "./recorded.ts";

const LIB = fileURLToPath(new URL("../../lib", import.meta.url));
const BUCKET = "my.tweets";
const ID = "my.collection-1";
const REGION = "eu-central-1:123456789012";

const cluster = `arn:aws:ecs:${REGION}:cluster/twarc-cloud`;
const definition = `arn:aws:ecs:${REGION}:task-definition/${familyFor(BUCKET, ID)}:7`;
const task = `arn:aws:ecs:${REGION}:task/twarc-cloud/0123456789abcdef`;
const service = `arn:aws:ecs:${REGION}:service/twarc-cloud/${awsName(`${BUCKET}_${ID}`, 255)}`;
const group = awsName(`twarc-cloud_${BUCKET}`, 64);
const schedule = `arn:aws:scheduler:${REGION}:schedule/${group}/${awsName(ID, 64)}`;
const scheduleGroup = `arn:aws:scheduler:${REGION}:schedule-group/${group}`;
const rule = `arn:aws:events:${REGION}:rule/${BUCKET}_${ID}_schedule`;
const queue = `arn:aws:sqs:${REGION}:twarc-cloud-dead-letters`;
const object = `arn:aws:s3:::${BUCKET}/collections/${ID}/collection.json`;
const harvest =
  `arn:aws:s3:::${BUCKET}/collections/${ID}/harvests/2026/01/02/03/04/05/tweets-20260102030405.jsonl.gz`;
const identity = `arn:aws:s3:::${BUCKET}/twarc-cloud.json`;
const readme = `arn:aws:s3:::${BUCKET}/README.md`;
const list = { resource: `arn:aws:s3:::${BUCKET}`, context: { "s3:prefix": "collections/" } };
const logs = `arn:aws:logs:${REGION}:log-group:twarc-cloud-container:log-stream:`;
const role = (name: string) => `arn:aws:iam::123456789012:role/twarc-cloud-${name}`;

const parameters = new ParameterStore(BUCKET, { region: "eu-central-1" });
const parameter = (name: string) => `arn:aws:ssm:${REGION}:parameter${parameters.nameFor(name)}`;
const [keys, secret, honeybadger] = [
  parameter("keys/main"),
  parameter(controlSecretName(ID)),
  parameter("honeybadger-key-01234567"),
];

const inCluster = { "ecs:cluster": cluster };
const created = (by: string) => ({ "ecs:CreateAction": by });
const passed = (to: string) => ({ "iam:PassedToService": `${to}.amazonaws.com` });

/** What a command of the SDK needs: the actions are named as the commands, but for these. */
const ACTIONS: Record<string, string[]> = {
  "s3:ListObjectsV2": ["s3:ListBucket"],
  "s3:HeadObject": ["s3:GetObject"],
  "s3:ListObjectVersions": ["s3:ListBucketVersions"],
  "s3:DeleteObjects": ["s3:DeleteObjectVersion"],
  "s3:GetBucketLifecycleConfiguration": ["s3:GetLifecycleConfiguration"],
  "sqs:ChangeMessageVisibilityBatch": ["sqs:ChangeMessageVisibility"],
  "s3:Upload": ["s3:PutObject", "s3:AbortMultipartUpload"],
};
/** The prefixes of actions, by the client's package. */
const SERVICES: Record<string, string> = {
  "client-cloudwatch-logs": "logs",
  "client-eventbridge": "events",
  "lib-storage": "s3",
};

/** What taking out tweets asks for, which a versioned bucket would keep. */
const OLD_VERSIONS: Asked[] = [
  { action: "s3:DeleteObjectVersion", resource: harvest },
  { action: "s3:ListBucketVersions", ...list },
  { action: "s3:GetLifecycleConfiguration", ...list },
];

/** What a person asks for at a bucket's head; a harvester reads which bucket it is. */
const HEAD: Asked[] = [identity, readme].flatMap((resource) => [
  { action: "s3:GetObject", resource },
  { action: "s3:PutObject", resource },
]);

/** What a person's commands ask for, on which resource. */
const PERSON: Asked[] = [
  { action: "s3:GetObject", resource: object },
  { action: "s3:PutObject", resource: object },
  { action: "s3:DeleteObject", resource: object },
  { action: "s3:AbortMultipartUpload", resource: object },
  { action: "s3:ListBucket", ...list },
  ...OLD_VERSIONS,
  ...HEAD,
  ...[keys, secret, honeybadger].flatMap((resource) => [
    { action: "ssm:GetParameter", resource },
    { action: "ssm:PutParameter", resource },
  ]),
  { action: "ssm:GetParameterHistory", resource: keys },
  { action: "ssm:DeleteParameter", resource: secret },
  { action: "ec2:DescribeNetworkInterfaces", resource: "*" },
  { action: "ecs:DescribeTaskDefinition", resource: "*" },
  { action: "ecs:RegisterTaskDefinition", resource: definition },
  { action: "ecs:RunTask", resource: definition, context: inCluster },
  { action: "ecs:ListTasks", resource: "*", context: inCluster },
  { action: "ecs:ListServices", resource: "*", context: inCluster },
  { action: "ecs:DescribeClusters", resource: cluster },
  { action: "ecs:DescribeTasks", resource: task },
  { action: "ecs:StopTask", resource: task },
  { action: "ecs:CreateService", resource: service },
  { action: "ecs:DescribeServices", resource: service },
  { action: "ecs:UpdateService", resource: service },
  { action: "ecs:DeleteService", resource: service },
  { action: "ecs:TagResource", resource: task, context: created("RunTask") },
  { action: "ecs:TagResource", resource: service, context: created("CreateService") },
  { action: "ecs:TagResource", resource: definition, context: created("RegisterTaskDefinition") },
  { action: "iam:PassRole", resource: role("task"), context: passed("ecs-tasks") },
  { action: "iam:PassRole", resource: role("execution"), context: passed("ecs-tasks") },
  { action: "iam:PassRole", resource: role("scheduler"), context: passed("scheduler") },
  ...["Create", "Delete", "Get", "Update"].map((what) => ({
    action: `scheduler:${what}Schedule`,
    resource: schedule,
  })),
  { action: "scheduler:ListSchedules", resource: "*" },
  { action: "scheduler:CreateScheduleGroup", resource: scheduleGroup },
  { action: "scheduler:GetScheduleGroup", resource: scheduleGroup },
  { action: "sqs:GetQueueUrl", resource: queue },
  { action: "sqs:ReceiveMessage", resource: queue },
  { action: "sqs:ChangeMessageVisibility", resource: queue },
  { action: "events:ListRules", resource: "*" },
  { action: "events:DeleteRule", resource: rule },
  { action: "events:ListTargetsByRule", resource: rule },
  { action: "events:RemoveTargets", resource: rule },
  // AWS writes a log group's name both ways.
  { action: "logs:FilterLogEvents", resource: logs },
  { action: "logs:FilterLogEvents", resource: logs.replace(/:log-stream:$/, "") },
];

/** The actions that the code's commands of the SDK need. */
async function actionsOfCode(): Promise<Set<string>> {
  const found = new Set<string>();
  for (const path of await sources(LIB)) {
    const text = await Deno.readTextFile(path);
    const packages = [...text.matchAll(/"@aws-sdk\/([\w-]+)"/g)].map(([, name = ""]) => name);
    const service = packages.map((name) => SERVICES[name] ?? name.replace("client-", ""));
    for (const [, command = ""] of text.matchAll(/new (?:sdk\.)?(\w+?)(?:Command)?\(/g)) {
      const isCommand = text.includes(`${command}Command`) ||
        (command === "Upload" && packages.includes("lib-storage"));
      if (!isCommand) continue;
      const owner = serviceOf(command, text, service);
      for (const action of ACTIONS[`${owner}:${command}`] ?? [`${owner}:${command}`]) {
        found.add(action);
      }
    }
  }
  return found;
}

/** Of a file that has several clients, the one that a command is of: an import names both. */
function serviceOf(command: string, text: string, services: string[]): string {
  const [first = ""] = services;
  if (new Set(services).size < 2) return first;
  const named = new RegExp(`\\{[^}]*\\b${command}(?:Command)?\\b[^}]*\\}[^"]*"@aws-sdk/([\\w-]+)"`);
  const [, name] = named.exec(text) ?? [];
  if (name) return SERVICES[name] ?? name.replace("client-", "");
  // Of a client that is imported whole: the last one before the command.
  const before = text.slice(0, text.indexOf(`sdk.${command}Command`));
  const [, last = ""] = [...before.matchAll(/import\("@aws-sdk\/([\w-]+)"\)/g)].at(-1) ?? [];
  return SERVICES[last] ?? last.replace("client-", "");
}

/** What AWS asks for on behalf of who registers, runs and schedules. */
const IMPLIED = ["iam:PassRole", "ecs:TagResource"];

/** What a role asks for. */
async function wantedBy(name: Role): Promise<Asked[]> {
  if (name === "person") return PERSON;
  return (await (all ??= recorded()))[name];
}
let all: ReturnType<typeof recorded> | undefined;

type Role = "person" | "task" | "execution" | "scheduler";
const ROLES: Role[] = ["person", "task", "execution", "scheduler"];

async function statementsOf(name: Role): Promise<Statement[]> {
  return (await policies()).get(name) ?? assert.fail("It is not there");
}

/** Returns what a policy refuses of what is asked for, and what it grants that nobody asks for. */
async function judged(
  statements: Statement[],
  wanted: Asked[],
): Promise<{ refused: unknown[]; unused: string[] }> {
  const unused = new Set(statements.flatMap(({ actions, resources }, n) => [
    ...actions.map((action) => `${n} ${action}`),
    ...resources.map((resource) => `${n} ${resource}`),
  ]));
  const refused: unknown[] = [];
  for (const one of distinct(wanted)) {
    const { isAllowed, errors, by } = await asked(statements, one);
    if (!isAllowed) refused.push([one, errors]);
    for (const { statement, resources } of by) {
      for (const used of [one.action, ...resources]) unused.delete(`${statement} ${used}`);
    }
  }
  return { refused, unused: [...unused] };
}

/** Each once: a harvest asks for the same many times. */
function distinct(wanted: Asked[]): Asked[] {
  const one = ({ action, resource, context }: Asked) => ({
    action,
    resource,
    ...(context ? { context } : {}),
  });
  return [...new Map(wanted.map(one).map((asked) => [JSON.stringify(asked), asked])).values()];
}

for (const name of ROLES) {
  Deno.test(`the policy of ${name} allows all that is asked for, and nothing that is not`, async () => {
    const statements = await statementsOf(name);
    const sids = statements.map(({ sid }) => sid);
    assert.deepEqual(
      sids.filter((sid, i) => sids.indexOf(sid) < i),
      [],
      "IAM takes each name once",
    );
    const { refused, unused } = await judged(statements, await wantedBy(name));
    assert.deepEqual(refused, []);
    assert.deepEqual(unused, [], "Nobody asks for these");
  });

  Deno.test(`a policy of ${name} that lacks an action or a resource, or has one more, is found out`, async () => {
    const statements = await statementsOf(name);
    const wanted = await wantedBy(name);
    const changed = (n: number, change: Partial<Statement>) =>
      statements.map((one, i) => i === n ? { ...one, ...change } : one);
    for (const [n, { sid, actions, resources }] of statements.entries()) {
      for (const action of actions) {
        const less = changed(n, { actions: actions.filter((one) => one !== action) });
        const { refused } = await judged(less, wanted.filter((one) => one.action === action));
        assert.notDeepEqual(refused, [], `${sid} without ${action}`);
      }
      const ofOther = resources.map((resource) => resource.replace(/[^:/]+$/, "other"));
      const { refused } = await judged(
        changed(n, { resources: ofOther }),
        wanted.filter(({ action }) => actions.includes(action)),
      );
      assert.notDeepEqual(refused, [], `${sid} of ${ofOther}`);
    }
    const more = changed(0, { actions: [...statements[0]?.actions ?? [], "s3:PutObjectTagging"] });
    assert.deepEqual((await judged(more, wanted)).unused, ["0 s3:PutObjectTagging"]);
    const wider = changed(0, {
      resources: [...statements[0]?.resources ?? [], "arn:aws:s3:::x/*"],
    });
    assert.deepEqual((await judged(wider, wanted)).unused, ["0 arn:aws:s3:::x/*"]);
  });
}

Deno.test("a schedule names a family alone, which the policy allows as well", async () => {
  const statements = (await policies()).get("scheduler") ?? [];
  const family = definition.replace(/:7$/, "");
  const run = { action: "ecs:RunTask", resource: family, context: inCluster };
  assert.equal(isAllowedAnyway(statements, run), true);
  const other = { ...run, resource: family.replace("my-tweets", "your-tweets") };
  assert.equal(isAllowedAnyway(statements, other), false);
});

Deno.test("what the code asks AWS for is what the person's policy is checked with", async () => {
  const known = new Set(PERSON.map(({ action }) => action));
  assert.deepEqual(
    [...await actionsOfCode()].toSorted(),
    [...known].filter((action) => !IMPLIED.includes(action)).toSorted(),
  );
});

for (
  const [what, one] of Object.entries({
    "a task of another cluster": {
      action: "ecs:RunTask",
      resource: definition,
      context: { "ecs:cluster": cluster.replace("twarc-cloud", "other") },
    },
    "a definition of another's": {
      action: "ecs:RegisterTaskDefinition",
      resource: definition.replace("twarc-cloud_", "payroll_"),
    },
    "a definition of another bucket": {
      action: "ecs:RegisterTaskDefinition",
      resource: definition.replace("my-tweets", "your-tweets"),
    },
    "a service of another's": {
      action: "ecs:UpdateService",
      resource: service.replace("my-tweets", "website"),
    },
    "the deletion of keys": { action: "ssm:DeleteParameter", resource: keys },
    "a parameter of another bucket": {
      action: "ssm:GetParameter",
      resource: keys.replace("my.tweets", "your.tweets"),
    },
    "an object beside the collections": {
      action: "s3:PutObject",
      resource: object.replace("collections/", "other/"),
    },
    "tags without making something": { action: "ecs:TagResource", resource: task },
  }) as [string, Asked][]
) {
  Deno.test(`a person's policy does not allow ${what}`, async () => {
    const statements = (await policies()).get("person") ?? [];
    const { isAllowed, errors } = await asked(statements, one);
    assert.deepEqual([isAllowed, errors], [false, null]);
  });
}
