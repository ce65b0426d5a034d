import assert from "node:assert/strict";
import { inOneProcess } from "./program.ts";

const search = { id: "find", type: "search", search: { query: "sandbox" } };

Deno.test("the limits of a harvest reach it from the command that starts it, and else from the configuration", () =>
  inOneProcess(async (place) => {
    const harvest = { tweets_per_file: 300 };
    const files = async (id: string, ...flags: string[]) => {
      await place.ok("collection", "once", id, "--wait", ...flags);
      return JSON.parse(await place.ok("harvest", "last", id, "--json")).files;
    };
    await place.add({ ...search, harvest });
    await place.add({ ...search, id: "other", harvest });
    const configured = await files("find");
    assert.ok(configured >= 2, "the configuration goes before what is usual");
    const given = await files("other", "--tweets-per-file", "100");
    assert.ok(given > configured, "the flag goes before the configuration");
  }));

Deno.test("a schedule keeps the limits that it was made with, and takes others", () =>
  inOneProcess(async (place) => {
    await place.add(search);
    const schedule = async (...flags: string[]) => {
      await place.ok("collection", "schedule", "find", "cron(0 0 1 1 ? *)", ...flags);
      const path = await place.runnerPath("schedules", "find.json");
      return JSON.parse(await Deno.readTextFile(path));
    };
    const first = await schedule("--patience-secs", "60");
    assert.deepEqual(first.flags, { patienceSecs: 60 });
    const second = await schedule("--flush-secs", "5");
    assert.deepEqual(second.flags, { flushSecs: 5 });
    assert.equal(second.last_due, first.last_due, "it is the same schedule");
    const unknown = await place.run(
      "collection",
      "schedule",
      "find",
      "rate(1 day)",
      "--buffer-mb",
      "0",
    );
    assert.deepEqual([unknown.code, /--buffer-mb/.test(unknown.err)], [2, true]);
  }));
