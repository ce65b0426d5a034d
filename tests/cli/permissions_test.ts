import assert from "node:assert/strict";
import { Command } from "@commander-js/extra-typings";
import { parseBucket } from "../../lib/base/bucket_ref.ts";
import { commandName, credentialsMayRun, NEEDS } from "../../lib/cli/permissions.ts";

Deno.test("every command says what it needs, under the name that its help has", async () => {
  const help = await Deno.readTextFile(new URL("../snapshots/help.txt", import.meta.url));
  const sections = help.split(/^\$ twarc-cloud /m).slice(1);
  const commands = sections.filter((section) => !section.includes("\nCommands:\n"));
  const names = commands.map((section) => section.slice(0, section.indexOf(" --help")));
  assert.ok(names.length > 25);
  // What filter-start leaves in the background has no help.
  names.push("harvest keep");
  assert.deepEqual(Object.keys(NEEDS).toSorted(), names.toSorted());
});

Deno.test("a command is named by its groups, whatever alias was typed", () => {
  const program = new Command("twarc-cloud");
  const command = program.command("collection").command("filter-start").alias("timeline-start");
  assert.equal(commandName(command), "collection filter-start");
  assert.equal(commandName(program.command("sandbox")), "sandbox");
});

const NO_KEYS = {
  region: "us-east-1",
  accessKey: undefined,
  secretKey: undefined,
  sessionToken: undefined,
  endpoint: undefined,
  storeEndpoint: undefined,
  pathStyle: undefined,
};

for (
  const [what, bucket, accessKey, env, may] of [
    ["a folder asks nobody", "./data", undefined, {}, false],
    ["nothing is given: what AWS's configuration says", "name", undefined, {}, true],
    ["a profile of AWS's configuration", "s3://name", undefined, { AWS_PROFILE: "p" }, true],
    ["keys in twarc_cloud.ini", "name", "AKIA", {}, false],
    ["keys in the environment", "name", undefined, { AWS_ACCESS_KEY_ID: "AKIA" }, false],
    ["a profile is asked before keys in the environment", "name", undefined, {
      AWS_ACCESS_KEY_ID: "AKIA",
      AWS_PROFILE: "p",
    }, true],
    ["a container's role", "name", undefined, {
      AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: "/v2/credentials/x",
    }, false],
  ] as const
) {
  Deno.test(`a program for credentials is ${may ? "to be expected" : "not needed"}: ${what}`, () => {
    assert.equal(
      credentialsMayRun({ bucket: parseBucket(bucket), aws: { ...NO_KEYS, accessKey } }, env),
      may,
    );
  });
}
