import assert from "node:assert/strict";
import { join } from "node:path";
import { Checkpoint } from "../../../lib/bucket/checkpoint.ts";
import { Collections } from "../../../lib/bucket/collections.ts";
import { settle } from "../../../lib/bucket/projection.ts";
import { OutsideError } from "../../../lib/base/errors.ts";
import { ManualClock } from "../../fakes/manual_clock.ts";
import { systemClock } from "../../../lib/base/clock.ts";
import { World } from "../../../lib/sandbox/world.ts";
import { FILTER } from "../../fakes/slow_stream.ts";
import { added, json, run } from "../../fakes/whole_harvest.ts";
import { WorldApi } from "../../fakes/world_api.ts";

const UUID = "11111111-1111-4111-8111-111111111111";
const silent = () => new WorldApi(World.create({ clock: systemClock, users: 1, tweetsPerUser: 0 }));

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

Deno.test("a harvest that was complete, and told as cut meanwhile, tells no reason for what it was not", async () => {
  const parent = await Deno.makeTempDir({ prefix: "twarc-cloud-test-" });
  try {
    const clock = new ManualClock();
    const store = await added(FILTER, clock);
    const message = { kind: "delete", line: new TextEncoder().encode('{"delete":{}}') };
    const world = World.create({ clock, users: 1, tweetsPerUser: 0 });
    const api = new WorldApi(world, { script: [{ tweets: [], messages: [message] }] });
    api.before = () => {
      store.before = () => {
        throw new OutsideError("The store is away");
      };
    };
    let isOver = false;
    const harvested = run(store, api, { parent, clock, patienceMs: 60_000 });
    harvested.catch(() => {}).finally(() => isOver = true);
    while (!isOver) await clock.advance(5_000);
    await assert.rejects(harvested, /The store is away/);
    store.before = () => {};
    const opened = { collectionId: "c", type: "filter", holder: "person", clock };
    const target = { store, collections: new Collections(store, clock), collectionId: "c" };
    await settle(target, await Checkpoint.open(store, opened));
    await run(store, silent(), { parent, clock });
    const key = store.keys().find((key) => key.endsWith("/harvest.json")) ?? "";
    const { outcome, reason } = await json(store, key);
    assert.deepEqual([outcome, reason], ["complete", undefined]);
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
});
