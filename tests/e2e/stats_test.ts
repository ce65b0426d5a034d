import assert from "node:assert/strict";
import { cacheFolder } from "../../lib/base/folders.ts";
import { withTwoFiles } from "./two_harvests.ts";

Deno.test("stats shows what a collection has, marks what was missed, and draws it", () =>
  withTwoFiles(async (place) => {
    const [folder = ""] = await place.harvests("find");
    const gap = { from: Date.now() - 3_600_000, to: Date.now() - 60_000, why: "It was away" };
    await Deno.writeTextFile(`${folder}/gaps.jsonl`, `${JSON.stringify(gap)}\n`);
    const text = await place.ok("collection", "stats", "find", "--svg", "days.svg");
    assert.match(text, /^Tweets: 243, made from \d{4}-\d\d-\d\d to \d{4}-\d\d-\d\d$/m);
    assert.match(text, /^ *\^+\n\^ Partly missed: 1 gap in all\.$/m);
    assert.match(text, /^Kinds: 243 post|^Kinds: post 243$/m);
    assert.match(await Deno.readTextFile(place.path("days.svg")), /^<svg .*class="gap"/s);
    const json = JSON.parse(await place.ok("collection", "stats", "find", "--json"));
    assert.equal(json.tweets, 243);
    assert.equal(json.harvests.length, 2);
    assert.equal(json.gaps, 1);
    assert.equal(
      json.days.reduce((sum: number, day: { tweets: number }) => sum + day.tweets, 0),
      243,
    );
  }));

Deno.test("report prints how complete a collection is, and names a file that is damaged", () =>
  withTwoFiles(async (place, [file]) => {
    const report = await place.ok("collection", "report", "find");
    assert.match(report, /^# Collection find\n/);
    assert.match(report, /It was harvested 2 times/);
    assert.match(report, /: search \{"query":"sandbox"/);
    assert.match(report, /^\| \d{4}-\d\d-\d\d \| \d+ \| \|$/m);
    assert.doesNotMatch(report, /consumer|token/);
    const json = JSON.parse(await place.ok("collection", "report", "find", "--json"));
    assert.equal(json.tweets.recorded, 243);
    assert.equal(json.verified, null);
    await place.ok("collection", "stats", "find");
    // What was counted of it is kept by its checksum: a new machine finds the damage.
    await Deno.remove(cacheFolder(place), { recursive: true }).catch(() => {});
    await Deno.writeTextFile(file, "rubbish");
    const { code, err } = await place.run("collection", "report", "find");
    assert.equal(code, 1);
    assert.match(err, /files are damaged: harvests\//);
  }));
