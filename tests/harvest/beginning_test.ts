import assert from "node:assert/strict";
import { Checkpoint } from "../../lib/bucket/checkpoint.ts";
import { LockedError } from "../../lib/base/errors.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { World } from "../../lib/sandbox/world.ts";
import { counted } from "../fakes/counting_store.ts";
import type { MemoryStore } from "../fakes/memory_store.ts";
import { added, json, KEYS, run, told, tweets } from "../fakes/whole_harvest.ts";
import { WorldApi } from "../fakes/world_api.ts";

const SEARCH = { id: "c", type: "search", keys: KEYS, search: { query: "sandbox" } };
const LATER = { ...systemClock, now: () => systemClock.now() + 60_000 };

/** Acts once, when a harvest has read the checkpoint and claims its folder. */
function atClaim(store: MemoryStore, act: () => Promise<void>): void {
  let isDone = false;
  store.before = async ({ method, key }) => {
    if (isDone || method !== "put" || !/\/harvests\/.*\/collection\.json$/.test(key)) return;
    isDone = true;
    await act();
  };
}

const apiOf = () => new WorldApi(World.create({ clock: systemClock, users: 1, tweetsPerUser: 30 }));
const opened = (store: MemoryStore, holder: string) =>
  Checkpoint.open(store, { collectionId: "c", type: "search", holder, clock: systemClock });

for (const before of ["no harvest", "a harvest that is settled"] as const) {
  Deno.test(`what a former harvester begins after ${before}, when the next one has read the checkpoint, is ended and told first`, async () => {
    const store = await added(SEARCH);
    if (before !== "no harvest") await run(store, apiOf());
    const former = await opened(store, "former");
    atClaim(store, async () => {
      await former.begin(1_000, { walks: 1, type: "search" });
      await former.commit({ cuts: 1 });
    });
    await run(store, apiOf(), { clock: LATER });
    const outcomes = (await told(store)).map(({ harvest_timestamp, outcome }) =>
      harvest_timestamp === "1970-01-01T00:00:01.000Z" ? outcome : "complete"
    );
    assert.deepEqual(
      outcomes,
      before === "no harvest"
        ? ["interrupted", "complete"]
        : ["interrupted", "complete", "complete"],
    );
    assert.ok((await tweets(store)).length > 0);
    await assert.rejects(former.commit({ cuts: 2 }), LockedError);
    const { state, holder } = await json(store, "collections/c/checkpoint.json");
    assert.deepEqual([state, holder === "former"], ["settled", false]);
  });
}

Deno.test("what a former harvester would begin once the next one has begun is refused", async () => {
  const store = await added(SEARCH);
  await run(store, apiOf());
  const former = await opened(store, "former");
  // As one between two harvests of its stream: it wrote the checkpoint that is there.
  await former.fence(() => Promise.resolve());
  await run(store, apiOf(), { clock: LATER });
  await assert.rejects(former.begin(1_000, { walks: 1, type: "search" }), LockedError);
});

Deno.test("who has lost the lease when it begins ends nothing of the one that has it", async () => {
  const store = await added(SEARCH);
  const other = await opened(store, "other");
  atClaim(store, async () => {
    const key = "collections/c/lock.json";
    const others = JSON.stringify({ ...await json(store, key), holder: "other" });
    await store.put(key, new TextEncoder().encode(others));
    await other.begin(1_000, { walks: 1, type: "search" });
  });
  await assert.rejects(run(store, apiOf()), LockedError);
  await other.commit({ cuts: 1 });
  assert.deepEqual(await told(store), []);
});

Deno.test("a harvest that was cut is fenced before anything follows from its checkpoint", async () => {
  const store = await added(SEARCH);
  const former = await opened(store, "former");
  await former.begin(1_000, { walks: 1, type: "search" });
  const { puts } = counted(store);
  await run(store, apiOf(), { clock: LATER });
  assert.deepEqual(puts.slice(0, 4), [
    "lock.json",
    "checkpoint.json",
    "checkpoint.json",
    "manifest-sha1.txt",
  ]);
});
