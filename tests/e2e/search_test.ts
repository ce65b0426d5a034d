import assert from "node:assert/strict";
import { systemClock } from "../../lib/base/clock.ts";
import { World } from "../../lib/sandbox/world.ts";
import { idsOf, inOneProcess, type Place, until } from "./program.ts";

const SEARCH = { id: "find", type: "search", search: { query: "sandbox" } };

function world(tweets: number): World {
  return World.create({ clock: systemClock, users: 4, tweetsPerUser: tweets / 4 });
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
    // That what manifests list is as they list it was looked at with the tweets.
    for (const folder of await place.harvests("find")) {
      const rows = (await Deno.readTextFile(`${folder}/manifest-sha1.txt`)).trimEnd().split("\n");
      const names = rows.map((row) => row.slice(42));
      assert.deepEqual(names.slice(-2), ["collection.json", "harvest.json"]);
      assert.ok(names.slice(0, -2).every((name) => name.startsWith("tweets-")));
    }
    const [, , empty = ""] = await place.harvests("find");
    assert.notEqual((await Deno.stat(`${empty}/manifest-sha1.txt`)).size, 0);
  }, { world: world(1_000) }));

/** The gaps of the search, as `collection gaps` lists them. */
async function gapsOf(place: Place, ...args: string[]): Promise<{ status: string; why: string }[]> {
  return JSON.parse(await place.ok("collection", "gaps", "find", "--json", ...args));
}

async function newest(place: Place): Promise<string | undefined> {
  const { search } = await place.object("find/collection.json") as typeof SEARCH & {
    search: { since_id?: string };
  };
  return search.since_id;
}

Deno.test("max_records brings the newest of what is new; the rest is a gap, and comes when it is asked for", () =>
  inOneProcess(async (place) => {
    await place.add({ ...SEARCH, search: { query: "sandbox", max_records: "250" } });
    const { world } = place.sandbox;
    const all = [...world.users.keys()].flatMap((user) => world.timeline(user, { count: 250 }))
      .map(({ id }) => id).toSorted((a, b) => a < b ? 1 : -1).map(String);
    await place.harvest("find");
    assert.deepEqual(idsOf(await place.tweets("find")), all.slice(0, 250));
    assert.equal(await newest(place), all[0], "since_id moves on");
    assert.match(
      await place.ok("harvest", "last", "find"),
      /Gaps: 1 .*\n.*: max_records \(250\) was reached: older tweets were not requested/,
    );
    const more = place.post(300).toReversed();
    await place.harvest("find");
    assert.deepEqual(idsOf(await place.tweets("find")).slice(250), more.slice(0, 250));
    const open = await gapsOf(place);
    assert.deepEqual(open.map(({ status }) => status), ["open", "open"]);
    assert.deepEqual((await gapsOf(place, "--fill")).map(({ status }) => status), ["due", "due"]);
    const due = await place.run("collection", "gaps", "find", "--fill");
    assert.match(due.out, /: due\. max_records/);
    assert.match(
      due.err,
      /^What is due is requested by the next harvest: twarc-cloud collection once find$/m,
    );
    assert.match(
      await place.ok("collection", "verify", "find"),
      /^find: intact/,
      "as it is recorded",
    );
    for (let harvest = 0; harvest < 4; harvest++) await place.harvest("find");
    const ids = idsOf(await place.tweets("find"));
    assert.equal(ids.length, 1_300);
    assert.equal(new Set(ids).size, 1_300, "Nothing twice");
    assert.deepEqual((await gapsOf(place)).map(({ status }) => status), ["filled", "filled"]);
    assert.match(
      (await place.run("collection", "gaps", "find", "--fill")).err,
      /No gap is open: nothing more is requested/,
    );
    assert.equal((await place.run("collection", "verify", "find")).code, 0);
  }, { world: world(1_000) }));

Deno.test("with fill, each harvest asks for as many again of what is missing, and brings what is new all the same", () =>
  inOneProcess(async (place) => {
    await place.add({ ...SEARCH, search: { query: "sandbox", max_records: 300, fill: true } });
    for (const sofar of [300, 602, 904, 1_006]) {
      await place.harvest("find");
      assert.equal(new Set(idsOf(await place.tweets("find"))).size, sofar);
      const statuses = (await gapsOf(place)).map(({ status }) => status);
      const expected = { 300: ["due"], 1_006: ["filled"] }[sofar] ?? ["due", "filled"];
      assert.deepEqual(statuses, expected, `${sofar}`);
      place.post(2);
    }
    assert.equal(idsOf(await place.tweets("find")).length, 1_006);
    const { harvests } = JSON.parse(await place.ok("collection", "report", "find", "--json"));
    assert.deepEqual([harvests.stopped, harvests.continued], [[], 3]);
    assert.deepEqual((await gapsOf(place)).map(({ status }) => status), ["filled"]);
  }, { world: world(1_000) }));

Deno.test("a search that is killed with -9 goes on: every tweet comes once", () =>
  inOneProcess(async (place) => {
    await place.add(SEARCH);
    for (const nth of [0, 1]) {
      place.sandbox.troubles.add({ kind: "stall", path: "search/tweets", after: 3 });
      const harvest = place.spawn(["harvest", "run", "--shutdown", "--flush-secs", "1", "find"]);
      await until(async () => {
        const folder = (await place.harvests("find"))[nth];
        return folder && await Deno.stat(`${folder}/manifest-sha1.txt`).catch(() => null);
      });
      await place.kill(harvest, "find");
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
