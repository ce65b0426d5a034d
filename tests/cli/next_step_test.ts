import assert from "node:assert/strict";
import { inOneProcess } from "../e2e/program.ts";

const ADD = /Next, add the collection to the bucket: twarc-cloud collection add\n/;
const UPDATE = /Next, update the collection in the bucket: twarc-cloud collection-config update\n/;

Deno.test("each change of the file says what comes next, by whether its collection is in a bucket", () =>
  inOneProcess(async (place) => {
    Object.assign(place.env, { BEARER_TOKEN: place.sandbox.bearer });
    await place.ok("configure", "--bearer-token");
    const said = async (...args: string[]) => {
      const { code, out, err } = await place.run(...args);
      assert.equal(code, 0, `${args.join(" ")}: ${out}${err}`);
      return err;
    };
    const people = ["user_timeline", "--id", "people", "--yes"];
    assert.match(
      await said("collection-config", "template", ...people),
      /add your keys to it: twarc-cloud collection-config keys\n$/,
    );
    assert.match(await said("collection-config", "keys"), ADD);
    assert.match(await said("collection-config", "userids", "12"), ADD);
    assert.match(
      await said("collection", "add"),
      /Start it with: twarc-cloud collection once people\n$/,
    );
    assert.match(await said("collection-config", "userids", "13"), UPDATE);
    assert.match(
      await said("collection-config", "update"),
      /next harvest uses .*\nStart it with: twarc-cloud collection once people\n$/,
    );
    assert.match(await said("collection-config", "download", "people"), UPDATE);
    const elsewhere = ["--collection-config-filepath", "other.json"];
    assert.match(
      await said("collection-config", "template", "filter", ...elsewhere),
      /write the filter of the stream into it, .* keys --collection-config-filepath other\.json\n$/,
    );
  }));

Deno.test("a collection of timelines that was added without users says how to add some", () =>
  inOneProcess(async (place) => {
    const { keys } = place.sandbox;
    const none = { id: "people", type: "user_timeline", users: {}, keys };
    await place.writeJson("collection.json", none);
    const { err } = await place.run("collection", "add");
    assert.match(err, /^Next, add users .*: twarc-cloud collection-config screennames NAME$/m);
    assert.doesNotMatch(err, /Start it with/);
  }));
