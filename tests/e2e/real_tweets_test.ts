import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { systemClock } from "../../lib/base/clock.ts";
import { readCorpus } from "../../lib/sandbox/corpus.ts";
import { World } from "../../lib/sandbox/world.ts";
import { v1TweetFiles } from "../twitter_data.ts";
import { inOneProcess, inPlace, until } from "./program.ts";

async function linesOf(path: string): Promise<string[]> {
  const bytes = await Deno.readFile(path);
  const text = new TextDecoder().decode(path.endsWith(".gz") ? gunzipSync(bytes) : bytes);
  return text.split("\n").map((line) => line.replace(/\r$/, "")).filter((line) => line !== "");
}

Deno.test("real tweets come out of a search and of a stream byte for byte", async (test) => {
  const files = await v1TweetFiles();
  if (files.length === 0) return;
  const corpora = await Promise.all(files.map(readCorpus));
  const wanted = (await Promise.all(files.map(linesOf))).flat();
  assert.equal(corpora.reduce((n, corpus) => n + corpus.statuses.length, 0), wanted.length);
  await test.step("a search", () =>
    inOneProcess(async (place) => {
      const search = { query: "sandbox" };
      await place.add({ id: "find", type: "search", protected: "collect", search });
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
      await place.end(harvest, "live");
      assert.equal((await harvest.output()).code, 0);
      assert.deepEqual(await place.tweets("live"), wanted);
    }, { world: World.of(corpora, systemClock) }));
});
