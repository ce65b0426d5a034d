import assert from "node:assert/strict";
import { delimiter, join } from "node:path";
import { ROOT } from "../sources.ts";
import { ranIn } from "../e2e/installed.ts";
import { inOneProcess, inPlace } from "../e2e/program.ts";

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
    const { launcherText } = await import("../../lib/runner/local/launcher.ts");
    const path = place.path("twarc-cloud");
    const command = [place.path("gone's deno"), "run", place.path("main.ts")];
    await Deno.writeTextFile(path, launcherText(command, { isWindows: false }), { mode: 0o755 });
    const { code, err } = await ranIn(place, path, [], place.folder);
    assert.equal(code, 1);
    assert.match(err, /^Error: .*gone's deno no longer exists.*task install\n$/);
    const env = launcherText(["/usr/bin/env"], { isWindows: false });
    await Deno.writeTextFile(path, env, { mode: 0o755 });
    assert.match((await ranIn(place, path, [], place.folder)).out, /^MALLOC_ARENA_MAX=1$/m);
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
