import assert from "node:assert/strict";
import { lastWord } from "../../lib/base/visible.ts";
import { originalBuckets, placeIn, renamed } from "../fakes/original_bucket.ts";
import { inOneProcess } from "./program.ts";

const IDS = ["cop24+paris", "été", "stone or mueller", "100% (it's)"];

for (const [name, objects] of await originalBuckets()) {
  Deno.test(`${name}: collections with any id that the original took are worked with by every command`, () =>
    inOneProcess(async (place) => {
      const bucket = place.path("twarc-cloud-data");
      const list = IDS.map((id) => renamed(objects, "words", id));
      for (const one of list) await placeIn(bucket, one);
      const listed = await place.ok("collection", "list");
      for (const id of IDS) {
        assert.ok(listed.includes(id), id);
        assert.ok((await place.ok("collection", "verify", id)).startsWith(`${id}: intact`), id);
        const path = place.path("twarc-cloud-data", "collections", id, "collection.json");
        const config = JSON.parse(await Deno.readTextFile(path));
        await Deno.writeTextFile(path, JSON.stringify({ ...config, keys: place.sandbox.keys }));
        await place.ok("collection", "once", id, "--wait");
        assert.match(await place.ok("harvest", "last", id), /Tweets: /);
        await place.ok("collection-config", "changes", id);
        await place.ok("collection-config", "download", id);
        await place.ok("collection-config", "update");
        await place.ok("collection", "dehydrate", id);
        await place.ok("collection", "download", id);
        await Deno.stat(place.path("download", "twarc-cloud-data", "collections", id));
        await place.ok("collection", "schedule", id, "cron(0 10 * * ? 2090)");
        assert.ok((await place.ok("collection", "scheduled")).includes(id), id);
        await place.ok("collection", "stop", id);
        const after = await place.ok("collection", "verify", id);
        assert.ok(after.startsWith(`${id}: intact`), after);
        // What is to be typed is one word for a shell.
        assert.ok(after.includes(`redact-keys ${lastWord(id)}`), after);
      }
    }));
}
