import assert from "node:assert/strict";
import { namesOf } from "../../../lib/base/names_of.ts";
import { isObject, type Json, member, parseJson } from "../../../lib/base/json.ts";
import { inOneProcess, type Place } from "../../e2e/program.ts";

/** The ids of old accounts are below 2^32: JavaScript would have them as 5, 7, 12, 3000000000. */
const OLD = ["12", "7", "3000000000", "5"];

/** A configuration as a person writes it. */
function textOf(place: Place, ids: string[], more = ""): string {
  const keys = JSON.stringify(place.sandbox.keys);
  const users = ids.map((id) => `    "${id}": {}`).join(",\n");
  return `{\n"id": "old", "type": "user_timeline", "keys": ${keys},${more}\n"users": {\n${users}\n}}`;
}

/** The ids of a text's `users`, in its order. */
function idsIn(text: string, ...path: string[]): string[] {
  let found: Json | undefined = parseJson(text, "it");
  for (const name of [...path, "users"]) found = isObject(found) ? member(found, name) : undefined;
  return isObject(found) ? namesOf(found) : [];
}

/** The world's accounts under ids of our own, each with what its first user wrote. */
function fill({ sandbox: { world } }: Place, ids: string[]): void {
  for (const id of ids) {
    world.users.set(id, { id, screenName: `old${id}`, name: "Old", state: "open" });
    world.post(id, 1);
  }
}

async function textIn(place: Place, ...path: string[]): Promise<string> {
  return await Deno.readTextFile(place.path(...path));
}

const BUCKET = ["twarc-cloud-data", "collections"];

for (const api of ["1.1", "2"]) {
  Deno.test(`users keep the order of the person's file all the way, in version ${api}`, () =>
    inOneProcess(async (place) => {
      fill(place, OLD);
      const version = ` "api": "${api}",`;
      await Deno.writeTextFile(place.path("collection.json"), textOf(place, OLD, version));
      await place.ok("collection", "add");
      const config = [...BUCKET, "old", "collection.json"];
      assert.deepEqual(idsIn(await textIn(place, "collection.json")), OLD);
      assert.deepEqual(idsIn(await textIn(place, ...config)), OLD);

      // A harvest walks in that order, and what it learns moves nobody.
      await place.harvest("old");
      const asked = place.sandbox.requests.flatMap(({ path, parameters }) => {
        if (api === "1.1") return path.endsWith("/lookup.json") ? [parameters.user_id ?? ""] : [];
        return /^\/2\/users\/(\d+)\/tweets$/.exec(path)?.slice(1) ?? [];
      });
      assert.deepEqual([...new Set(asked.join().split(","))], OLD);
      const learned = await textIn(place, ...config);
      assert.deepEqual(idsIn(learned), OLD);
      assert.equal(learned.match(/"since_id"/g)?.length, 4);
      const [folder = ""] = await place.harvests("old");
      assert.deepEqual(idsIn(await Deno.readTextFile(`${folder}/collection.json`)), OLD);

      // Two more, one of them in the middle, into the file from before the harvest.
      const more = ["12", "99", "7", "3000000000", "5", "1"];
      fill(place, ["99", "1"]);
      const before = await textIn(place, "collection.json");
      const { timestamp } = JSON.parse(before);
      const file = textOf(place, more, `${version} "timestamp": "${timestamp}",`);
      await Deno.writeTextFile(place.path("collection.json"), file);
      await place.ok("collection-config", "update");
      for (const path of [["collection.json"], config]) {
        assert.deepEqual(idsIn(await textIn(place, ...path)), more);
      }
      await place.harvest("old");
      await place.ok("collection-config", "download", "old");
      assert.deepEqual(idsIn(await textIn(place, "collection.json")), more);

      // The history has them in this order too, and so have copies.
      const changes: string[] = [];
      for await (const { name } of Deno.readDir(place.path(...BUCKET, "old", "changesets"))) {
        changes.push(name);
      }
      const [added = "", , updated = ""] = changes.sort();
      assert.deepEqual(
        idsIn(await textIn(place, ...BUCKET, "old", "changesets", added), "update"),
        OLD,
      );
      assert.deepEqual(
        idsIn(await textIn(place, ...BUCKET, "old", "changesets", updated), "update"),
        ["99", "1"],
      );
      await place.ok("collection", "download", "old", "--collection-path", "copy");
      assert.deepEqual(idsIn(await textIn(place, "copy", "collection.json")), more);

      await place.ok("collection-config", "split", "--into", "2");
      for (
        const [part, ids] of [["old-01", more.slice(0, 3)], ["old-02", more.slice(3)]] as const
      ) {
        assert.deepEqual(idsIn(await textIn(place, ...BUCKET, part, "collection.json")), ids);
      }
    }));
}
