import assert from "node:assert/strict";
import { collected, connected, FILTER, world } from "./live_filter.ts";
import { idsOf, inOneProcess, until } from "./program.ts";

Deno.test("a filter collection is started, looked at, and stopped with every tweet in the bucket", () =>
  inOneProcess(async (place) => {
    await place.add(FILTER);
    assert.equal(await place.ok("collection", "filter-start", "live"), "Started\n");
    await connected(place);
    const posted = place.post(25);
    await collected(place, 25);
    assert.match(
      await place.ok("harvest", "list"),
      /^live => Bucket: \.\/twarc-cloud-data\. Status: RUNNING\n$/,
    );
    assert.match(
      await place.ok("harvest", "running", "live"),
      /^live => .* Tweets: 25\. Files: 0 \(0B\)\n$/,
    );
    const { bytes_received } = await place.running("live");
    assert.equal(await place.ok("collection", "filter-stop", "live"), "Stopping ...\nStopped\n");
    const lines = await place.tweets("live");
    assert.deepEqual(idsOf(lines), posted);
    const text = new TextEncoder().encode(lines.map((line) => `${line}\n`).join(""));
    assert.equal(bytes_received, text.length, "they grow while nothing is committed");
    assert.equal(await place.ok("harvest", "list"), "No running harvests.\n");
    await assert.rejects(place.object("live/lock.json"));
  }, { world: world() }));

Deno.test("a filter harvest that is killed with -9 loses nothing that was flushed, and goes on with no tweet twice", () =>
  inOneProcess(async (place) => {
    await place.add(FILTER);
    const args = ["harvest", "run", "--flush-secs", "1", "live"];
    const first = place.spawn(args);
    await connected(place);
    const posted = place.post(30);
    await until(async () => (await place.tweets("live")).length === 30);
    posted.push(...place.post(5));
    await until(async () => (await place.tweets("live")).length === 35);
    await place.kill(first, "live");
    const second = place.spawn(args);
    await until(() => Promise.resolve(place.sandbox.requests.length === 2));
    await connected(place);
    posted.push(...place.post(10));
    await collected(place, 10);
    await place.end(second, "live");
    assert.equal((await second.output()).code, 0);
    assert.deepEqual(idsOf(await place.tweets("live")), posted);
    const info = JSON.parse(await place.ok("harvest", "last", "live", "--json"));
    assert.equal(info.gaps, 1);
  }, { world: world(), replay: 20 }));

Deno.test("pieces that were flushed end up in one file with the rest of their segment", () =>
  inOneProcess(async (place) => {
    await place.add(FILTER);
    const harvest = place.spawn([
      "harvest",
      "run",
      "--flush-secs",
      "1",
      "--tweets-per-file",
      "60",
      "live",
    ]);
    await connected(place);
    const posted: string[] = [];
    for (let i = 1; i <= 5; i++) {
      posted.push(...place.post(20));
      await until(async () => (await place.tweets("live")).length === i * 20);
    }
    await place.end(harvest, "live");
    await harvest.output();
    assert.deepEqual(idsOf(await place.tweets("live")), posted);
    const [folder = ""] = await place.harvests("live");
    const files = (await Array.fromAsync(Deno.readDir(folder))).filter(({ name }) =>
      name.startsWith("tweets-")
    );
    assert.equal(files.length, 2);
  }, { world: world() }));
