/** Streams that end otherwise than a person has in mind, and what comes between their tweets. */

import assert from "node:assert/strict";
import { idTime } from "../../lib/twitter/bytes/ids.ts";
import { collected, connected, FILTER, world } from "./live_filter.ts";
import { filesBelow, idsOf, inOneProcess, until } from "./program.ts";

Deno.test("a stream that is cut in the middle of a status goes on: no partial line, no tweet twice, and the gap is told", () =>
  inOneProcess(async (place) => {
    await place.add(FILTER);
    // Of each eight tweets the last one; those that are sent again after a cut count as well.
    const troubles = [["cut", 7], ["truncate", 19], ["disconnect", 31]] as const;
    for (const [kind, after] of troubles) {
      place.sandbox.troubles.add({ kind, path: "statuses/filter", after });
    }
    await place.ok("collection", "filter-start", "live");
    const posted: string[] = [];
    for (let i = 0; i < 3; i++) {
      await connected(place);
      posted.push(...place.post(8));
      await until(() =>
        Promise.resolve(place.sandbox.requests.filter((r) => r.status === 200).length > i + 1)
      );
    }
    await connected(place);
    posted.push(...place.post(4));
    await collected(place, posted.length);
    const info = await place.running("live");
    assert.equal(info.gaps, 3);
    assert.deepEqual(info.messages, { disconnect: 1 });
    await place.ok("collection", "filter-stop", "live");
    assert.deepEqual(idsOf(await place.tweets("live")), posted);
    const [folder] = await place.harvests("live");
    const gaps = (await Deno.readTextFile(`${folder}/gaps.jsonl`)).trimEnd().split("\n");
    assert.equal(gaps.length, 3);
    const { from, to, why } = JSON.parse(gaps[0] ?? "");
    assert.ok(from <= to && why.length > 0);
  }, { world: world(), replay: 3 }));

Deno.test("messages are counted and kept out of the tweets", () =>
  inOneProcess(async (place) => {
    await place.add(FILTER);
    await place.ok("collection", "filter-start", "live");
    await connected(place);
    const posted = place.post(2);
    place.sandbox.streams.say({ limit: { track: 5 } });
    place.sandbox.streams.say({ delete: { status: { id: 1, id_str: "1", user_id: 2 } } });
    place.sandbox.streams.say({ limit: { track: 12 } });
    place.sandbox.streams.say({ a_kind_not_yet_known: { id: 1 } });
    posted.push(...place.post(1));
    await collected(place, 3);
    await place.ok("collection", "filter-stop", "live");
    assert.deepEqual(idsOf(await place.tweets("live")), posted);
    const [folder] = await place.harvests("live");
    const messages = (await Deno.readTextFile(`${folder}/messages.jsonl`)).trimEnd().split("\n");
    assert.equal(messages.length, 4);
    const info = JSON.parse(await place.ok("harvest", "last", "live", "--json"));
    assert.equal(info.undelivered, 12);
    assert.deepEqual(info.messages, { limit: 2, delete: 1, a_kind_not_yet_known: 1 });
  }, { world: world() }));

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

for (const how of ["SIGTERM", "filter-stop"] as const) {
  Deno.test(`a stream that was paused while much arrived, and is ended by ${how} then, keeps all of it`, () =>
    inOneProcess(async (place) => {
      await place.add(FILTER);
      const harvest = place.spawn(["harvest", "run", "--shutdown", "live"]);
      await connected(place);
      const posted = place.post(3);
      await collected(place, 3);
      Deno.kill(harvest.pid, "SIGSTOP");
      // Less than a socket holds, and far more than one read takes.
      for (let i = 0; i < 8; i++) {
        posted.push(...place.post(50));
        await sleep(20);
      }
      // A busy machine has not sent all of it by now.
      while (!place.sandbox.streams.areSent) await sleep(5);
      let stopping: Promise<unknown> | undefined;
      if (how === "SIGTERM") harvest.kill("SIGTERM");
      else stopping = place.ok("collection", "filter-stop", "live");
      await sleep(how === "SIGTERM" ? 0 : 1_000);
      harvest.kill("SIGCONT");
      const { code, stderr } = await harvest.output();
      assert.equal(code, 0, new TextDecoder().decode(stderr));
      await stopping;
      assert.deepEqual(idsOf(await place.tweets("live")), posted);
      const info = JSON.parse(await place.ok("harvest", "last", "live", "--json"));
      assert.deepEqual([info.outcome, info.tweets, info.gaps], ["stopped", posted.length, 0]);
      assert.match(await place.ok("collection", "verify", "live"), /403 tweets/);
    }, { world: world() }));
}

Deno.test("a stream that goes on and on when it is stopped is left after five seconds, with a gap up to the end", () =>
  inOneProcess(async (place) => {
    await place.add(FILTER);
    const harvest = place.spawn(["harvest", "run", "--shutdown", "live"]);
    await connected(place);
    const posted = place.post(1);
    await collected(place, 1);
    const stopping = place.end(harvest, "live");
    const ended = harvest.output();
    const told = performance.now();
    const posting = setInterval(() => posted.push(...place.post(1)), 20);
    assert.equal((await ended.finally(() => clearInterval(posting))).code, 0);
    await stopping;
    assert.ok(performance.now() - told > 5_000);
    const kept = idsOf(await place.tweets("live"));
    assert.deepEqual(kept, posted.slice(0, kept.length), "It is all of it up to one moment");
    assert.ok(kept.length > 10);
    const [folder] = await place.harvests("live");
    const gaps = (await Deno.readTextFile(`${folder}/gaps.jsonl`)).trimEnd().split("\n");
    assert.equal(gaps.length, 1);
    const { from, to, why } = JSON.parse(gaps[0] ?? "");
    assert.match(why, /arriving on the stream when the harvest stopped/);
    assert.ok(from <= to);
    for (const missing of posted.slice(kept.length)) {
      const at = idTime(missing);
      assert.ok(at >= from, "What is missing was sent in the gap, or after the harvest");
    }
    assert.equal(JSON.parse(await place.ok("harvest", "last", "live", "--json")).gaps, 1);
  }, { world: world() }));

Deno.test("killed with -9 while the disk of its bucket is away, it costs nothing that came before the last flush", () =>
  inOneProcess(async (place) => {
    await place.add(FILTER);
    const run = () => place.spawn(["harvest", "run", "--shutdown", "--flush-secs", "1", "live"]);
    const [data, away] = [place.path("twarc-cloud-data"), place.path("away")];
    const killed = run();
    await connected(place);
    const posted = place.post(3);
    await until(async () => (await place.tweets("live").catch(() => [])).length === 3);
    await Deno.rename(data, away);
    for (const count of [4, 2]) {
      posted.push(...place.post(count));
      await until(async () => await notedIn(place.path("spool")) === posted.length - 3);
    }
    await place.kill(killed);
    await until(() => Promise.resolve(place.sandbox.streams.size === 0));
    await Deno.rename(away, data);
    await place.forget("live");
    const next = run();
    await connected(place);
    posted.push(...place.post(1));
    await until(async () => (await place.tweets("live")).length === posted.length);
    await place.end(next, "live");
    const { stderr } = await next.output();
    assert.match(
      new TextDecoder().decode(stderr),
      /Uploaded 6 tweets that an earlier harvester had left/,
    );
    assert.deepEqual(idsOf(await place.tweets("live")), posted);
    assert.match(await place.ok("collection", "verify", "live"), /10 tweets/);
    assert.deepEqual(await notedIn(place.path("spool")), 0);
  }, { world: world() }));

/** How many tweets are noted in the temporary files of harvests. */
async function notedIn(folder: string): Promise<number> {
  let tweets = 0;
  for await (const file of filesBelow(folder)) {
    if (!/\/cut-\d+\.json$/.test(file)) continue;
    const note = await Deno.readTextFile(file).catch(() => "{}");
    tweets += JSON.parse(note).tweets?.file.tweets ?? 0;
  }
  return tweets;
}

Deno.test("a stream that has reached max_records ends, is shown so, and goes on when the limit is raised", () =>
  inOneProcess(async (place) => {
    await place.add({ ...FILTER, filter: { track: "sandbox", max_records: 5 } });
    await place.ok("collection", "filter-start", "live");
    await connected(place);
    const first = place.post(4);
    await collected(place, 4);
    first.push(...place.post(3).slice(0, 1));
    await until(async () => (await place.ok("harvest", "list")).includes("ENDED"));
    assert.match(
      await place.ok("harvest", "list"),
      /^live => Bucket: .*\. Status: ENDED since .*: It has reached max_records \(5\)\. To continue, raise it: `twarc-cloud collection-config download live`$/m,
    );
    await assert.rejects(place.object("live/lock.json"), "Its lease is given back");
    const { length } = await place.harvests("live");
    for (const args of [["collection", "filter-start"], ["harvest", "run"]]) {
      const again = await place.run(...args, "live");
      assert.equal(again.code, 1);
      assert.match(
        again.err,
        /has reached its limit: it has collected 5 tweets, and max_records is 5[^]*raise max_records[^]*collection-config update/,
      );
    }
    assert.equal((await place.harvests("live")).length, length, "Nothing is begun in vain");
    const config = JSON.parse(await Deno.readTextFile(place.path("collection.json")));
    config.filter.max_records = 7;
    await place.writeJson("collection.json", config);
    await place.ok("collection-config", "update");
    await place.ok("collection", "filter-start", "live");
    await connected(place);
    const second = place.post(4);
    await until(async () => (await place.ok("harvest", "list")).includes("ENDED"));
    assert.deepEqual(idsOf(await place.tweets("live")), [...first, ...second.slice(0, 2)]);
    assert.match(await place.ok("harvest", "last", "live"), /It has reached max_records \(7\)/);
    assert.equal(await place.ok("collection", "filter-stop", "live"), "Stopping ...\nStopped\n");
    assert.equal(await place.ok("harvest", "list"), "No running harvests.\n");
  }, { world: world() }));

Deno.test("a stream that the API refuses is not called started: the reason is shown, and nothing of it stays", () =>
  inOneProcess(async (place) => {
    await place.add(FILTER);
    const path = place.path("twarc-cloud-data", "collections", "live", "collection.json");
    const config = JSON.parse(await Deno.readTextFile(path));
    const withdrawn = Object.fromEntries(Object.keys(config.keys).map((key) => [key, "withdrawn"]));
    await Deno.writeTextFile(path, JSON.stringify({ ...config, keys: withdrawn }));
    const { code, out, err } = await place.run("collection", "filter-start", "live");
    assert.deepEqual([code, out], [1, ""]);
    assert.match(err, /^Error: .*Invalid or expired token.*`twarc-cloud collection keys live`/);
    assert.equal(await place.ok("harvest", "list"), "No running harvests.\n");
    await Deno.writeTextFile(path, JSON.stringify(config));
    assert.equal(await place.ok("collection", "filter-start", "live"), "Started\n");
    assert.ok(place.sandbox.streams.size > 0, "it is open when that is said");
    await place.ok("collection", "filter-stop", "live");
  }, { world: world() }));
