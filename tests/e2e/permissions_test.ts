import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { inPlace, pidOf, type Place, until } from "./program.ts";

const SEARCH = { id: "find", type: "search", search: { query: "sandbox" } };
const FILTER = { id: "live", type: "filter", filter: { track: "sandbox" } };
const PROBE = fileURLToPath(new URL("../fakes/probe.ts", import.meta.url));

Deno.test("a command that only reads can neither write nor start a program when it is done", () =>
  inPlace(async (place) => {
    await place.add(SEARCH);
    const nothing = { code: 0, run: false, write: false, read: true };
    for (const args of [["collection", "scheduled"], ["collection", "dehydrate", "find"]]) {
      assert.deepEqual(await place.powers(args), nothing, args.join(" "));
    }
    const looking = await place.powers(["collection", "list"]);
    assert.deepEqual(looking, { ...nothing, run: true });
  }));

Deno.test("a command that writes files starts no program, and one that starts harvesters keeps all", () =>
  inPlace(async (place) => {
    await place.add(SEARCH);
    const writing = ["collection-config", "template", "search", "--id", "other", "--yes"];
    assert.deepEqual(await place.powers(writing), { code: 0, run: false, write: true, read: true });
    const starting = await place.powers(["collection", "once", "find", "--wait"]);
    assert.deepEqual(starting, { code: 0, run: true, write: true, read: true });
  }));

Deno.test("where credentials of AWS may come from a program, all is kept; where they are given, it is not", () =>
  inPlace(async (place) => {
    const list = ["collection", "dehydrate", "find", "--bucket", "some-bucket"];
    const nowhere = { AWS_REGION: "us-east-1", AWS_ENDPOINT_URL: "http://127.0.0.1:9" };
    const { run, write } = await place.powers(list, {
      ...nowhere,
      AWS_EC2_METADATA_DISABLED: "true",
    });
    assert.deepEqual({ run, write }, { run: true, write: true });
    const broken = ["collection", "dehydrate", "no/id", "--bucket", "some-bucket"];
    const given = { ...nowhere, AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" };
    const left = await place.powers(broken, given);
    assert.deepEqual(left, { code: 1, run: false, write: false, read: true });
  }));

Deno.test("a harvest gives up starting programs once it is under way", () =>
  inPlace(async (place) => {
    await place.add(SEARCH);
    const args = ["harvest", "run", "--port", "0", "--shutdown", "find"];
    assert.deepEqual(await place.powers(args), { code: 0, run: false, write: true, read: true });
    assert.ok((await place.tweets("find")).length > 0);
  }));

/** The flags of the process that harvests a collection. */
async function flagsOf(place: Place, id: string): Promise<string[]> {
  const { stdout } = await new Deno.Command("ps", {
    args: ["-ww", "-o", "args=", "-p", `${await pidOf(place, id)}`],
  }).output();
  return new TextDecoder().decode(stdout).split(" ").filter((word) => word.startsWith("--allow-"));
}

Deno.test({
  name: "a harvester that a command started reads and writes where it has to, and nowhere else",
  fn: () =>
    inPlace(async (place) => {
      await place.add(FILTER);
      await Deno.writeTextFile(place.path(".twarc"), "[main]\n");
      await Deno.writeTextFile(place.path("private"), "letters");
      await place.ok("collection", "filter-start", "live");
      await until(() => Promise.resolve(place.sandbox.streams.size > 0));
      const flags = (await flagsOf(place, "live")).filter((flag) => flag !== "--allow-run");
      const { stdout } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "--no-prompt", "--no-check", ...flags, PROBE, place.folder],
      }).output();
      assert.deepEqual(JSON.parse(new TextDecoder().decode(stdout)), {
        "read private": false,
        "read .twarc": true,
        "read twarc-cloud-data/collections/live/collection.json": true,
        "write private": false,
        "write .twarc": false,
        "write twarc_cloud.ini": false,
        "write twarc-cloud-data/tried": true,
        "ffi": false,
        "run": false,
      });
      await place.ok("collection", "filter-stop", "live");
    }),
});
