import assert from "node:assert/strict";
import { systemClock } from "../../lib/base/clock.ts";
import { World } from "../../lib/sandbox/world.ts";
import { inOneProcess, type Place, until } from "./program.ts";

function world(users: number, tweetsPerUser: number): World {
  return World.create({ clock: systemClock, users, tweetsPerUser });
}

function usersOf(place: Place, most = Infinity): Record<string, Record<string, string>> {
  const ids = [...place.sandbox.world.users.keys()].slice(0, most);
  return Object.fromEntries(ids.map((id) => [id, {}]));
}

/** Adds a collection of version 2. */
async function add(place: Place, config: Record<string, unknown>): Promise<void> {
  await place.add({ api: "2", ...config });
}

async function change(place: Place, changes: Record<string, unknown>): Promise<void> {
  const config = JSON.parse(await Deno.readTextFile(place.path("collection.json")));
  await place.ok("collection-config", "download", config.id);
  const newest = JSON.parse(await Deno.readTextFile(place.path("collection.json")));
  await place.writeJson("collection.json", { ...newest, ...changes });
  await place.ok("collection-config", "update");
}

async function estimate(place: Place, ...flags: string[]) {
  return JSON.parse(await place.ok("collection-config", "estimate", "--json", ...flags));
}

/** What was billed while something was done. */
async function billedBy(place: Place, use: () => Promise<unknown>) {
  const before = place.sandbox.ledger.totalBilled;
  await use();
  const after = place.sandbox.ledger.totalBilled;
  const dollars = Math.round((after.dollars - before.dollars) * 1e6) / 1e6;
  return { posts: after.posts - before.posts, users: after.users - before.users, dollars };
}

function idsOf(lines: string[]): string[] {
  return lines.flatMap((line) => {
    const { data } = JSON.parse(line);
    return [data].flat().map(({ id }: { id: string }) => id);
  });
}

const SEARCH = { id: "find", type: "search", search: { query: "sandbox" } };

for (
  const [name, config] of [
    ["timelines", (place: Place) => ({
      id: "demo_timelines",
      type: "user_timeline",
      users: usersOf(place, 11),
    })],
    ["search", () => ({ id: "demo_search", type: "search", search: { query: "marmots" } })],
  ] satisfies [string, (place: Place) => Record<string, unknown>][]
) {
  Deno.test(`the estimate for the demo's ${name} is what the API bills; a second harvest with nothing new bills nothing`, () =>
    inOneProcess(async (place) => {
      await add(place, config(place));
      const id = String(config(place).id);
      const asked = await billedBy(place, async () => {
        const { posts, users, dollars, is_at_most, asked } = await estimate(place);
        assert.equal(is_at_most, false);
        assert.ok(posts > 500, `${posts}`);
        const billed = await billedBy(place, () => place.harvest(id));
        assert.deepEqual({ posts, users, dollars }, billed);
        const last = JSON.parse(await place.ok("harvest", "last", id, "--json"));
        assert.deepEqual(last.billed, billed);
        assert.equal(asked.dollars, name === "search" ? 0.005 : 0.11);
      });
      const { counts } = place.sandbox.ledger.totalBilled;
      assert.equal(asked.users, name === "search" ? 0 : 11);
      assert.equal(counts, name === "search" ? 1 : 0);

      await place.ok("collection-config", "download", id);
      const again = await estimate(place);
      assert.deepEqual([again.posts, again.users, again.dollars], [0, 0, 0]);
      const nothing = { posts: 0, users: 0, dollars: 0 };
      assert.deepEqual(await billedBy(place, () => place.harvest(id)), nothing);
      const [user = ""] = place.sandbox.world.users.keys();
      place.sandbox.world.post(user, 60);
      const more = await estimate(place);
      const billed = await billedBy(place, () => place.harvest(id));
      assert.deepEqual(billed, { posts: more.posts, users: 0, dollars: more.dollars });
      assert.ok(billed.posts > 0);
    }, { world: world(12, 400) }));
}

Deno.test("an estimate shows posts, cost, share of the cap, time and a chart, as plain text", () =>
  inOneProcess(async (place) => {
    await add(place, { ...SEARCH, budget: { dollars: 2, per: "month" } });
    const said = await place.ok("collection-config", "estimate");
    for (
      const part of [
        /^find \(search\), by the prices of \d{4}-\d\d-\d\d: https:/,
        /Posts +about 900\n/,
        /Cost +about 4\.50 dollars\n/,
        /Monthly cap +0\.03% of 3,000,000 posts a month\n/,
        /Used so far +0 of 3,000,000 posts of this month \(0%\); it resets on \d{4}-\d\d-01\n/,
        /Time +less than 15 minutes at the rate limit \(9 requests\)\n/,
        /Budget +2\.00 dollars a month\n/,
        /This estimate +0\.005 dollars \(1 count\)\n/,
        /\n\d{4}-\d\d-\d\d +\d+ +#+\n/,
      ]
    ) assert.match(said, part);
    assert.doesNotMatch(said, /[^\n\x20-\x7e]/);
    await Deno.writeTextFile(place.path("prices.json"), '{"post": 0.001, "date": "2026-11-01"}');
    const cheaper = await place.ok("collection-config", "estimate", "--prices", "prices.json");
    assert.match(
      cheaper,
      /by the prices of 2026-11-01: your own prices\n(.*\n)* *Cost +about 0\.90 /,
    );
    const { search } = await estimate(place, "--prices", "prices.json").then(() => SEARCH);
    await change(place, { search: { ...search, max_records: "150" } });
    assert.equal((await estimate(place)).posts, 150);
    await Deno.writeTextFile(place.path("prices.json"), '{"posts": 0.001}');
    const { code, err } = await place.run(
      "collection-config",
      "estimate",
      "--prices",
      "prices.json",
    );
    assert.equal(code, 1);
    assert.match(err, /^Error: prices\.json is not as expected: .*posts/);
  }, { world: world(3, 300) }));

Deno.test("what only costs is left out where nobody agreed to it, and bounded; so are protected users", () =>
  inOneProcess(async (place) => {
    await add(place, { id: "tl", type: "user_timeline", users: usersOf(place) });
    const { code, out, err } = await place.run("collection-config", "estimate");
    assert.equal(code, 0);
    assert.match(err, /^Asking how much the users wrote costs 0\.60 dollars\. .*--yes/);
    assert.match(
      out,
      /Posts +at most 192,000\n(.*\n)*.*This estimate +0\.00 dollars \(nothing was requested\)/,
    );
    assert.equal(place.sandbox.ledger.totalBilled.dollars, 0);
    const asked = await estimate(place, "--yes");
    assert.deepEqual([asked.posts, asked.is_at_most], [54 * 3, false]);
    assert.match(asked.notes.join(), /6 users are protected, suspended or not found/);
    assert.equal(asked.asked.users, 56);
  }, { world: world(60, 3) }));

Deno.test("many users with a since_id are counted in groups: a few queries, and an upper bound", () =>
  inOneProcess(async (place) => {
    const users: Record<string, Record<string, string>> = {};
    for (const id of place.sandbox.world.users.keys()) {
      const [, second] = place.sandbox.world.timeline(id, { count: 2 });
      users[id] = { since_id: `${second?.id}`, looked_up: new Date().toISOString() };
    }
    await add(place, { id: "tl", type: "user_timeline", users });
    const { posts, is_at_most, asked } = await estimate(place);
    assert.deepEqual([is_at_most, asked.counts], [true, 5]);
    assert.ok(posts >= 120 && posts < 240, `${posts}`);
    const old = { "5": { since_id: "1000", looked_up: new Date().toISOString() } };
    await place.writeJson("collection.json", {
      keys: { bearer_token: place.sandbox.bearer },
      id: "tl",
      api: "2",
      type: "user_timeline",
      users: old,
    });
    const unknown = await estimate(place);
    assert.deepEqual([unknown.posts, unknown.is_at_most, unknown.asked.dollars], [3_200, true, 0]);
    assert.match(unknown.notes.join(), /older than seven days/);
  }, { world: world(120, 5) }));

Deno.test("a stream is estimated by the last seven days of its rules, as a rate", () =>
  inOneProcess(async (place) => {
    const filter = { track: "marmots", rules: [{ value: "bridge sample:10" }] };
    await add(place, { id: "live", type: "filter", filter });
    const found = await estimate(place);
    assert.equal(found.per, "day");
    assert.equal(found.asked.counts, 2);
    const matching = place.sandbox.world.search("marmots OR bridge", { count: 10_000 }).length;
    assert.equal(found.posts, Math.round(matching / 7));
    assert.equal(found.dollars_per_month, Math.round(found.posts * 30 * 0.005 * 100) / 100);
    assert.match(await place.ok("collection-config", "estimate"), /about \d+ a day\n/);
  }, { world: world(3, 300) }));

Deno.test("version 1.1 costs nothing by the post, and has no budget", () =>
  inOneProcess(async (place) => {
    await place.add(SEARCH);
    assert.match(
      await place.ok("collection-config", "estimate"),
      /^find is a collection of version 1\.1 of the API, which costs nothing by the post\.\n$/,
    );
    await place.writeJson("collection.json", {
      keys: place.sandbox.keys,
      ...SEARCH,
      id: "other",
      budget: { posts: 100, per: "month" },
    });
    const { code, err } = await place.run("collection", "add");
    assert.equal(code, 1);
    assert.match(err, /budget is for version 2 of the API: version 1\.1 costs nothing by the post/);
  }, { world: world(1, 1) }));

Deno.test("a harvest stops before it would pass the month's budget, and goes on where that is raised: nothing is read twice", () =>
  inOneProcess(async (place) => {
    await add(place, { ...SEARCH, budget: { dollars: 2.03, per: "month" } });
    const once = () => place.ok("collection", "once", "find", "--wait");
    const reason =
      /stopped\. 400 tweets.*about 2\.00 dollars\nThe budget of 2\.03 dollars a month is used up \(2\.00 dollars\)\. The first harvest from \d{4}-\d\d-01 on goes on from here; so does one with a higher "budget"\n/;
    assert.match(await once(), reason);
    assert.match(await place.ok("harvest", "last", "find"), /Billed: 400 posts and 0 users/);
    assert.equal(place.sandbox.ledger.totalBilled.posts, 400);
    assert.match(await once(), /stopped\. 0 tweets.*\nThe budget .*is used up \(2\.00 dollars\)/);
    assert.equal(place.sandbox.ledger.totalBilled.posts, 400);
    await change(place, { budget: { dollars: 2.06, per: "month" } });
    assert.match(await once(), /stopped\. 12 tweets/);
    assert.equal(place.sandbox.ledger.totalBilled.dollars, 2.06);
    await change(place, { budget: { posts: 5_000, per: "month" } });
    assert.match(await once(), /complete\. 488 tweets/);
    const ids = idsOf(await place.tweets("find"));
    assert.deepEqual([ids.length, new Set(ids).size], [900, 900]);
    const requests = place.sandbox.requests.filter(({ path }) => path.endsWith("/search/recent"));
    assert.equal(requests.length, 4 + 0 + 1 + 5, "no page was asked for twice");
  }, { world: world(3, 300) }));

Deno.test("timelines side by side keep to a harvest's budget together, and every harvest goes on", () =>
  inOneProcess(async (place) => {
    await add(place, {
      id: "tl",
      type: "user_timeline",
      users: usersOf(place),
      budget: { posts: 250, per: "harvest" },
    });
    for (const posts of [250, 250, 280 - 30]) {
      const billed = await billedBy(place, () => place.harvest("tl"));
      assert.match(
        await place.ok("harvest", "last", "tl"),
        /Outcome: stopped\. The budget of 250 posts a harvest is used up .*next harvest goes on/,
      );
      assert.deepEqual(billed, { posts, users: 0, dollars: posts * 0.005 });
    }
    assert.match(await place.ok("collection", "once", "tl", "--wait"), /complete\. 30 tweets/);
    const ids = idsOf(await place.tweets("tl"));
    assert.deepEqual([ids.length, new Set(ids).size], [780, 780]);
    assert.equal(place.sandbox.ledger.totalBilled.posts, 780);
  }, { world: world(6, 130) }));

Deno.test("users that are looked up count as well: where they would pass the budget, they wait", () =>
  inOneProcess(async (place) => {
    await add(place, {
      id: "tl",
      type: "user_timeline",
      users: usersOf(place),
      budget: { dollars: 0.02, per: "harvest" },
    });
    await place.harvest("tl");
    assert.match(await place.ok("harvest", "last", "tl"), /Outcome: stopped/);
    assert.equal(place.sandbox.ledger.totalBilled.dollars, 0);
    await change(place, { budget: { dollars: 0.05, per: "harvest" } });
    await place.harvest("tl");
    const last = JSON.parse(await place.ok("harvest", "last", "tl", "--json"));
    assert.equal(last.outcome, "complete");
    assert.deepEqual([
      place.sandbox.ledger.totalBilled.users,
      place.sandbox.ledger.totalBilled.posts,
    ], [
      3,
      0,
    ]);
  }, { world: world(3, 0) }));

Deno.test("a stream ends when its budget is used up, and tells while it runs what it cost", () =>
  inOneProcess(async (place) => {
    await add(place, {
      id: "live",
      type: "filter",
      filter: { track: "sandbox" },
      budget: { posts: 20, per: "month" },
    });
    await place.ok("collection", "filter-start", "live");
    const { world, filtered, ledger } = place.sandbox;
    await until(() => Promise.resolve(filtered.size > 0));
    const [user = ""] = world.users.keys();
    for (let i = 0; i < 12; i++) world.post(user);
    const said = await until(async () => {
      const running = await place.ok("harvest", "running", "live");
      return running.includes("Tweets: 12. ") && running;
    });
    assert.match(said, /\nBilled: 12 posts and 0 users, about 0\.06 dollars\n/);
    assert.match(
      said,
      /\nUsage of the project: 12 of 3,000,000 posts of this month \(0%\); it resets on/,
    );
    const json = JSON.parse(await place.ok("harvest", "running", "live", "--json"));
    assert.equal(json.usage.used, 12);
    for (let i = 0; i < 8; i++) world.post(user);
    await until(() => Promise.resolve(filtered.size === 0));
    assert.equal(ledger.totalBilled.posts, 20);
    await place.ok("collection", "filter-stop", "live");
    assert.match(
      await place.ok("harvest", "last", "live"),
      /Tweets: 20\. (.|\n)*Outcome: stopped\. The budget of 20 posts a month is used up \(20 posts\)/,
    );
  }, { world: world(1, 0) }));

Deno.test("a used up cap is told with the day on which it begins anew", () =>
  inOneProcess(async (place) => {
    await add(place, SEARCH);
    place.sandbox.troubles.add({ kind: "cap", path: "search/recent", after: 2 });
    const { code, err } = await place.run("harvest", "run", "--shutdown", "find");
    assert.equal(code, 1);
    assert.match(
      err,
      /UsageCapExceeded.*The month's cap resets on \d{4}-\d\d-01\. Collected tweets/,
    );
    assert.match(
      await place.ok("harvest", "last", "find"),
      /^The last harvest of find failed: .*resets on \d{4}-\d\d-01\n/,
    );
  }, { world: world(3, 300) }));
