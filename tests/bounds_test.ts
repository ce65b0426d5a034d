import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import config from "../deno.json" with { type: "json" };
import { ROOT, sources } from "./sources.ts";
import { filesOf, GROUPS } from "./together/together.ts";

const BOUNDS = fileURLToPath(new URL("bounds.ts", import.meta.url));
const TESTS = `
Deno.test("hangs", async () => {
  const timer = setInterval(() => {}, 1);
  await new Promise(() => {}).finally(() => clearInterval(timer));
});
Deno.test("loops", { ignore: false }, () => { for (;;); });
Deno.test({ name: "has its own", timeout: 20, fn: () => { for (;;); } });
Deno.test("is good", () => {});
`;

Deno.test("a test that hangs fails by its name, and those after it run", async () => {
  const folder = await Deno.makeTempDir({ prefix: "twarc-cloud-test-" });
  try {
    const file = join(folder, "hanging_test.ts");
    await Deno.writeTextFile(file, TESTS);
    const { code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "--no-check", "--no-config", "--allow-env", `--preload=${BOUNDS}`, file],
      env: { NO_COLOR: "1", TWARC_CLOUD_TEST_TIMEOUT: "100" },
      stderr: "null",
    }).output();
    const out = new TextDecoder().decode(stdout);
    assert.equal(code, 1);
    for (const name of ["hangs", "loops"]) assert.match(out, new RegExp(`^${name} .*FAILED`, "m"));
    assert.match(out, /timed out after 100ms[^]*timed out after 20ms/);
    assert.match(out, /1 passed \| 3 failed/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** What runs the quick groups, and what runs all. */
const { test, "test-all": testAll, ok } = config.tasks;

Deno.test("both suites are run with a bound for every test, and the gate runs every test", () => {
  for (const { command } of [test, testAll]) {
    assert.match(command, / --preload=tests\/bounds\.ts /);
  }
  assert.match(ok.command, / && deno task test-all$/);
});

Deno.test("the suite runs every group of test files, of which each file is in one", async () => {
  assert.match(test.command, /--allow-run tests\/together\/quick$/);
  assert.match(testAll.command, /--allow-run tests\/together$/);
  const quick = Object.keys(GROUPS.quick);
  const long = Object.keys(GROUPS.long);
  // None waits for another one's end: one that began last would run alone.
  assert.match(test.command, new RegExp(`^DENO_JOBS=${quick.length} `));
  assert.match(testAll.command, new RegExp(`^DENO_JOBS=${quick.length + long.length} `));
  for (const [folder, groups] of Object.entries({ quick, long })) {
    const at = new URL(`together/${folder}/`, import.meta.url);
    const run = (await Array.fromAsync(Deno.readDir(at))).map(({ name }) => name);
    assert.deepEqual(run.toSorted(), groups.map((group) => `${group}_test.ts`).toSorted());
    for (const group of groups) {
      assert.match(
        await Deno.readTextFile(new URL(`${group}_test.ts`, at)),
        new RegExp(`^await together\\("${group}"\\);$`, "m"),
      );
    }
  }
  const files = (await Promise.all([...quick, ...long].map(filesOf))).flat();
  const tests = `${ROOT}tests`;
  const there = (await sources(tests)).map((path) => path.slice(tests.length + 1))
    .filter((path) => path.endsWith("_test.ts") && !path.startsWith("together/"));
  assert.deepEqual(files.toSorted(), there.toSorted());
});

/** What a file of tests with hooks says that ran together with others. */
const HOOKED = `
for (const name of ["a", "b"]) {
  await asOneFile(() => {
    Deno.test.beforeAll(() => console.log(name, "begins"));
    Deno.test.afterAll(() => console.log(name, "ends"));
    for (const n of [1, 2]) Deno.test(name + n, () => console.log(name, n));
    return Promise.resolve();
  });
}
`;

Deno.test("files that run together have each its own beforeAll and afterAll, around its own tests", async () => {
  const folder = await Deno.makeTempDir({ prefix: "twarc-cloud-test-" });
  try {
    const from = JSON.stringify(new URL("together/files.ts", import.meta.url).href);
    const file = join(folder, "hooked_test.ts");
    await Deno.writeTextFile(file, `import { asOneFile } from ${from};${HOOKED}`);
    const { code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "--no-check", "--no-config", "--allow-env", `--preload=${BOUNDS}`, file],
      env: { NO_COLOR: "1" },
    }).output();
    const out = new TextDecoder().decode(stdout);
    assert.equal(code, 0, out);
    const said = out.split("\n").filter((line) => /^[ab] (begins|ends|\d)$/.test(line));
    const wanted = ["a", "b"].flatMap((name) =>
      ["begins", "1", "2", "ends"].map((what) => `${name} ${what}`)
    );
    assert.deepEqual(said, wanted, out);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
