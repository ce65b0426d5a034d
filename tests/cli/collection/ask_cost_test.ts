import assert from "node:assert/strict";
import { systemClock } from "../../../lib/base/clock.ts";
import { World } from "../../../lib/sandbox/world.ts";
import { inOneProcess, type Place } from "../../e2e/program.ts";

const world = () => World.create({ clock: systemClock, users: 4, tweetsPerUser: 700 });

async function add(place: Place, more: Record<string, unknown> = {}): Promise<void> {
  const keys = { bearer_token: place.sandbox.bearer };
  const config = { id: "find", type: "search", api: "2", search: { query: "sandbox" }, keys };
  await place.writeJson("collection.json", { ...config, ...more });
  await place.ok("collection", "add", "--no-check");
}

Deno.test("a first harvest that costs more than the limit wants a yes, and shows what it costs; a second one does not", () =>
  inOneProcess(async (place) => {
    await add(place);
    for (const args of [["once", "find"], ["schedule", "find", "rate(1 day)"]]) {
      const { code, out, err } = await place.run("collection", ...args);
      assert.equal(code, 1);
      assert.equal(out, "");
      assert.match(err, /Posts +about 2,800\n/);
      assert.match(err, /Error: This harvest may cost 14\.00 dollars\. Start it with --yes/);
    }
    assert.equal(await place.ok("harvest", "list"), "No running harvests.\n");
    await place.ok("collection", "once", "find", "--wait", "--yes");
    assert.equal((await place.tweets("find")).length > 0, true);
    const counted = place.sandbox.ledger.totalBilled.counts;
    await place.ok("collection", "once", "find", "--wait");
    assert.equal(place.sandbox.ledger.totalBilled.counts, counted);
  }, { world: world() }));

Deno.test("a budget, a higher limit, or an API that cannot say it, needs no question", () =>
  inOneProcess(async (place) => {
    await add(place, { budget: { dollars: 1, per: "harvest" } });
    await place.ok("collection", "once", "find", "--wait");
    assert.equal(place.sandbox.ledger.totalBilled.counts, 0);
    await add(place, { id: "many", search: { query: "sandbox", max_records: 10 } });
    await Deno.writeTextFile(place.path("twarc_cloud.ini"), "[DEFAULT]\nask_above = 20\n");
    await place.ok("collection", "once", "many", "--wait");
    await Deno.writeTextFile(place.path("twarc_cloud.ini"), "[DEFAULT]\nask_above = much\n");
    const odd = await place.run("collection", "once", "many");
    assert.match(odd.err, /ask_above in twarc_cloud\.ini is "much", which is not a number/);
    await Deno.remove(place.path("twarc_cloud.ini"));
    await add(place, { id: "silent", search: { query: "sandbox", max_records: 10 } });
    place.sandbox.troubles.add({ kind: "403", path: "counts", times: 9 });
    const started = await place.run("collection", "once", "silent", "--wait");
    assert.equal(started.code, 0, started.err);
    assert.match(started.err, /The cost could not be estimated: .*403/);
  }, { world: world() }));

Deno.test("timelines of which only a bound is known start where nobody can be asked, and it is said what they cost at most", () =>
  inOneProcess(async (place) => {
    const users = Object.fromEntries([...place.sandbox.world.users.keys()].map((id) => [id, {}]));
    const many = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`${9_000_000 + i}`, {}]));
    await add(place, {
      id: "tl",
      type: "user_timeline",
      search: undefined,
      users: { ...users, ...many },
    });
    const { code, err } = await place.run("collection", "once", "tl", "--wait");
    assert.equal(code, 0, err);
    assert.match(err, /^This harvest costs 992\.00 dollars at most\.$/m);
  }, { world: World.create({ clock: systemClock, users: 2, tweetsPerUser: 5 }) }));
