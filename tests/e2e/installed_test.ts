import assert from "node:assert/strict";
import { join } from "node:path";
import { ranIn } from "./installed.ts";
import { inOneProcess, until } from "./program.ts";

Deno.test(
  "what install writes runs in whatever folder one is, and each signal to it ends the harvest",
  () =>
    inOneProcess(async (place) => {
      const bin = place.path("a folder's bin");
      assert.match(
        await place.ok("install", "--folder", bin),
        /^Installed: .*\nThat folder .*:\n {2}export PATH=/,
      );
      const path = join(bin, "twarc-cloud");
      const there = place.path("elsewhere");
      await Deno.mkdir(there);
      const made = await ranIn(
        place,
        path,
        ["collection-config", "template", "search", "--id", "x"],
        there,
      );
      assert.equal(made.code, 0, made.err);
      await Deno.stat(join(there, "collection.json"));
      const wrong = await ranIn(place, path, ["collection", "once", "a b c"], there);
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
        await ranIn(
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
