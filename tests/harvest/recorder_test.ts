import assert from "node:assert/strict";
import { cpSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../lib/base/clock.ts";
import { OutsideError } from "../../lib/base/errors.ts";
import { World } from "../../lib/sandbox/world.ts";
import { ManualClock } from "../fakes/manual_clock.ts";
import type { MemoryStore } from "../fakes/memory_store.ts";
import { failing, streamed } from "../fakes/slow_stream.ts";
import { run, tweets } from "../fakes/whole_harvest.ts";
import { WorldApi } from "../fakes/world_api.ts";

Deno.test("a whole segment that could not be noted leaves the notes of its pieces, for the next harvest after a crash", async () => {
  const parent = await Deno.makeTempDir({ prefix: "twarc-cloud-test-" });
  let cut: MemoryStore | undefined;
  try {
    const { ids, harvested } = await streamed(7, (i, store) => {
      failing(new OutsideError("The store is away"), 1)(i, store);
      const folder = join(parent, "first", "c");
      if (i === 2) mkdirSync(join(folder, ...readdirSync(folder), "cut-4.json.new"));
      if (i !== 4) return;
      cut = store.copy();
      cpSync(join(parent, "first"), join(parent, "second"), { recursive: true });
    }, { parent: join(parent, "first") });
    await harvested;
    assert.ok(cut);
    const api = new WorldApi(World.create({ clock: systemClock, users: 1, tweetsPerUser: 0 }));
    await run(cut, api, { parent: join(parent, "second"), clock: new ManualClock() });
    assert.deepEqual(await tweets(cut), ids.slice(0, 3));
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
});
