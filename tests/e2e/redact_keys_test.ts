import assert from "node:assert/strict";
import { ORIGINAL_SECRET, originalBuckets, placeIn } from "../fakes/original_bucket.ts";
import { inOneProcess } from "./program.ts";

for (const [name, objects] of await originalBuckets()) {
  Deno.test(`${name}: verify names the keys that the original left, with the command that takes them out`, () =>
    inOneProcess(async (place) => {
      const bucket = place.path("twarc-cloud-data");
      await placeIn(bucket, objects);
      const out = await place.ok("collection", "verify");
      for (const id of ["people", "words", "live"]) {
        assert.match(out, new RegExp(`^${id}: intact`, "m"));
        const named = `Remove them with: twarc-cloud collection redact-keys ${id}$`;
        assert.equal(out.match(new RegExp(named, "gm"))?.length, 1, "once a collection");
      }
      assert.doesNotMatch(out, ORIGINAL_SECRET);
      const refused = await place.run("collection", "redact-keys", "people");
      assert.deepEqual([refused.code, refused.out], [1, ""]);
      assert.match(refused.err, /^people has keys in: changesets\/change-\d+\.json/m);
      assert.match(refused.err, /^They are: .*access_token sha256:[0-9a-f]{8}/m);
      assert.match(refused.err, /^Error: people has \d+ keys in \d+ files?\. .*--yes/m);
      assert.doesNotMatch(refused.err, ORIGINAL_SECRET);
      const redacted = await place.ok("collection", "redact-keys", "people", "--yes");
      assert.match(redacted, /^changesets\/change-\d+\.json: keys replaced by fingerprints$/m);
      assert.doesNotMatch(redacted, ORIGINAL_SECRET);
      const after = await place.ok("collection", "verify", "people");
      assert.match(after, /^people: intact/);
      assert.doesNotMatch(after, /redact-keys/);
      assert.match(
        await place.ok("collection", "redact-keys", "people"),
        /^people has no keys in its changesets and harvests\.$/m,
      );
      assert.match(
        await place.ok("collection-config", "changes", "people"),
        /Keys replaced by fingerprints in changesets/,
      );
      await place.ok("collection", "download", "words", "--with-keys");
      for (const key of objects.keys()) {
        if (!key.startsWith("collections/words/") || !/changesets|harvests.*\.json$/.test(key)) {
          continue;
        }
        assert.doesNotMatch(
          await Deno.readTextFile(place.path("download", "twarc-cloud-data", key)),
          ORIGINAL_SECRET,
        );
      }
    }));
}
