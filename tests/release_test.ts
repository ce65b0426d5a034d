import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { z } from "zod";
import config from "../deno.json" with { type: "json" };

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const PERMISSIONS = config.tasks["twarc-cloud"].command.split(" ")
  .filter((word) => word.startsWith("--allow-")).join(" ");

const workflow = z.object({
  jobs: z.record(
    z.string(),
    z.looseObject({
      needs: z.string().optional(),
      steps: z.array(z.object({ uses: z.string().optional(), run: z.string().optional() }))
        .optional(),
    }),
  ),
});

function read(...path: string[]): Promise<string> {
  return Deno.readTextFile(`${ROOT}${path.join("/")}`);
}

Deno.test("what is compiled has the permissions that the program has from its source", async () => {
  for (const file of ["Containerfile", ".github/workflows/release.yml"]) {
    assert.ok((await read(file)).includes(PERMISSIONS), `${file} has not: ${PERMISSIONS}`);
  }
  assert.ok(config.tasks.compile.command.includes(PERMISSIONS));
});

Deno.test("what is compiled has no packages that only tests use: one of them has a license of its own kind", async () => {
  const files = ["Containerfile", ".github/workflows/release.yml", "deno.json"];
  for (const file of files) {
    const compiles = (await read(file)).match(/deno compile --.*/g) ?? assert.fail(file);
    for (const command of compiles) assert.match(command, /--exclude-unused-npm/, file);
  }
});

Deno.test("the container is the program alone, is not root, and has what the image is made from", async () => {
  const text = await read("Containerfile");
  assert.match(text, /\nENTRYPOINT \["\/twarc-cloud"\]\n$/);
  assert.match(text, /\nUSER [1-9]\d*:[1-9]\d*\n/);
  const ignored = (await read(".containerignore")).split("\n");
  const copied = [...text.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, names = ""]) =>
    names.split(" ")
  );
  assert.ok(copied.length > 0);
  for (const name of copied) {
    assert.ok(await Deno.stat(`${ROOT}${name}`));
    assert.ok(ignored.includes(`!${name}`), `${name} is not there when the image is built`);
  }
});

Deno.test("the versions of Deno are the same everywhere", async () => {
  const files = [
    "Containerfile",
    ".ci/run",
    ".github/workflows/release.yml",
    ".github/workflows/test.yml",
  ];
  for (const file of files) {
    const versions = [...(await read(file)).matchAll(/deno(?:@|:|-version: )(\d+\.\d+\.\d+)/g)];
    assert.ok(versions.length > 0, file);
    for (const [, version] of versions) assert.equal(version, "2.9.6", file);
  }
});

Deno.test("a release is tested and started before it is signed and pushed", async () => {
  const { jobs } = workflow.parse(parse(await read(".github/workflows/release.yml")));
  assert.equal(jobs.compile?.needs, "test");
  assert.equal(jobs.start?.needs, "compile");
  for (const last of ["release", "image"]) assert.equal(jobs[last]?.needs, "start");
  const signs = jobs.release?.steps?.some(({ run = "" }) => run.startsWith("cosign sign-blob"));
  assert.ok(signs);
  workflow.parse(parse(await read(".github/workflows/test.yml")));
});
