import assert from "node:assert/strict";
import { narrowPermissions, SELF_ENV, selfCommand } from "../../../lib/runner/local/self.ts";

const ALL = ["--allow-net", "--allow-read", "--allow-write", "--allow-env", "--allow-run"];

Deno.test("reading and writing are kept to some places, and what is written can be read", () => {
  assert.deepEqual(
    narrowPermissions(ALL, { read: ["/home/a/.twarc"], write: ["/data", "/spool"] }),
    [
      "--allow-net",
      "--allow-read=/home/a/.twarc,/data,/spool",
      "--allow-write=/data,/spool",
      "--allow-env",
      "--allow-run",
    ],
  );
});

Deno.test("a path with a comma, which no flag can have, leaves all places open", () => {
  assert.deepEqual(narrowPermissions(ALL, { read: ["/a,b"], write: ["/data"] }), [
    "--allow-net",
    "--allow-read",
    "--allow-write=/data",
    "--allow-env",
    "--allow-run",
  ]);
});

Deno.test("harvesters have the same bounds of memory, from the source, in the image, and compiled", async () => {
  const options = { execPath: "deno", root: "/twarc-cloud", permissions: ALL };
  const command = selfCommand({ ...options, isStandalone: false });
  const flags = command.find((flag) => flag.startsWith("--v8-flags=")) ?? "none";
  for (const file of ["Containerfile", "deno.json", ".github/workflows/release.yml"]) {
    const text = await Deno.readTextFile(new URL(`../../../${file}`, import.meta.url));
    assert.ok(text.split(/\s+/).includes(flags), `${file} has not ${flags}`);
  }
  assert.deepEqual(selfCommand({ ...options, isStandalone: true }), ["deno"]);
  const { tasks } = JSON.parse(
    await Deno.readTextFile(new URL("../../../deno.json", import.meta.url)),
  );
  for (const task of ["twarc-cloud", "compile"]) {
    assert.ok(tasks[task].command.includes(` ${flags} `), `${task} has not ${flags}`);
  }
  const image = await Deno.readTextFile(new URL("../../../Containerfile", import.meta.url));
  for (const [name, value] of Object.entries(SELF_ENV)) {
    assert.match(image, new RegExp(`^ENV .*\\b${name}=${value}\\b`, "m"));
  }
});

Deno.test("from its source the program reads what a command needs, and compile all that there is", async () => {
  const options = { isStandalone: false, execPath: "deno", root: "/", permissions: ALL };
  const flag = selfCommand(options).find((flag) => flag.startsWith("--unstable-")) ?? "none";
  const { tasks } = JSON.parse(
    await Deno.readTextFile(new URL("../../../deno.json", import.meta.url)),
  );
  for (const task of ["twarc-cloud", "install", "demo"]) {
    assert.ok(tasks[task].command.includes(` ${flag} `), `${task} has not ${flag}`);
  }
  assert.ok(!tasks.compile.command.includes("--unstable-"));
});
