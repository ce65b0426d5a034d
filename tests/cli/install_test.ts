import assert from "node:assert/strict";
import { delimiter, join } from "node:path";
import { ROOT } from "../sources.ts";
import { inOneProcess, inPlace, type Place, until } from "../e2e/program.ts";

/** Runs a program in a folder of the place's. */
async function ran(place: Place, path: string, args: string[], cwd: string) {
  const { code, stdout, stderr } = await new Deno.Command(path, {
    args,
    cwd,
    clearEnv: true,
    env: place.env,
  }).output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

Deno.test(
  "what install writes runs in whatever folder one is, and each signal to it ends the harvest",
  () =>
    inOneProcess(async (place) => {
      const bin = place.path("a folder's bin");
      assert.match(
        await place.ok("install", "--folder", bin),
        /^Installed: .*\nThat folder .*PATH=/,
      );
      const path = join(bin, "twarc-cloud");
      const there = place.path("elsewhere");
      await Deno.mkdir(there);
      const made = await ran(
        place,
        path,
        ["collection-config", "template", "search", "--id", "x"],
        there,
      );
      assert.equal(made.code, 0, made.err);
      await Deno.stat(join(there, "collection.json"));
      const wrong = await ran(place, path, ["collection", "once", "a b c"], there);
      assert.equal(wrong.code, 1);

      await place.add({ id: "live", type: "filter", filter: { track: "sandbox" } });
      for (const signal of ["SIGTERM", "SIGHUP", "SIGINT"] as const) {
        const harvest = new Deno.Command(path, {
          args: ["harvest", "run", "live"],
          cwd: place.folder,
          clearEnv: true,
          env: place.env,
          stdout: "null",
          stderr: "null",
        }).spawn();
        const info = await until(() => place.running("live").catch(() => null));
        assert.equal(info.collection_id, "live");
        harvest.kill(signal);
        const { code } = await harvest.status;
        assert.equal(code, 0, signal);
        await assert.rejects(
          Deno.stat(place.path("twarc-cloud-data", "collections", "live", "lock.json")),
        );
      }
    }),
);

Deno.test(
  "a command that prints ends with 1 and one line where its standard output is closed, and works without its standard error",
  () =>
    inOneProcess(async (place) => {
      await place.add({ id: "s", type: "search", search: { query: "sandbox" } });
      await place.ok("install", "--folder", place.path("bin"));
      const typed = async (line: string) =>
        await ran(
          place,
          "sh",
          ["-c", `"${place.path("bin", "twarc-cloud")}" ${line}`],
          place.folder,
        );
      const printing = ["collection list", "collection list --json", "-h"];
      for (const command of printing) {
        const closed = await typed(`${command} >&-`);
        assert.equal(closed.code, 1, command);
        assert.match(closed.err, /^Error: Standard output is closed: .*\n$/, command);
        assert.equal((await typed(`${command} >&- 2>&-`)).code, 1, command);
      }
      assert.equal((await typed("collection list > /dev/null")).code, 0);
      const { code, out } = await typed("collection list 2>&-");
      assert.equal(code, 0);
      assert.match(out, /^Collections:\ns\n$/);
      // What prints nothing works, as who starts a process for months may close all that it has.
      const run = await typed("harvest run --shutdown s <&- >&- 2>&-");
      assert.equal(run.code, 0);
      assert.ok((await place.tweets("s")).length > 0);
    }),
);

Deno.test("install is done again over its own, and over nothing else", () =>
  inOneProcess(async (place) => {
    const bin = place.path("bin");
    place.env.PATH = `${bin}${delimiter}${place.env.PATH}`;
    const name = Deno.build.os === "windows" ? "twarc-cloud.cmd" : "twarc-cloud";
    for (let times = 0; times < 2; times++) {
      assert.match(await place.ok("install", "--folder", bin), /Try it: twarc-cloud demo\n$/);
    }
    assert.deepEqual((await Array.fromAsync(Deno.readDir(bin))).map(({ name }) => name), [name]);
    await Deno.writeTextFile(join(bin, name), "somebody's own");
    const refused = await place.run("install", "--folder", bin);
    assert.equal(refused.code, 1);
    assert.match(refused.err, /already exists, and was not written by this command.*--folder/);
    assert.equal(await Deno.readTextFile(join(bin, name)), "somebody's own");
  }));

Deno.test("a launcher whose Deno or source is gone says what to do", () =>
  inPlace(async (place) => {
    const { launcherOf } = await import("../../lib/runner/local/launcher.ts");
    const path = place.path("twarc-cloud");
    const command = [place.path("gone's deno"), "run", place.path("main.ts")];
    await Deno.writeTextFile(path, launcherOf(command, { isWindows: false }), { mode: 0o755 });
    const { code, err } = await ran(place, path, [], place.folder);
    assert.equal(code, 1);
    assert.match(err, /^Error: .*gone's deno no longer exists.*task install\n$/);
    const env = launcherOf(["/usr/bin/env"], { isWindows: false });
    await Deno.writeTextFile(path, env, { mode: 0o755 });
    assert.match((await ran(place, path, [], place.folder)).out, /^MALLOC_ARENA_MAX=1$/m);
  }));

Deno.test("documents start by npx, which leaves what it started running at SIGTERM, only what ends by itself", async () => {
  const ends = ["demo", "install", "ok", "test"];
  const found: string[] = [];
  for (const name of ["README.md", "CONTRIBUTING.md", "infra/README.md", "docs"]) {
    for (const path of await documents(join(ROOT, name))) {
      const text = await Deno.readTextFile(path);
      found.push(
        ...Array.from(text.matchAll(/npx -y deno\S* task ([\w-]+)/g), ([, task = ""]) => task),
      );
    }
  }
  assert.deepEqual([...new Set(found)].toSorted(), ends);
});

/** A document, or all of a folder. */
async function documents(path: string): Promise<string[]> {
  if (path.endsWith(".md")) return [path];
  const entries = await Array.fromAsync(Deno.readDir(path));
  return entries.filter(({ name }) => name.endsWith(".md")).map(({ name }) => join(path, name));
}
