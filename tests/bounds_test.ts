import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import config from "../deno.json" with { type: "json" };

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

Deno.test("the suite is run with a bound for every test", () => {
  assert.match(config.tasks.test.command, / --preload=tests\/bounds\.ts /);
});

Deno.test("what the suite leaves out of its folders is run together, and nothing else is left out", async () => {
  const [, ignored = ""] = / --ignore=(\S+) /.exec(config.tasks.test.command) ?? [];
  const left = ignored.split(",").map((path) => path.replace(/^tests\//, ""));
  const together = (await Array.fromAsync(Deno.readDir(new URL("together", import.meta.url))))
    .flatMap(({ name }) => /^(.*)_test\.ts$/.exec(name)?.[1] ?? []);
  assert.deepEqual(left.toSorted(), together.toSorted());
});
