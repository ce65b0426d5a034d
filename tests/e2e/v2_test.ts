import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { systemClock } from "../../lib/base/clock.ts";
import { World } from "../../lib/sandbox/world.ts";
import { filesBelow, inOneProcess, type Place, tweetsOf, until } from "./program.ts";

/** The ids of the tweets in lines of version 2, each of which is an answer. */
function idsOf(lines: string[]): string[] {
  return lines.flatMap((line) => JSON.parse(line).data.map((tweet: { id: string }) => tweet.id));
}

function world(users: number, tweetsPerUser: number): World {
  return World.create({ clock: systemClock, users, tweetsPerUser });
}

function usersOf(place: Place): Record<string, Record<string, string>> {
  return Object.fromEntries([...place.sandbox.world.users.keys()].map((id) => [id, {}]));
}

const SEARCH = { id: "find", type: "search", api: "2", search: { query: "sandbox" } };

Deno.test("a search of version 2 brings every tweet once, killed in between, and then only what is new", () =>
  inOneProcess(async (place) => {
    await place.add(SEARCH);
    place.sandbox.troubles.add({ kind: "stall", path: "search/recent", after: 3 });
    const harvest = place.spawn(["harvest", "run", "--shutdown", "--flush-secs", "1", "find"]);
    await until(async () => (await place.tweets("find").catch(() => [])).length === 3);
    await place.kill(harvest, "find");
    place.sandbox.troubles.clear();
    await place.harvest("find");
    const ids = idsOf(await place.tweets("find"));
    assert.equal(ids.length, 900);
    assert.equal(new Set(ids).size, 900);
    const [user = ""] = place.sandbox.world.users.keys();
    const posted = place.sandbox.world.post(user, 7).map((status) => `${status.id}`);
    assert.match(await place.ok("collection", "once", "find", "--wait"), /complete.* 7 tweets/);
    const last = (await place.harvests("find")).at(-1) ?? "";
    assert.deepEqual(idsOf(await tweetsOf(last)).toSorted(), posted.toSorted());
  }, { world: world(3, 300) }));

Deno.test("a collection of version 1.1 that is turned into one of version 2 keeps its users and since_ids", () =>
  inOneProcess(async (place) => {
    await place.add({ id: "tl", type: "user_timeline", users: usersOf(place) });
    await place.harvest("tl");
    await place.ok("collection-config", "download", "tl");
    const config = JSON.parse(await Deno.readTextFile(place.path("collection.json")));
    await place.writeJson("collection.json", { ...config, api: "2" });
    await place.ok("collection-config", "update");
    assert.match(await place.ok("collection", "once", "tl", "--wait"), /complete.* 0 tweets/);
    const [user = ""] = place.sandbox.world.users.keys();
    place.sandbox.world.post(user, 3);
    assert.match(await place.ok("collection", "once", "tl", "--wait"), /complete.* 3 tweets/);
    const after = await place.object("tl/collection.json") as {
      users: Record<string, Record<string, string>>;
    };
    const { looked_up, ...known } = after.users[user] ?? {};
    assert.match(looked_up ?? "", /^\d{4}-/);
    assert.deepEqual(known, {
      ...config.users[user],
      since_id: idsOf(await tweetsOf((await place.harvests("tl")).at(-1) ?? "")).at(0),
    });
  }, { world: world(4, 130) }));

Deno.test("names come with the posts: users are looked up only if they gave nothing, and then not again for days", () =>
  inOneProcess(async (place) => {
    const users = usersOf(place);
    await place.add({ id: "tl", type: "user_timeline", api: "2", users: { ...users, "77": {} } });
    const silent = { id: "77", screenName: "silent", name: "Silent", state: "open" } as const;
    place.sandbox.world.users.set("77", silent);
    const lookups = () =>
      place.sandbox.requests.filter(({ path }) =>
        path.startsWith("/2/users") && !path.endsWith("/tweets")
      );
    await place.harvest("tl");
    assert.deepEqual(lookups().map(({ parameters }) => parameters.ids), ["77"]);
    const [folder = ""] = await place.harvests("tl");
    assert.equal(
      (await Deno.readTextFile(`${folder}/users.jsonl`)).trimEnd().split("\n").length,
      5,
    );
    const after = await place.object("tl/collection.json") as {
      users: Record<string, { screen_name?: string }>;
    };
    for (const [id, user] of place.sandbox.world.users) {
      assert.equal(after.users[id]?.screen_name, user.screenName);
    }

    assert.match(
      await place.ok("collection", "once", "tl", "--wait"),
      /complete.* 0 tweets.* 5 of 5 users/,
    );
    assert.equal(lookups().length, 1, "nothing is billed where nothing is new");
    await place.ok("collection-config", "download", "tl");
    const config = JSON.parse(await Deno.readTextFile(place.path("collection.json")));
    for (const id of Object.keys(config.users)) config.users[id].looked_up = "2020-01-01T00:00:00Z";
    await place.writeJson("collection.json", config);
    await place.ok("collection-config", "update");
    await place.harvest("tl");
    assert.equal(lookups().length, 2, "after days they are looked up, in one call");
  }, { world: world(4, 7) }));

Deno.test("users in every state are told apart in version 2", () =>
  inOneProcess(async (place) => {
    const users = usersOf(place);
    const delete_users_for = ["protected", "suspended", "not_found"];
    await place.add({ id: "tl", type: "user_timeline", api: "2", users, delete_users_for });
    await place.harvest("tl");
    const said = await place.ok("harvest", "last", "tl");
    const ids = Object.keys(users);
    // The look-up that confirms the removal brings the name of a protected user.
    const name = place.sandbox.world.users.get(ids[9] ?? "")?.screenName;
    assert.match(said, new RegExp(`User ${ids[9]} \\(${name}\\): protected`));
    assert.match(said, new RegExp(`@${name} \\(${ids[9]}\\) protected`));
    assert.match(said, new RegExp(`User ${ids[19]}: suspended`));
    assert.match(said, new RegExp(`User ${ids[29]}: not_found`));
    const after = await place.object("tl/collection.json") as {
      users: Record<string, unknown>;
      removed_users: Record<string, { screen_name?: string }>;
    };
    assert.equal(Object.keys(after.users).length, 27);
    assert.equal(after.removed_users[ids[9] ?? ""]?.screen_name, name);
  }, { world: world(30, 3) }));

Deno.test("a used up cap ends the harvest at once with what came, says when to come back, and the next one goes on", () =>
  inOneProcess(async (place) => {
    await place.add(SEARCH);
    place.sandbox.troubles.add({ kind: "cap", path: "search/recent", after: 2 });
    const { code, err } = await place.run("harvest", "run", "--shutdown", "find");
    assert.equal(code, 1);
    assert.match(err, /Error: .*UsageCapExceeded: .*Collected tweets are safe\. .*next month/);
    assert.equal(idsOf(await place.tweets("find")).length, 200);
    await place.harvest("find");
    const ids = idsOf(await place.tweets("find"));
    assert.equal(ids.length, 900);
    assert.equal(new Set(ids).size, 900, "no post is read twice");
  }, { world: world(3, 300) }));

Deno.test("what a timeline is to leave out is asked for with every page", () =>
  inOneProcess(async (place) => {
    await place.add({
      id: "tl",
      type: "user_timeline",
      api: "2",
      users: usersOf(place),
      exclude: ["replies", "retweets"],
    });
    await place.harvest("tl");
    assert.deepEqual(
      place.sandbox.requests.map(({ parameters }) => parameters.exclude),
      Array(4).fill("replies,retweets"),
    );
  }, { world: world(2, 130) }));

Deno.test("a consumer pair is enough for every collection but streams of 1.1, and its token is written nowhere", () =>
  inOneProcess(async (place) => {
    const { consumer_key, consumer_secret } = place.sandbox.keys;
    const keys = { consumer_key, consumer_secret };
    await place.add({ ...SEARCH, keys });
    await place.ok("collection", "once", "find", "--wait", "--yes");
    await place.add({ id: "tl", type: "user_timeline", users: usersOf(place), keys });
    await place.ok("collection", "once", "tl", "--wait", "--yes");
    assert.equal(idsOf(await place.tweets("find")).length, 260);
    assert.equal((await place.tweets("tl")).length, 260);
    assert.ok(place.sandbox.requests.every(({ as }) => as === "app"));
    assert.equal(place.sandbox.signIns.length, 2, "one a harvest");
    for await (const path of filesBelow(place.folder)) {
      const bytes = Buffer.from(await Deno.readFile(path));
      assert.ok(!bytes.includes(place.sandbox.bearer), path);
    }
  }, { world: world(2, 130) }));
