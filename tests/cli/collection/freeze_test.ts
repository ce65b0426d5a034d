import assert from "node:assert/strict";
import { inOneProcess, type Place } from "../../e2e/program.ts";

const SEARCH = { id: "find", type: "search", search: { query: "sandbox" } };

const pathOf = (place: Place, name: string) =>
  place.path("twarc-cloud-data", "collections", "find", name);

async function linesOf(place: Place, name: string): Promise<Record<string, unknown>[]> {
  const text = await Deno.readTextFile(pathOf(place, name));
  return text.trimEnd().split("\n").map((line) => JSON.parse(line));
}

const WHY = "The project is over";

Deno.test("a collection that is frozen is signed off, has no keys, and nothing collects or changes it", () =>
  inOneProcess(async (place) => {
    await place.add(SEARCH);
    await place.harvest("find");
    await place.ok("collection", "schedule", "find", "cron(0 10 * * ? *)");
    await place.ok("collection-config", "download", "find");
    const did = await place.run("collection", "freeze", "find", "--note", WHY);
    assert.deepEqual([did.code, did.out], [0, "find is frozen.\n"]);
    assert.match(
      did.err,
      /^It has no keys any more, and its schedule was removed\. To go on with it: twarc-cloud collection unfreeze --note=WHY find\n$/m,
    );

    const config = JSON.parse(await Deno.readTextFile(pathOf(place, "collection.json")));
    assert.deepEqual([config.keys, config.frozen.note], [undefined, WHY]);
    assert.equal((await linesOf(place, "fixity.jsonl")).at(-1)?.faults, 0);
    const { what, note, faults, since } = (await linesOf(place, "inventory.jsonl")).at(-1) ?? {};
    assert.deepEqual([what, note, faults, since], ["frozen", WHY, 0, config.frozen.since]);
    assert.match(await place.ok("collection", "scheduled"), /^No scheduled/);

    const harvests = await place.harvests("find");
    const refused = [
      ["collection", "once", "find", "--wait"],
      ["collection", "schedule", "find", "rate(1 day)"],
      ["collection", "keys", "find"],
      ["collection", "gaps", "find", "--fill"],
      ["collection", "recover", "find"],
      ["collection", "compliance", "find", "--apply"],
      ["collection-config", "update"],
      ["harvest", "run", "--shutdown", "find"],
    ];
    for (const args of refused) {
      const { code, out, err } = await place.run(...args);
      assert.deepEqual([code, out], [1, ""], args.join(" "));
      assert.match(err, /Collection find is frozen since \S+ by \S+ \(The project is over\)/);
      assert.match(err, /twarc-cloud collection unfreeze --note=WHY find/);
    }
    assert.deepEqual(await place.harvests("find"), harvests);
    for (const what of ["coverage", "gaps", "verify", "stats", "names", "dehydrate"]) {
      await place.ok("collection", what, "find");
    }
  }));

Deno.test("freezing twice signs off once; a collection that goes on says why, and is harvested with new keys", () =>
  inOneProcess(async (place) => {
    await place.add(SEARCH);
    const frozen = async () =>
      (await linesOf(place, "inventory.jsonl")).filter(({ what }) => /frozen/.test(`${what}`))
        .map(({ what, note }) => [what, note]);
    await place.ok("collection", "freeze", "find", "--note", WHY);
    assert.match(await place.ok("collection", "freeze", "find"), /^find is frozen since 20/);
    assert.deepEqual(await frozen(), [["frozen", WHY]]);
    assert.equal((await place.run("collection", "unfreeze", "find")).code, 2);
    assert.equal(
      await place.ok("collection", "unfreeze", "--note=WHY", "find"),
      "find is no longer frozen.\n",
    );
    assert.equal(
      await place.ok("collection", "unfreeze", "--note=WHY", "find"),
      "find is not frozen.\n",
    );
    assert.match((await place.run("collection", "once", "find")).err, /collection keys find/);
    const config = { keys: place.sandbox.keys, ...SEARCH };
    await place.ok("collection-config", "download", "find");
    const { timestamp } = JSON.parse(await Deno.readTextFile(place.path("collection.json")));
    await place.writeJson("collection.json", { ...config, timestamp });
    await place.ok("collection-config", "update");
    await place.harvest("find");
    await place.ok("collection", "freeze", "find", "--note", WHY);
    assert.deepEqual(await frozen(), [["frozen", WHY], ["unfrozen", "WHY"], ["frozen", WHY]]);
    await place.ok("collection", "verify", "find");
  }));

Deno.test("a collection that is harvested, or whose stream is to go on, is not frozen", () =>
  inOneProcess(async (place) => {
    await place.add({ id: "live", type: "filter", filter: { track: "sandbox" } });
    await place.ok("collection", "filter-start", "live");
    const { code, err } = await place.run("collection", "freeze", "live");
    assert.equal(code, 1);
    assert.match(err, /The stream of live is still running\. .*collection filter-stop live/);
    await place.ok("collection", "filter-stop", "live");
    await place.ok("collection", "freeze", "live");
    const { err: started } = await place.run("collection", "filter-start", "live");
    assert.match(started, /Collection live is frozen/);
  }));
