import assert from "node:assert/strict";
import { systemClock } from "../../lib/base/clock.ts";
import { World } from "../../lib/sandbox/world.ts";
import { idsOf, inOneProcess, pidOf, type Place, tweetsOf, until } from "./program.ts";

/** Ten users, one of them protected; with 21, one is suspended as well; with 30, one is gone. */
function world(users: number, tweetsPerUser: number): World {
  return World.create({ clock: systemClock, users, tweetsPerUser });
}

function usersOf(place: Place): Record<string, Record<string, string>> {
  return Object.fromEntries([...place.sandbox.world.users.keys()].map((id) => [id, {}]));
}

function open(place: Place): string[] {
  return [...place.sandbox.world.users.values()].filter((user) => user.state === "open").map((
    { id },
  ) => id);
}

Deno.test("a timeline harvest brings every tweet once, and the next one only what is new", () =>
  inOneProcess(async (place) => {
    await place.add({ id: "tl", type: "user_timeline", users: usersOf(place) });
    await place.harvest("tl");
    const first = idsOf(await place.tweets("tl"));
    assert.equal(first.length, 9 * 430);
    assert.equal(new Set(first).size, first.length);

    const [somebody = ""] = open(place);
    const posted = place.sandbox.world.post(somebody, 10).map((status) => `${status.id}`);
    const out = await place.ok("collection", "once", "tl", "--wait");
    assert.match(out, /complete.*10 tweets/);
    const [, second = ""] = await place.harvests("tl");
    assert.deepEqual(idsOf(await tweetsOf(second)).toSorted(), posted.toSorted());
  }, { world: world(10, 430) }));

Deno.test("what is found out about users is recorded, and leads to what the configuration says", () =>
  inOneProcess(async (place) => {
    const users = usersOf(place);
    const [first = "", second = ""] = Object.keys(users);
    users[first] = { screen_name: "an_old_name" };
    users[second] = { screen_name: place.sandbox.world.users.get(second)?.screenName ?? "" };
    await place.add({
      id: "tl",
      type: "user_timeline",
      users,
      delete_users_for: ["suspended", "not_found"],
    });
    await place.harvest("tl");

    const [folder = ""] = await place.harvests("tl");
    const changes: { user_id: string; change: string }[] = JSON.parse(
      await Deno.readTextFile(`${folder}/user_changes.json`),
    );
    const of = (id: string) =>
      changes.filter((entry) => entry.user_id === id).map((entry) => entry.change);
    const ids = Object.keys(users);
    assert.deepEqual(of(first), ["screen name changed"]);
    assert.deepEqual(of(second), []);
    assert.deepEqual(of(ids[2] ?? ""), ["screen name found"]);
    assert.deepEqual(of(ids[9] ?? ""), ["protected", "screen name found"]);
    assert.deepEqual(of(ids[19] ?? ""), ["suspended"]);
    assert.deepEqual(of(ids[29] ?? ""), ["not_found"]);

    const lines = (await Deno.readTextFile(`${folder}/users.jsonl`)).trimEnd().split("\n");
    assert.equal(lines.length, 27);
    const config = await place.object("tl/collection.json");
    assert.ok(typeof config === "object" && config && "users" in config);
    const { users: left } = config as {
      users: Record<string, { screen_name?: string; since_id?: string }>;
    };
    assert.deepEqual(Object.keys(left), ids.filter((_, i) => i !== 19 && i !== 29));
    assert.equal(left[first]?.screen_name, place.sandbox.world.users.get(first)?.screenName);
    assert.match(left[first]?.since_id ?? "", /^\d+$/);
    assert.equal(left[ids[9] ?? ""]?.since_id, undefined);
    const last = await place.ok("harvest", "last", "tl");
    assert.match(last, /User \d+: not_found/);
    assert.match(last, /Left out, from protected accounts: 1 timeline$/m);
    assert.match(
      await place.ok("collection-config", "changes", "tl"),
      /users -> \d+ deleted with value/,
    );
  }, { world: world(30, 3) }));

Deno.test("a user that was taken out while a harvest ran stays out", () =>
  inOneProcess(async (place) => {
    const users = usersOf(place);
    await place.add({ id: "tl", type: "user_timeline", users });
    place.sandbox.troubles.add({ kind: "503", path: "user_timeline", after: 3, times: 1 });
    const harvest = place.spawn(["harvest", "run", "--shutdown", "tl"]);
    await pidOf(place, "tl");
    const [gone = "", ...kept] = Object.keys(users);
    await place.ok("collection-config", "download", "tl");
    const config = JSON.parse(await Deno.readTextFile(place.path("collection.json")));
    delete config.users[gone];
    await place.writeJson("collection.json", config);
    await place.ok("collection-config", "update");
    assert.equal((await harvest.output()).code, 0);
    const after = await place.object("tl/collection.json") as { users: Record<string, unknown> };
    assert.deepEqual(Object.keys(after.users), kept);
  }, { world: world(8, 20) }));

Deno.test("a harvest that is killed with -9 goes on: every tweet comes once, nothing is done by hand", () =>
  inOneProcess(async (place) => {
    await place.add({ id: "tl", type: "user_timeline", users: usersOf(place) });
    for (const nth of [0, 1, 2]) {
      place.sandbox.troubles.add({ kind: "stall", path: "user_timeline", after: 9 });
      const harvest = place.spawn(["harvest", "run", "--shutdown", "--flush-secs", "1", "tl"]);
      await until(async () => {
        const folder = (await place.harvests("tl"))[nth];
        return folder && await Deno.stat(`${folder}/manifest-sha1.txt`).catch(() => null);
      });
      await place.kill(harvest, "tl");
      place.sandbox.troubles.clear();
    }
    await place.harvest("tl");
    const ids = idsOf(await place.tweets("tl"));
    assert.equal(new Set(ids).size, ids.length, "a tweet was written twice");
    assert.equal(ids.length, 9 * 1_000, "a tweet was lost");
    assert.equal((await place.harvests("tl")).length, 4);
  }, { world: world(10, 1_000) }));

Deno.test("a timeline harvest that is stopped leaves its walks to the next one", () =>
  inOneProcess(async (place) => {
    await place.add({ id: "tl", type: "user_timeline", users: usersOf(place) });
    place.sandbox.troubles.add({ kind: "stall", path: "user_timeline", after: 12 });
    const harvest = place.spawn(["harvest", "run", "--shutdown", "tl"]);
    await until(() => Promise.resolve(place.sandbox.requests.length > 13));
    await place.end(harvest, "tl");
    assert.equal((await harvest.output()).code, 0);
    const stopped = await place.tweets("tl");
    assert.ok(stopped.length > 0 && stopped.length < 9_000);
    await assert.rejects(place.object("tl/lock.json"));
    const config = await place.object("tl/collection.json") as {
      users: Record<string, { since_id?: string }>;
    };
    const whole = Object.values(config.users).filter((user) => user.since_id).length;
    assert.ok(whole < 9, "since_id of an unfinished walk was moved");
    await place.harvest("tl");
    const ids = idsOf(await place.tweets("tl"));
    assert.equal(new Set(ids).size, 9_000);
    assert.equal(ids.length, 9_000);
  }, { world: world(10, 1_000) }));

Deno.test("two harvesters of one collection: the second is told who is at it, and harms nothing", () =>
  inOneProcess(async (place) => {
    await place.add({ id: "tl", type: "user_timeline", users: usersOf(place) });
    const first = place.spawn(["harvest", "run", "tl"]);
    const pid = await pidOf(place, "tl");
    const second = await place.run("harvest", "run", "--shutdown", "tl");
    assert.equal(second.code, 1);
    assert.match(
      second.err,
      new RegExp(`Error: Collection tl is being harvested by .* \\(process ${pid}\\) since`),
    );
    const once = await place.run("collection", "once", "tl");
    assert.equal(once.code, 1);
    await until(async () =>
      (await place.run("harvest", "running", "tl", "--json")).out.includes('"stopped"')
    );
    await place.ok("collection", "stop", "--now", "tl");
    assert.equal((await first.output()).code, 0);
    assert.equal((await place.tweets("tl")).length, 2 * 50);
  }, { world: world(2, 50) }));
