import assert from "node:assert/strict";
import { systemClock } from "../../../lib/base/clock.ts";
import { World } from "../../../lib/sandbox/world.ts";
import { inOneProcess, type Place, until } from "../../e2e/program.ts";

function world(users = 1, tweetsPerUser = 0): World {
  return World.create({ clock: systemClock, users, tweetsPerUser });
}

async function isIdle(place: Place): Promise<boolean> {
  return await place.ok("harvest", "list") === "No running harvests.\n";
}

Deno.test("running and last harvests are told as in the documents: the last one with commas", () =>
  inOneProcess(async (place) => {
    const start =
      "live => Bucket: \\./twarc-cloud-data\\. Harvest timestamp: \\d{4}-\\d\\d-\\d\\dT\\S+\\. ";
    await place.add({ id: "live", type: "filter", filter: { track: "sandbox" } });
    const none = await place.run("harvest", "last", "live");
    assert.equal(none.out, "Cannot find last harvest for this collection.\n");
    assert.match(none.err, /^Begin the first with: twarc-cloud collection filter-start live\n$/);
    await place.ok("collection", "filter-start", "live");
    const first = await place.run("harvest", "last", "live");
    assert.match(first.err, /first one is running: twarc-cloud harvest running --follow live\n$/);
    await until(() => Promise.resolve(place.sandbox.streams.size > 0));
    const [user = ""] = place.sandbox.world.users.keys();
    place.sandbox.world.post(user, 1_252);
    const running = () => place.ok("harvest", "running", "live");
    await until(async () => (await running()).includes("Tweets: 1252. "));
    assert.match(
      await running(),
      new RegExp(`^${start}Tweets: 1252\\. Files: \\d+ \\(\\d+(B|K)\\)\n$`),
    );
    await place.ok("collection", "filter-stop", "live");
    const last = await place.ok("harvest", "last", "live");
    assert.match(last, new RegExp(`^${start}Tweets: 1,252\\. Files: 1 \\(\\d+K\\)\n`));
    const json = JSON.parse(await place.ok("harvest", "last", "live", "--json"));
    assert.equal(json.tweets, 1_252);
    const gone = await place.run("harvest", "running", "live");
    assert.equal(gone.code, 1);
    assert.match(gone.err, /^Error: No harvest of live is running\. .*harvest last live/);
  }, { world: world() }));

Deno.test("a harvest that waits for a rate limit says so, and until when", () =>
  inOneProcess(async (place) => {
    await place.add({ id: "find", type: "search", search: { query: "sandbox" } });
    await place.ok("collection", "once", "find");
    const waiting = until(async () => {
      const told = await place.ok("harvest", "running", "find");
      return /Tweets: 100\. .*\nIt is (.*)\n/.exec(told)?.[1];
    });
    const at = "\\d{4}-\\d\\d-\\d\\dT\\S+Z";
    const limit = "the rate limit of GET 1.1/search/tweets.json \\(app\\)";
    assert.match(await waiting, new RegExp(`^waiting until ${at} for ${limit}$`));
    await place.ok("collection", "stop", "--now", "find");
  }, { world: world(1, 200), limit: 1 }));

Deno.test("the last harvest of timelines tells what changed about users, or that nothing did", () =>
  inOneProcess(async (place) => {
    const [user] = place.sandbox.world.users.values();
    const users = { [user?.id ?? ""]: {} };
    await place.add({ id: "tl", type: "user_timeline", users });
    await place.harvest("tl");
    assert.match(
      await place.ok("harvest", "last", "tl"),
      new RegExp(`\nUser ${user?.id} \\(${user?.screenName}\\): screen name found\n$`),
    );
    await place.harvest("tl");
    assert.match(await place.ok("harvest", "last", "tl"), /\nNo user changes\.\n$/);
  }, { world: world(1, 2) }));

Deno.test("a log that is followed shows what is added, and ends with Ctrl-C", () =>
  inOneProcess(async (place) => {
    await place.add({ id: "live", type: "filter", filter: { track: "sandbox" } });
    await place.ok("collection", "filter-start", "live", "--hours-per-harvest", "6");
    const kept = JSON.parse(
      await Deno.readTextFile(
        await place.runnerPath("kept", "live.json"),
      ),
    );
    assert.deepEqual(kept.flags, { hoursPerHarvest: 6 }, "it is started so again after a fault");
    const child = place.spawn(["harvest", "logs", "live", "--follow"]);
    const lines: string[] = [];
    const reading = (async () => {
      for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) lines.push(text);
    })();
    await until(() => Promise.resolve(lines.join("").includes("Harvesting live (filter)")));
    await place.ok("collection", "filter-stop", "live");
    await until(() => Promise.resolve(/Harvested \d+ tweets: stopped/.test(lines.join(""))));
    child.kill("SIGINT");
    assert.equal((await child.status).code, 0);
    await Promise.all([reading, child.stderr.cancel()]);
    assert.ok(await isIdle(place));
  }, { world: world() }));

Deno.test("what was missed and cannot be read ends no look at a harvest", () =>
  inOneProcess(async (place) => {
    await place.add({ id: "find", type: "search", search: { query: "sandbox" } });
    await place.ok("harvest", "run", "--shutdown", "find");
    const checkpoint = place.path("twarc-cloud-data", "collections", "find", "checkpoint.json");
    await Deno.writeTextFile(checkpoint, "");
    const { code, out, err } = await place.run("harvest", "last", "find");
    assert.equal(code, 0, err);
    assert.match(out, /^find => Bucket: .* Tweets: 5\./);
    assert.match(err, /The gaps could not be read: .*checkpoint\.json is not JSON/);
  }, { world: world(1, 5) }));
