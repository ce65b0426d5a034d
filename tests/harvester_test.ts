import assert from "node:assert/strict";
import { systemClock } from "../lib/base/clock.ts";
import { LockedError, OutsideError } from "../lib/base/errors.ts";
import { World } from "../lib/sandbox/world.ts";
import type { StreamItem } from "../lib/twitter/api.ts";
import { dieAt } from "./fakes/dying_store.ts";
import { IdleClock } from "./fakes/idle_clock.ts";
import { ManualClock } from "./fakes/manual_clock.ts";
import { MemoryStore } from "./fakes/memory_store.ts";
import { added, json, KEYS, run, text, tweets } from "./fakes/whole_harvest.ts";
import { numbersInTurn } from "./fakes/turns.ts";
import { WorldApi } from "./fakes/world_api.ts";

const TIMELINE = (world: World) => ({
  id: "c",
  type: "user_timeline",
  keys: KEYS,
  users: Object.fromEntries([...world.users.keys()].map((id) => [id, {}])),
  delete_users_for: ["protected"],
});
const SEARCH = { id: "c", type: "search", keys: KEYS, search: { query: "sandbox" } };

for (
  const [type, configOf] of [["timelines", TIMELINE], ["a search", () => SEARCH]] as const
) {
  Deno.test(`a harvest of ${type} that dies between any two writes leaves a bucket that the next one makes whole`, async () => {
    const world = World.create({ clock: systemClock, users: 4, tweetsPerUser: 45 });
    for (const nth of numbersInTurn(3)) {
      const store = await added(configOf(world));
      const api = new WorldApi(world);
      const state = dieAt(store, nth);
      await run(store, api).catch((error) => assert.ok(error instanceof OutsideError, error));
      store.before = () => {};
      if (!state.died) {
        assert.ok(nth > 20, `only ${nth} writes were tried`);
        break;
      }
      await assertManifestsWhole(store, nth);
      await run(store, api);
      const ids = await tweets(store);
      assert.equal(new Set(ids).size, ids.length, `written twice after dying at write ${nth}`);
      assert.equal(ids.length, 180, `lost after dying at write ${nth}`);
      await run(store, api);
      assert.equal((await tweets(store)).length, 180, `fetched again after dying at write ${nth}`);
      const info = await json(
        store,
        store.keys().filter((key) => key.endsWith("/harvest.json")).at(-1) ?? "",
      );
      assert.equal(info.outcome, "complete");
    }
  });
}

/** Whatever a harvest died at: where harvest.json counts files and there is a manifest, that one lists them. */
async function assertManifestsWhole(store: MemoryStore, nth: number): Promise<void> {
  for (const key of store.keys().filter((key) => key.endsWith("/manifest-sha1.txt"))) {
    const told = key.replace("manifest-sha1.txt", "harvest.json");
    if (!store.keys().includes(told)) continue;
    const listed = (await text(store, key)).split("\n").filter((row) => row.includes("  tweets-"));
    assert.equal(listed.length, (await json(store, told)).files, `died at write ${nth}`);
  }
}

Deno.test("every harvest leaves what the documents promise, and its changes in one changeset", async () => {
  const world = World.create({ clock: systemClock, users: 10, tweetsPerUser: 12 });
  const store = await added(TIMELINE(world));
  await run(store, new WorldApi(world));
  const last = await json(store, "collections/c/last_harvest.json");
  const folder =
    store.keys().find((key) => key.endsWith("/harvest.json"))?.replace(/harvest\.json$/, "") ?? "";
  const info = await json(store, `${folder}harvest.json`);
  assert.equal(info.harvest_timestamp, last.harvest_id);
  assert.deepEqual(
    [info.collection_id, info.tweets, info.outcome, info.users, info.walks, info.walks_done],
    ["c", 108, "complete", 9, 10, 10],
  );
  const files = store.keys().filter((key) => key.startsWith(`${folder}tweets-`));
  assert.equal(info.files, files.length);
  assert.ok(files.length > 3, "files roll at their number of tweets");
  const config = await json(store, `${folder}collection.json`);
  assert.equal(config.keys, undefined);
  const changesets = store.keys().filter((key) => key.includes("/changesets/"));
  assert.equal(changesets.length, 2);
  const after = await json(store, "collections/c/collection.json");
  assert.equal(Object.keys(after.users).length, 9, "the protected one is out");
  assert.equal(after.timestamp, info.harvest_end_timestamp);
  assert.equal(store.keys().includes("collections/c/lock.json"), false);
});

Deno.test("a harvester whose lease is taken over writes nothing more", async () => {
  const world = World.create({ clock: systemClock, users: 1, tweetsPerUser: 100 });
  const store = await added(SEARCH);
  const api = new WorldApi(world);
  let calls = 0;
  let before: string[] = [];
  // Nothing of the first one is on its way while the other takes over.
  const isTaken = Promise.withResolvers<void>();
  store.before = ({ method }) => method === "upload" ? isTaken.promise : undefined;
  api.before = async () => {
    if (++calls !== 3) return;
    // Meanwhile another harvester holds the lock, and has put the checkpoint.
    const lock = await json(store, "collections/c/lock.json");
    await store.put(
      "collections/c/lock.json",
      new TextEncoder().encode(JSON.stringify({ ...lock, holder: "other" })),
    );
    const checkpoint = await json(store, "collections/c/checkpoint.json");
    const taken = JSON.stringify({
      ...checkpoint,
      holder: "other",
      commits: checkpoint.commits + 1,
    });
    await store.put("collections/c/checkpoint.json", new TextEncoder().encode(taken));
    before = await snapshot(store);
    isTaken.resolve();
  };
  await assert.rejects(run(store, api), LockedError);
  const after = await snapshot(store);
  const changed = after.filter((row) => !before.includes(row)).map((row) =>
    row.split(" ")[0] ?? ""
  );
  assert.deepEqual(
    changed.filter((key) => !key.includes("/tweets-")),
    [],
    "only unlisted garbage may be left",
  );
});

for (
  const [when, key, method] of [
    ["before it has begun", "/checkpoint.json", "get"],
    ["while it claims its folder", "/collection.json", "put"],
    ["while it stores what comes beside the tweets", "/users.jsonl", "upload"],
    ["while it tells how it ended", "/harvest.json", "put"],
  ] as const
) {
  Deno.test(`a harvester that is paused ${when}, for longer than its lease, changes nothing after another took over`, async () => {
    const clock = new ManualClock();
    const world = World.create({ clock: systemClock, users: 1, tweetsPerUser: 10 });
    const store = await added(TIMELINE(world), clock);
    let before: string[] = [];
    store.before = async (operation) => {
      if (before.length > 0 || operation.method !== method || !operation.key.endsWith(key)) return;
      before = ["being paused"];
      const lock = await json(store, "collections/c/lock.json");
      const others = JSON.stringify({ ...lock, holder: "other" });
      await store.put("collections/c/lock.json", new TextEncoder().encode(others));
      before = await snapshot(store);
      // Only now, so that no renewal which is due comes first.
      clock.pause(61_000);
    };
    const harvested = run(store, new WorldApi(world), { clock, patienceMs: 3_600_000 });
    const isOver = Promise.allSettled([harvested]).then(() => true);
    // Its renewals are due when it goes on.
    while (!await Promise.race([isOver, clock.advance(5_000)]));
    await assert.rejects(harvested, LockedError);
    const changed = (await snapshot(store)).filter((row) => !before.includes(row));
    // What was being written when it was paused is of its own folder.
    const others = changed.filter((row) => !(method !== "get" && row.includes(`${key} `)));
    assert.deepEqual(others, []);
  });
}

Deno.test("a bucket that fails once at each of the steps that begin a harvest is asked again", async () => {
  const world = World.create({ clock: systemClock, users: 1, tweetsPerUser: 10 });
  for (let nth = 1;; nth++) {
    const store = await added(SEARCH);
    let [operations, isHarvesting] = [0, false];
    store.before = () => {
      if (!isHarvesting && ++operations === nth) throw new OutsideError("ESTALE");
    };
    const api = new WorldApi(world);
    api.before = () => {
      isHarvesting = true;
    };
    using clock = new IdleClock({ start: Date.now() });
    await run(store, api, { clock, patienceMs: 60_000 });
    store.before = () => {};
    assert.equal((await tweets(store)).length, 10, `failed at operation ${nth}`);
    if (operations < nth) {
      assert.ok(nth > 7, `only ${nth} operations were tried`);
      return;
    }
  }
});

async function snapshot(store: MemoryStore): Promise<string[]> {
  return await Promise.all(
    store.keys().map(async (key) => `${key} ${(await store.get(key))?.version}`),
  );
}

Deno.test("what has arrived is committed when it is due, although nothing more arrives", async () => {
  const clock = new ManualClock();
  const world = World.create({ clock: systemClock, users: 1, tweetsPerUser: 3 });
  const [first, second, third] = world.search("sandbox", { count: 3 });
  assert.ok(first && second && third);
  const item = (status: typeof first): StreamItem => ({
    tweets: [{ id: `${status.id}`, line: status.bytes() }],
    messages: [],
  });
  const store = await added({ id: "c", type: "filter", keys: KEYS, filter: { track: "x" } }, clock);
  const api = new WorldApi(world, {
    script: [{ tweets: [], messages: [] }, item(first), item(first), item(second), item(third)],
  });
  const goOn = Promise.withResolvers<void>();
  let calls = 0;
  api.before = async () => {
    if (++calls === 5) await goOn.promise;
  };
  const harvested = run(store, api, { clock, flushMs: 15_000 });
  while (calls < 5) await clock.advance(0);
  await clock.advance(14_000);
  assert.deepEqual(await tweets(store), []);
  const { positions } = await json(store, "collections/c/checkpoint.json");
  assert.deepEqual(positions.stream.ids, [], "that the stream is open is committed at once");
  await clock.advance(1_000);
  while ((await tweets(store)).length === 0) await clock.advance(0);
  assert.deepEqual(await tweets(store), [`${first.id}`, `${second.id}`]);
  goOn.resolve();
  await harvested;
  assert.deepEqual(await tweets(store), [first, second, third].map((status) => `${status.id}`));
  assert.equal(
    store.keys().filter((key) => key.includes("/tweets-")).length,
    1,
    "pieces are merged",
  );
});

Deno.test("an API that fails for good ends the harvest with what had come, and the next one goes on", async () => {
  const world = World.create({ clock: systemClock, users: 1, tweetsPerUser: 100 });
  const store = await added(SEARCH);
  const api = new WorldApi(world);
  let calls = 0;
  api.before = () => {
    if (++calls === 4) throw new OutsideError("The API is gone");
  };
  await assert.rejects(run(store, api), /The API is gone/);
  assert.equal((await tweets(store)).length, 30);
  const folder = store.keys().find((key) => key.endsWith("/harvest.json")) ?? "";
  assert.deepEqual((await json(store, folder)).outcome, "failed");
  assert.equal((await json(store, "collections/c/collection.json")).search.since_id, undefined);
  await run(store, api);
  assert.equal(new Set(await tweets(store)).size, 100);
});

Deno.test("before it has begun a harvest gives itself no later time than it has then, by which others know it", async () => {
  const clock = new ManualClock();
  const store = await added(SEARCH, clock);
  const early: string[] = [];
  store.before = async ({ method, key }) => {
    // Its folder is claimed: it has a time, and has not begun.
    if (method !== "put" || !key.endsWith("/harvests/2026/01/02/03/04/05/collection.json")) return;
    await clock.advance(5_000);
    const { control } = await json(store.copy(), "collections/c/lock.json");
    early.push((await (await fetch(control)).json()).harvest_timestamp);
  };
  await run(store, new WorldApi(World.create({ clock: systemClock, users: 1, tweetsPerUser: 1 })), {
    clock,
  });
  const { harvest_id } = await json(store, "collections/c/last_harvest.json");
  assert.equal(early.length, 1);
  assert.ok((early[0] ?? "") <= harvest_id, `${early} ${harvest_id}`);
});
