import { saferPlace } from "../../../lib/cli/profiles.ts";
import assert from "node:assert/strict";
import { systemClock } from "../../../lib/base/clock.ts";
import { World } from "../../../lib/sandbox/world.ts";
import { writeProfile } from "../../../lib/secrets/twarc_files.ts";
import { inOneProcess } from "../../e2e/program.ts";

Deno.test("keys that have become bad are replaced by one command, and the next harvest goes on", () =>
  inOneProcess(async (place) => {
    const { keys } = place.sandbox;
    const wrong = { ...keys, access_token_secret: "old", consumer_secret: "old" };
    await place.writeJson("collection.json", {
      id: "find",
      type: "search",
      search: { query: "sandbox" },
      keys: wrong,
    });
    await place.ok("collection", "add");
    const failed = await place.run("collection", "once", "find", "--wait");
    assert.equal(failed.code, 1);
    await writeProfile(place.path(".twarc"), "main", keys);
    const { out, err } = await place.run("collection", "keys", "find");
    assert.equal(out, "find has the keys of profile main, in the configuration of find.\n");
    assert.equal(
      err,
      "Its next harvest uses these.\nStart it with: twarc-cloud collection once find\n",
    );
    await place.ok("collection", "once", "find", "--wait");
    assert.equal((await place.tweets("find")).length, 20);
    await place.ok("collection", "keys", "find");
    const changes = await place.ok("collection-config", "changes", "find", "--json");
    assert.ok(!changes.includes(keys.consumer_secret), "no key is in the history");
    assert.equal(JSON.parse(changes).length >= 2, true);
  }, { world: World.create({ clock: systemClock, users: 2, tweetsPerUser: 10 }) }));

Deno.test("after new keys it is said what comes next: by the schedule, or by stopping and starting a stream", () =>
  inOneProcess(async (place) => {
    await writeProfile(place.path(".twarc"), "main", place.sandbox.keys);
    await place.add({ id: "find", type: "search", search: { query: "sandbox" } });
    await place.ok("collection", "schedule", "find", "cron(0 10 * * ? *)");
    const scheduled = await place.run("collection", "keys", "find");
    assert.equal(scheduled.err, "Its next harvest uses these.\n");

    await place.add({ id: "live", type: "filter", filter: { track: "sandbox" } });
    await place.ok("collection", "filter-start", "live");
    const running = await place.run("collection", "keys", "live", "--bucket", "./twarc-cloud-data");
    assert.equal(
      running.err,
      "Its running harvest keeps using its former keys.\nStop and start the collection to use the new ones:\n" +
        "  twarc-cloud collection filter-stop --bucket ./twarc-cloud-data live\n" +
        "  twarc-cloud collection filter-start --bucket ./twarc-cloud-data live\n",
    );
    await place.ok("collection", "filter-stop", "live");
  }, { world: World.create({ clock: systemClock, users: 2, tweetsPerUser: 10 }) }));

Deno.test("where keys are better kept is said by where harvesters run: Parameter Store is for a cluster's", () => {
  assert.equal(saferPlace({ runner: "ecs" }), "Parameter Store, encrypted");
  assert.equal(saferPlace({ runner: "local" }), "a file of your own");
});
