import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { systemClock } from "../../lib/base/clock.ts";
import { readCorpus } from "../../lib/sandbox/corpus.ts";
import { World } from "../../lib/sandbox/world.ts";
import { v1TweetFiles } from "../twitter_data.ts";
import { idsOf, inOneProcess, inPlace, until } from "./program.ts";

const SEARCH = { id: "find", type: "search", search: { query: "sandbox" } };

function world(tweets: number): World {
  return World.made({ clock: systemClock, users: 4, tweetsPerUser: tweets / 4 });
}

async function linesOf(path: string): Promise<string[]> {
  const bytes = await Deno.readFile(path);
  const text = new TextDecoder().decode(path.endsWith(".gz") ? gunzipSync(bytes) : bytes);
  return text.split("\n").map((line) => line.replace(/\r$/, "")).filter((line) => line !== "");
}

Deno.test("a search brings every tweet once, the next one only what is new, and one after that nothing", () =>
  inOneProcess(async (place) => {
    await place.add(SEARCH);
    await place.harvest("find");
    assert.equal(new Set(idsOf(await place.tweets("find"))).size, 1_000);
    const [user = ""] = place.sandbox.world.users.keys();
    place.sandbox.world.post(user, 7);
    assert.match(await place.ok("collection", "once", "find", "--wait"), /complete.* 7 tweets/);
    assert.match(
      await place.ok("collection", "once", "find", "--wait"),
      /complete.* 0 tweets, 0 files/,
    );
    const ids = idsOf(await place.tweets("find"));
    assert.equal(ids.length, 1_007);
    assert.equal(new Set(ids).size, 1_007);
  }, { world: world(1_000) }));

Deno.test("max_records ends a harvest at that many tweets, and the next one goes on below", () =>
  inOneProcess(async (place) => {
    await place.add({ ...SEARCH, search: { query: "sandbox", max_records: "250" } });
    for (const sofar of [250, 500, 750]) {
      await place.harvest("find");
      assert.match(await place.ok("harvest", "last", "find"), /Outcome: stopped/);
      assert.equal(new Set(idsOf(await place.tweets("find"))).size, sofar);
    }
    const before = await place.object("find/collection.json") as { search: { since_id?: string } };
    assert.equal(before.search.since_id, undefined);
    await place.harvest("find");
    await place.harvest("find");
    const after = await place.object("find/collection.json") as { search: { since_id?: string } };
    const ids = idsOf(await place.tweets("find"));
    assert.equal(ids.length, 1_000);
    assert.equal(after.search.since_id, ids[0]);
  }, { world: world(1_000) }));

Deno.test("a search that is killed with -9 goes on: every tweet comes once", () =>
  inPlace(async (place) => {
    await place.add(SEARCH);
    for (const nth of [0, 1]) {
      place.sandbox.troubles.add({ kind: "stall", path: "search/tweets", after: 3 });
      const harvest = place.spawn(["harvest", "run", "--shutdown", "--flush-secs", "1", "find"]);
      await until(async () => {
        const folder = (await place.harvests("find"))[nth];
        return folder && await Deno.stat(`${folder}/manifest-sha1.txt`).catch(() => null);
      });
      harvest.kill("SIGKILL");
      await harvest.output();
      place.sandbox.troubles.clear();
    }
    await place.harvest("find");
    const ids = idsOf(await place.tweets("find"));
    assert.equal(ids.length, 1_000);
    assert.equal(new Set(ids).size, 1_000);
  }, { world: world(1_000) }));

Deno.test("an API in trouble is asked again, and what comes is whole", () =>
  inOneProcess(async (place) => {
    await place.add(SEARCH);
    for (const kind of ["cut", "cut"] as const) {
      place.sandbox.troubles.add({ kind, path: "search/tweets", after: 2 });
    }
    await place.ok("collection", "once", "find", "--wait");
    assert.equal(new Set(idsOf(await place.tweets("find"))).size, 1_000);
    assert.match(await place.ok("harvest", "logs", "find"), /did not answer.*Trying again in 1 s/);
  }, { world: world(1_000) }));

Deno.test("real tweets come out of a search and of a stream byte for byte", async (test) => {
  const files = await v1TweetFiles();
  if (files.length === 0) return;
  const corpora = await Promise.all(files.map(readCorpus));
  const wanted = (await Promise.all(files.map(linesOf))).flat();
  assert.equal(corpora.reduce((n, corpus) => n + corpus.statuses.length, 0), wanted.length);
  await test.step("a search", () =>
    inOneProcess(async (place) => {
      await place.add({ ...SEARCH, protected: "collect" });
      await place.harvest("find");
      assert.deepEqual((await place.tweets("find")).toSorted(), wanted.toSorted());
    }, { world: World.of(corpora, systemClock) }));
  await test.step("a stream", () =>
    inPlace(async (place) => {
      const filter = { track: "sandbox" };
      await place.add({ id: "live", type: "filter", protected: "collect", filter });
      const harvest = place.spawn(["harvest", "run", "--flush-secs", "1", "live"]);
      await until(() => Promise.resolve(place.sandbox.streams.size > 0));
      for (const { statuses } of corpora) {
        for (const status of statuses) place.sandbox.world.publish(status);
      }
      await until(async () => (await place.tweets("live")).length === wanted.length);
      harvest.kill("SIGTERM");
      assert.equal((await harvest.output()).code, 0);
      assert.deepEqual(await place.tweets("live"), wanted);
    }, { world: World.of(corpora, systemClock) }));
});
