/** A bucket that the Python original wrote, where one lies beside the project: read, checked, harvested on, copied. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../lib/base/clock.ts";
import { FORMATS } from "../../lib/cli/collection/export.ts";
import { idFault } from "../../lib/collection/layout.ts";
import { readCorpus } from "../../lib/sandbox/corpus.ts";
import { World } from "../../lib/sandbox/world.ts";
import { filesBelow, inOneProcess, type Place } from "./program.ts";

const BUCKET = Deno.env.get("TWARC_CLOUD_ORIGINAL_BUCKET") ??
  fileURLToPath(new URL("../../../shared/original-bucket", import.meta.url));
const isHere = await Deno.stat(BUCKET).then(() => true, () => false);

/** Tweets of each collection, as the original counted them. */
const TWEETS: Record<string, number> = { people: 50, words: 52, live: 5 };

/** Copies the bucket to a place's own, with other ids, and with keys that the sandbox knows. */
async function copied(place: Place, ids: Record<string, string>): Promise<void> {
  for await (const path of filesBelow(join(BUCKET, "collections"))) {
    const [id = "", ...rest] = path.slice(join(BUCKET, "collections").length + 1).split("/");
    const to = place.path("twarc-cloud-data", "collections", ids[id] ?? id, ...rest);
    await Deno.mkdir(join(to, ".."), { recursive: true });
    await Deno.writeFile(to, await Deno.readFile(path));
    if (rest.join("/") !== "collection.json") continue;
    const config = JSON.parse(await Deno.readTextFile(to));
    const keys = { ...place.sandbox.keys };
    await Deno.writeTextFile(to, JSON.stringify({ ...config, id: ids[id] ?? id, keys }));
  }
}

/** The tweets that the original collected of its user, as the API still has them. */
async function world(): Promise<World> {
  const all = await Array.fromAsync(filesBelow(join(BUCKET, "collections", "people")));
  const files = all.filter((one) => one.endsWith(".gz"));
  return World.of(await Promise.all(files.map(readCorpus)), systemClock);
}

function test(name: string, ids: Record<string, string>, ignore: boolean): void {
  Deno.test({
    name,
    ignore,
    fn: async () =>
      await inOneProcess(async (place) => {
        await copied(place, ids);
        const named = (id: string) => ids[id] ?? id;
        const listed = JSON.parse(await place.ok("collection", "list", "--json"));
        assert.deepEqual(listed.toSorted(), Object.keys(TWEETS).map(named).toSorted());
        await place.ok("collection", "verify");
        for (const [id, tweets] of Object.entries(TWEETS)) {
          const last = await place.ok("harvest", "last", named(id));
          assert.match(last, new RegExp(`Tweets: ${tweets}\\. Files: 1`));
          const dehydrated = await place.ok("collection", "dehydrate", named(id));
          assert.equal(dehydrated.trimEnd().split("\n").length, tweets);
        }
        const changes = await place.ok("collection-config", "changes", named("people"));
        assert.match(changes, /^users -> 12 -> screen_name changed from None to user_a on 2026-/m);
        assert.doesNotMatch(changes, /consumer_secret changed from None to cs/);

        // What the original has is not collected again, what is new is.
        const posted = place.sandbox.world.post("12", 3).map(({ id }) => `${id}`);
        await place.harvest(named("people"));
        const all = (await place.ok("collection", "dehydrate", named("people"))).trimEnd();
        assert.deepEqual(all.split("\n").slice(50).toSorted(), posted.toSorted());
        await place.harvest(named("words"));
        await place.ok("collection", "verify");

        for (const format of FORMATS) {
          const path = place.path(`people.${format}`);
          const options = ["--format", format, "--output", path];
          await place.ok("collection", "export", named("people"), ...options);
          await Deno.stat(path);
        }
        const exported = await Deno.readTextFile(place.path("people.ids"));
        assert.deepEqual(exported.trimEnd().split("\n").toSorted(), all.split("\n").toSorted());

        for (const id of Object.keys(TWEETS)) {
          await place.ok("collection", "download", named(id));
          const to = place.path("download", "twarc-cloud-data", "collections", named(id));
          for await (const path of filesBelow(to)) {
            if (path.endsWith(".gz")) continue;
            assert.doesNotMatch(
              await Deno.readTextFile(path),
              /"ats"|"cs"|sandbox-consumer-secret/,
            );
          }
        }
      }, { world: await world() }),
  });
}

const ABSENT = isHere ? "" : ` (left out: there is none at ${BUCKET})`;
test(
  `a bucket of the original is listed, verified, harvested on, exported and downloaded${ABSENT}`,
  {},
  !isHere,
);

const ODD = { people: "cop24+paris", words: "été", live: "two words" };
const areAllowed = Object.values(ODD).every((id) => idFault(id) === null);
test(
  `so is one with ids that the original allowed and new collections may not have${ABSENT}`,
  ODD,
  !isHere || !areAllowed,
);
