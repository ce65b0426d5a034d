import assert from "node:assert/strict";
import { join } from "node:path";
import { systemClock } from "../../lib/clock.ts";
import { World } from "../../lib/sandbox/world.ts";
import { FILTER } from "../fakes/slow_stream.ts";
import { added, json, run } from "../fakes/whole_harvest.ts";
import { WorldApi } from "../fakes/world_api.ts";

const UUID = "11111111-1111-4111-8111-111111111111";
const silent = () => new WorldApi(World.made({ clock: systemClock, users: 1, tweetsPerUser: 0 }));

for (const what of ["a note", "a folder"]) {
  Deno.test(`${what} of another harvester that cannot be read keeps no harvest from beginning`, async () => {
    const parent = await Deno.makeTempDir({ prefix: "twarc-cloud-test-" });
    try {
      const folder = join(parent, "c", `here.1.${UUID}`);
      await Deno.mkdir(what === "a note" ? join(folder, "cut-1.json") : join(parent, "c"), {
        recursive: true,
      });
      if (what === "a folder") await Deno.writeTextFile(folder, "");
      const store = await added(FILTER);
      await run(store, silent(), { parent });
      const key = store.keys().find((key) => key.endsWith("/harvest.json")) ?? "";
      assert.equal((await json(store, key)).outcome, "complete");
    } finally {
      await Deno.remove(parent, { recursive: true });
    }
  });
}
