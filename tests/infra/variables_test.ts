import assert from "node:assert/strict";
import { join } from "node:path";
import { runsHere } from "../fakes/other_processes.ts";
import { ROOT } from "../sources.ts";

const INFRA = `${ROOT}infra`;

/** Terraform without AWS: the variables, and the condition of the rule that lets somebody in. */
async function planned(variables: Record<string, string>, folder: string): Promise<string> {
  const vars = Object.entries(variables).flatMap(([name, value]) => ["-var", `${name}=${value}`]);
  const { success, stdout, stderr } = await terraform(["plan", "-input=false", ...vars], folder);
  const said = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("");
  return success ? "" : said.replace(/[│\s]+/g, " ");
}

async function terraform(args: string[], cwd: string) {
  const env = { TF_CLI_ARGS: "-no-color", CHECKPOINT_DISABLE: "1" };
  return await new Deno.Command("terraform", { args, cwd, env, stdin: "null" }).output();
}

const hasTerraform = await runsHere("terraform", ["version"]);

Deno.test({
  name: "variables that would open a port to many, or name no image, are refused (wants terraform)",
  ignore: !hasTerraform,
  async fn() {
    const folder = await Deno.makeTempDir({ prefix: "twarc-cloud-test-" });
    try {
      await Deno.copyFile(join(INFRA, "variables.tf"), join(folder, "variables.tf"));
      const network = await Deno.readTextFile(join(INFRA, "network.tf"));
      const rule = /"aws_vpc_security_group_ingress_rule" "control" \{\n([\s\S]*?\n {2}\}\n)/;
      const [, head = ""] = rule.exec(network) ?? [];
      assert.match(head, /for_each[\s\S]*precondition/);
      await Deno.writeTextFile(
        join(folder, "main.tf"),
        `resource "terraform_data" "rule" {\n${head}}\n`,
      );
      const made = await terraform(["init", "-input=false"], folder);
      assert.ok(made.success, new TextDecoder().decode(made.stderr));
      const plan = (more: Record<string, string>) =>
        planned({ bucket: "tweets", region: "eu-central-1", image: "i", ...more }, folder);
      const digest = `sha256:${"0123456789abcdef".repeat(4)}`;
      assert.equal(await plan({ control_cidrs: '["203.0.113.7/32","10.1.0.0/16"]' }), "");
      assert.match(await plan({ control_cidrs: '["10.0.0.0/15"]' }), /wider than a \/16: name the/);
      const wide = { control_cidrs: '["10.0.0.0/8"]', allow_wide_control_cidrs: "true" };
      assert.equal(await plan({ ...wide, image_tag: digest }), "");
      assert.match(
        await plan({ ...wide, control_cidrs: '["128.0.0.0/0"]' }),
        /Port 80 is not for everybody/,
      );
      assert.match(await plan({ control_cidrs: '["::/64"]' }), /an address of IPv4/);
      assert.match(await plan({ image_tag: "sha256:0123" }), /It is a tag, a digest/);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test({
  name: "terraform destroy takes nothing away while there is the bucket (wants terraform)",
  ignore: !hasTerraform,
  async fn() {
    const folder = await Deno.makeTempDir({ prefix: "twarc-cloud-test-" });
    try {
      const text = await Deno.readTextFile(join(INFRA, "bucket.tf"));
      const bucket = /"aws_s3_bucket" "collections" \{\n.*\n([\s\S]*?\n {2}\}\n)/.exec(text)?.[1] ??
        "";
      await Deno.writeTextFile(
        join(folder, "main.tf"),
        `resource "terraform_data" "bucket" {\n${bucket}}\n` +
          'resource "terraform_data" "protection" {\n  input = terraform_data.bucket.id\n}\n',
      );
      const run = async (...args: string[]) => {
        const { success, stdout, stderr } = await terraform(args, folder);
        return { success, said: new TextDecoder().decode(success ? stdout : stderr) };
      };
      for (const args of [["init", "-input=false"], ["apply", "-auto-approve"]]) {
        assert.ok((await run(...args)).success);
      }
      const destroyed = await run("destroy", "-auto-approve");
      assert.equal(destroyed.success, false);
      assert.match(destroyed.said, /Instance cannot be destroyed/);
      const left = (await run("state", "list")).said.trimEnd().split("\n");
      assert.deepEqual(left, ["terraform_data.bucket", "terraform_data.protection"]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
