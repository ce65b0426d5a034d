import assert from "node:assert/strict";
import { systemClock } from "../../lib/base/clock.ts";
import { World } from "../../lib/sandbox/world.ts";
import type { JsonObject } from "../../lib/base/json.ts";
import { inOneProcess, type Place, until } from "./program.ts";

function world(): World {
  return World.create({ clock: systemClock, users: 3, tweetsPerUser: 0 });
}

function config(place: Place, filter: JsonObject) {
  const keys = { bearer_token: place.sandbox.bearer };
  return { id: "live", type: "filter", api: "2", keys, filter };
}

async function connected(place: Place): Promise<void> {
  await until(() => Promise.resolve(place.sandbox.filtered.size > 0));
}

function idOf(line: string): string {
  return JSON.parse(line).data.id;
}

Deno.test("a filter collection of version 2 is made from a template, started, watched and stopped", () =>
  inOneProcess(async (place) => {
    await place.ok("collection-config", "template", "filter", "--id=live");
    const template = JSON.parse(await Deno.readTextFile(place.path("collection.json")));
    assert.equal(template.api, "2");
    template.keys = { bearer_token: place.sandbox.bearer };
    template.filter.rules[0] = { value: "sandbox", tag: "all of it" };
    await place.writeJson("collection.json", template);
    await place.ok("collection", "add");
    await place.ok("collection", "filter-start", "live");
    await connected(place);
    const [rule] = place.sandbox.filtered.rules.all;
    assert.deepEqual([rule?.value, rule?.tag], ["sandbox", "twarc-cloud/live all of it"]);
    const posted = place.post(25);
    await until(async () => (await place.running("live")).tweets === 25);
    await place.ok("collection", "filter-stop", "live");
    const lines = await place.tweets("live");
    assert.deepEqual(lines.map(idOf), posted);
    const line = JSON.parse(lines[0] ?? "");
    assert.deepEqual(Object.keys(line), ["data", "includes", "matching_rules", "__twarc"]);
    assert.match(line.__twarc.url, /\/2\/tweets\/search\/stream\?expansions=author_id/);
    assert.deepEqual(place.sandbox.filtered.rules.all, []);
  }, { world: world() }));

Deno.test("killed with -9 and started again while the API still counts its connection, it ends that one and goes on", () =>
  inOneProcess(async (place) => {
    await place.add(config(place, { track: "sandbox", fill_gaps: false }));
    const args = ["harvest", "run", "--flush-secs", "1", "live"];
    const first = place.spawn(args);
    await connected(place);
    const posted = place.post(30);
    await until(async () => (await place.tweets("live")).length === 30);
    await place.kill(first, "live");
    const second = place.spawn(args);
    await until(() =>
      Promise.resolve(place.sandbox.requests.some(({ method }) => method === "DELETE"))
    );
    await connected(place);
    posted.push(...place.post(10));
    await until(async () => (await place.running("live")).tweets === 10);
    await place.end(second, "live");
    assert.equal((await second.output()).code, 0);
    assert.deepEqual((await place.tweets("live")).map(idOf), posted);
    const said = await place.ok("harvest", "last", "live");
    assert.match(
      said,
      /Gaps: 1 .*\n {2}\S+Z to \S+Z: The harvester was interrupted\n/,
    );
  }, { world: world(), lingerMs: 600_000 }));

Deno.test("a second collection on the same app is refused with the name of the first", () =>
  inOneProcess(async (place) => {
    await place.add(config(place, { track: "sandbox" }));
    await place.ok("collection", "filter-start", "live");
    await connected(place);
    await place.add({ ...config(place, { track: "other" }), id: "second" });
    const { code, err } = await place.run("harvest", "run", "--shutdown", "second");
    assert.equal(code, 1);
    assert.match(
      err,
      /Error: The app of these keys has rules of the collection live\. Stop live with/,
    );
    await place.ok("collection", "filter-stop", "live");
  }, { world: world() }));

Deno.test("a rule that the API does not take is named, and the others run", () =>
  inOneProcess(async (place) => {
    const rules = [{ value: "bogus:1" }, { value: "sandbox" }];
    await place.add(config(place, { rules, max_records: 3 }));
    const harvest = place.spawn(["harvest", "run", "--shutdown", "live"]);
    await connected(place);
    place.post(3);
    const { code, stderr } = await harvest.output();
    assert.equal(code, 0);
    assert.match(
      new TextDecoder().decode(stderr),
      /The API refused the rule "?bogus:1"?: .*not an operator/,
    );
    const info = JSON.parse(await place.ok("harvest", "last", "live", "--json"));
    assert.deepEqual([info.tweets, info.messages], [3, { rule_not_taken: 1 }]);
  }, { world: world() }));

Deno.test("searches for what a stream missed that a stop came before are told, and left to the next harvest", () =>
  inOneProcess(async (place) => {
    await place.add(config(place, { track: "sandbox" }));
    const args = ["harvest", "run", "--flush-secs", "1", "--shutdown", "live"];
    const first = place.spawn(args);
    await connected(place);
    place.post(3);
    await until(async () => (await place.tweets("live")).length === 3);
    await place.kill(first, "live");
    const second = place.spawn(args);
    await until(async () => (await place.running("live").catch(() => null))?.gaps === 1);
    await place.end(second, "live");
    await second.output();
    const last = JSON.parse(await place.ok("harvest", "last", "live", "--json"));
    assert.deepEqual([last.missed.length, last.searches_left], [1, 1]);
    assert.match(
      await place.ok("harvest", "last", "live"),
      /left to this harvest or the next: 1\n/,
    );
  }, { world: world() }));
