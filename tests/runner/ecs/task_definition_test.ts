import assert from "node:assert/strict";
import { UserError } from "../../../lib/base/errors.ts";
import { controlSecretName } from "../../../lib/secrets/control_secret.ts";
import {
  awsName,
  definitionFor,
  type DefinitionSettings,
  familyFor,
  FINGERPRINT,
  idOfTag,
  imageFor,
  tagsFor,
} from "../../../lib/runner/ecs/task_definition.ts";

const INI = {
  task_role_arn: "task",
  task_execution_role_arn: "execution",
  log_group: "logs",
  image: "somebody/twarc-cloud",
  image_tag: "1.0",
};

function settingsOf(more: Record<string, string> = {}): DefinitionSettings {
  const ini: Record<string, string | undefined> = { ...INI, ...more };
  return {
    get: (name) => ini[name],
    require: (name) => ini[name] ?? assert.fail(`${name} is not set`),
  };
}

function made(more: Record<string, string> = {}, { collectionId = "c", shutdown = true } = {}) {
  return definitionFor({
    bucket: "tweets",
    job: { collectionId, flags: { flushSecs: 5, hoursPerHarvest: 12 } },
    shutdown,
    settings: settingsOf(more),
    region: "eu-central-1",
    env: { A: "1" },
    secrets: { TWARC_CLOUD_SECRET: "/twarc-cloud/tweets/control-secrets/c" },
  });
}

Deno.test("a definition has the command of the documents, the sizes, and names secrets without having them", () => {
  const { containerDefinitions, ...task } = made();
  const [container] = containerDefinitions ?? [];
  assert.deepEqual([task.cpu, task.memory, task.networkMode], ["256", "512", "awsvpc"]);
  assert.deepEqual(task.tags, [{ key: "bucket", value: "tweets" }, {
    key: "collection_id",
    value: "c",
  }]);
  assert.deepEqual(
    container?.command,
    [
      ...["harvest", "run", "--bucket", "tweets", "--shutdown"],
      ...["--flush-secs", "5", "--hours-per-harvest", "12", "--", "c"],
    ],
  );
  assert.equal(container?.image, "somebody/twarc-cloud:1.0");
  assert.equal(container?.stopTimeout, 120);
  assert.deepEqual(container?.secrets, [{
    name: "TWARC_CLOUD_SECRET",
    valueFrom: "/twarc-cloud/tweets/control-secrets/c",
  }]);
  assert.ok(
    !made({}, { shutdown: false }).containerDefinitions?.[0]?.command?.includes("--shutdown"),
  );
});

Deno.test("a definition is known again by what it is made from", () => {
  const labelOf = (definition: ReturnType<typeof made>) =>
    definition.containerDefinitions?.[0]?.dockerLabels?.[FINGERPRINT];
  assert.equal(labelOf(made()), labelOf(made()));
  for (
    const other of [
      made({ memory: "1024" }),
      made({ image_tag: "1.1" }),
      made({}, { shutdown: false }),
    ]
  ) {
    assert.notEqual(labelOf(other), labelOf(made()));
  }
});

Deno.test("sizes and architectures that are none are told", () => {
  assert.throws(() => made({ cpu: "a lot" }), UserError);
  assert.throws(() => made({ architecture: "arm" }), /ARM64 or X86_64|architecture/);
  assert.equal(made({ architecture: "ARM64" }).runtimePlatform?.cpuArchitecture, "ARM64");
});

Deno.test("image_tag is a tag, a digest, both, or a whole name", () => {
  const digest = `sha256:${"0123456789abcdef".repeat(4)}`;
  for (
    const [image_tag, image] of [
      ["1.0", "somebody/twarc-cloud:1.0"],
      [digest, `somebody/twarc-cloud@${digest}`],
      [`1.0@${digest}`, `somebody/twarc-cloud:1.0@${digest}`],
      ["somebody/else:2", "somebody/else:2"],
      [`somebody/else@${digest}`, `somebody/else@${digest}`],
      [`localhost:5000/else:2@${digest}`, `localhost:5000/else:2@${digest}`],
    ] as const
  ) {
    assert.equal(imageFor(settingsOf({ image_tag })), image);
  }
  for (
    const image_tag of ["sha256:0123", "1.0@sha256:xyz", "somebody/else@latest", `@${digest}@x`]
  ) {
    assert.throws(() => imageFor(settingsOf({ image_tag })), /image_tag in twarc_cloud\.ini is/);
  }
});

Deno.test("a container may write to /tmp only, and has no capabilities, but may listen on its port", () => {
  const { containerDefinitions: [container] = [], volumes = [] } = made();
  assert.equal(container?.readonlyRootFilesystem, true);
  const [{ sourceVolume, containerPath, readOnly } = {}, ...others] = container?.mountPoints ?? [];
  assert.deepEqual([containerPath, readOnly, others], ["/tmp", false, []]);
  assert.deepEqual(volumes, [{ name: sourceVolume }]);
  assert.deepEqual(container?.linuxParameters, { capabilities: { drop: ["ALL"] } });
  assert.deepEqual(container?.systemControls, [{
    namespace: "net.ipv4.ip_unprivileged_port_start",
    value: "0",
  }]);
});

Deno.test("the image makes /tmp a volume that everybody may write, as a mounted one is root's otherwise", async () => {
  const lines = (await Deno.readTextFile(new URL("../../../Containerfile", import.meta.url))).split(
    "\n",
  );
  const final = lines.slice(lines.findLastIndex((line) => line.startsWith("FROM ")));
  assert.ok(final.includes('VOLUME ["/tmp"]'));
  assert.ok(final.some((line) => /^USER 65532/.test(line)));
  assert.ok(final.some((line) => /^ENV HOME=\/tmp /.test(line)));
});

Deno.test("names keep to what AWS takes, and never meet", () => {
  assert.equal(awsName("a_b-C", 64), "a_b-C");
  assert.notEqual(awsName("a.b", 64), awsName("a-b", 64));
  assert.notEqual(awsName("a.b", 64), awsName("a:b", 64));
  const long = [awsName("x".repeat(100), 64), awsName("x".repeat(101), 64)];
  assert.ok(long.every((name) => name.length === 64 && /^[\w-]+$/.test(name)));
  assert.notEqual(long[0], long[1]);
  assert.equal(familyFor("tweets", "c"), "twarc-cloud_tweets_c");
});

Deno.test("ids of the original have tags, families and parameters that AWS takes, each its own", () => {
  const ids = [
    "c",
    "cop24+paris",
    "cop24 paris",
    "été",
    "a#b",
    "a b ",
    "(it's) 100%",
    "x".repeat(200),
  ];
  for (const id of ids) {
    const [, tag] = tagsFor("tweets", id);
    assert.match(tag?.value ?? "", /^[\p{L}\p{N} +=._:/@-]{1,256}$/u);
    assert.equal(idOfTag(tag?.value), id);
    assert.match(familyFor("tweets", id), /^[\w-]{1,255}$/);
    assert.match(controlSecretName(id), /^control-secrets\/[\w.-]{1,200}$/);
  }
  for (const name of [controlSecretName, (id: string) => familyFor("tweets", id)]) {
    assert.equal(new Set(ids.map(name)).size, ids.length);
  }
  assert.equal(controlSecretName("c"), "control-secrets/c");
});
