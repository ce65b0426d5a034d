import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { harvest } from "../harvester.ts";
import { Collections } from "../lib/bucket/collections.ts";
import { systemClock } from "../lib/clock.ts";
import { ConflictError, LockedError, OutsideError } from "../lib/errors.ts";
import { World } from "../lib/sandbox/world.ts";
import type { StreamItem } from "../lib/twitter/api.ts";
import { ManualClock } from "./fakes/manual_clock.ts";
import { MemoryStore } from "./fakes/memory_store.ts";
import { WorldApi } from "./fakes/world_api.ts";

const KEYS = {
  consumer_key: "a",
  consumer_secret: "b",
  access_token: "c",
  access_token_secret: "d",
};
const TIMELINE = (world: World) => ({
  id: "c",
  type: "user_timeline",
  keys: KEYS,
  users: Object.fromEntries([...world.users.keys()].map((id) => [id, {}])),
  delete_users_for: ["protected"],
});
const SEARCH = { id: "c", type: "search", keys: KEYS, search: { query: "sandbox" } };

/** Harvests in this process, with everything around it in memory. */
async function run(
  store: MemoryStore,
  api: WorldApi,
  {
    signal = new AbortController().signal,
    clock = systemClock,
    flushMs = 0,
    tweetsPerFile = 35,
    patienceMs = 0,
  } = {},
): Promise<void> {
  const parent = await Deno.makeTempDir({ prefix: "twarc-cloud-test-" });
  await harvest({
    collectionId: "c",
    store,
    clock,
    limits: { tweetsPerFile, msPerFile: 1_800_000, flushMs, patienceMs },
    openApi: () => Promise.resolve(api),
    control: { hostname: "127.0.0.1", port: 0, secret: () => Promise.resolve("secret") },
    process: { host: "here", pid: 1 },
    isGone: () => true,
    spool: { parent, name: "spool" },
    shutdown: true,
    monitor: false,
    signal,
  }).finally(() => Deno.remove(parent, { recursive: true }));
}

async function added(
  config: Parameters<Collections["add"]>[0],
  clock = systemClock,
): Promise<MemoryStore> {
  const store = new MemoryStore();
  await new Collections(store, clock).add(config);
  return store;
}

/** Every tweet that the manifests list, checked against them; nothing may be there that is not listed. */
async function tweets(store: MemoryStore): Promise<string[]> {
  const ids: string[] = [];
  const listed = new Set<string>();
  for (const key of store.keys().filter((key) => key.endsWith("manifest-sha1.txt"))) {
    const folder = key.slice(0, key.lastIndexOf("/") + 1);
    const manifest = await text(store, key);
    for (const row of manifest.split("\n").filter(Boolean)) {
      const [sha1, name] = row.split("  ");
      const bytes = (await store.get(`${folder}${name}`))?.bytes ??
        assert.fail(`${name} is listed and missing`);
      assert.equal(createHash("sha1").update(bytes).digest("hex"), sha1);
      listed.add(`${folder}${name}`);
      ids.push(
        ...gunzipSync(bytes).toString().trimEnd().split("\n").map((line) =>
          JSON.parse(line).id_str
        ),
      );
    }
  }
  const unlisted = store.keys().filter((key) => key.includes("/tweets-") && !listed.has(key));
  assert.deepEqual(unlisted, []);
  return ids;
}

async function text(store: MemoryStore, key: string): Promise<string> {
  return new TextDecoder().decode(
    (await store.get(key))?.bytes ?? assert.fail(`There is no ${key}`),
  );
}

async function json(store: MemoryStore, key: string) {
  return JSON.parse(await text(store, key));
}

/** The store dies at its nth operation that writes, before or after doing it; nothing works after that. */
function dieAt(store: MemoryStore, nth: number): { died: boolean } {
  const state = { died: false, writes: 0 };
  store.before = ({ method }) => {
    if (state.died) throw new OutsideError("The process is dead");
    if (method === "get" || method === "list" || method === "read") return;
    if (++state.writes === nth) {
      state.died = true;
      throw new OutsideError("The process died here");
    }
  };
  return state;
}

for (
  const [type, configOf] of [["timelines", TIMELINE], ["a search", () => SEARCH]] as const
) {
  Deno.test(`a harvest of ${type} that dies between any two writes leaves a bucket that the next one makes whole`, async () => {
    const world = World.made({ clock: systemClock, users: 4, tweetsPerUser: 45 });
    for (let nth = 1;; nth++) {
      const store = await added(configOf(world));
      const api = new WorldApi(world);
      const state = dieAt(store, nth);
      await run(store, api).catch((error) => assert.ok(error instanceof OutsideError, error));
      store.before = () => {};
      if (!state.died) {
        assert.ok(nth > 20, `only ${nth} writes were tried`);
        break;
      }
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

Deno.test("every harvest leaves what the documents promise, and its changes in one changeset", async () => {
  const world = World.made({ clock: systemClock, users: 10, tweetsPerUser: 12 });
  const store = await added(TIMELINE(world));
  await run(store, new WorldApi(world));
  const last = await json(store, "collections/c/last_harvest.json");
  const folder =
    store.keys().find((key) => key.endsWith("/harvest.json"))?.replace(/harvest\.json$/, "") ?? "";
  const info = await json(store, `${folder}harvest.json`);
  assert.equal(info.harvest_timestamp, last.harvest_id);
  assert.deepEqual(
    [info.collection_id, info.tweets, info.outcome, info.users, info.walks, info.walks_done],
    ["c", 108, "complete", 10, 10, 10],
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
  const world = World.made({ clock: systemClock, users: 1, tweetsPerUser: 100 });
  const store = await added(SEARCH);
  const api = new WorldApi(world);
  let calls = 0;
  let before: string[] = [];
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
  };
  await assert.rejects(
    run(store, api),
    (error) => error instanceof ConflictError || error instanceof LockedError,
  );
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

async function snapshot(store: MemoryStore): Promise<string[]> {
  return await Promise.all(
    store.keys().map(async (key) => `${key} ${(await store.get(key))?.version}`),
  );
}

Deno.test("what has arrived is committed when it is due, although nothing more arrives", async () => {
  const clock = new ManualClock();
  const world = World.made({ clock: systemClock, users: 1, tweetsPerUser: 3 });
  const [first, second, third] = world.search("sandbox", { count: 3 });
  assert.ok(first && second && third);
  const item = (status: typeof first): StreamItem => ({
    tweets: [{ id: `${status.id}`, line: status.bytes() }],
    messages: [],
  });
  const store = await added({ id: "c", type: "filter", keys: KEYS, filter: { track: "x" } }, clock);
  const api = new WorldApi(world, {
    script: [item(first), item(first), item(second), item(third)],
  });
  const goOn = Promise.withResolvers<void>();
  let calls = 0;
  api.before = async () => {
    if (++calls === 4) await goOn.promise;
  };
  const harvested = run(store, api, { clock, flushMs: 15_000 });
  while (calls < 4) await clock.advance(0);
  await clock.advance(14_000);
  assert.deepEqual(await tweets(store), []);
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
  const world = World.made({ clock: systemClock, users: 1, tweetsPerUser: 100 });
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

/** A stream of a tweet a minute, in the middle of which the store is away for some minutes. */
async function streamed(
  minutes: { before: number; away: number; after: number },
  patienceMs: number,
) {
  const clock = new ManualClock();
  const { before, away, after } = minutes;
  const all = before + away + after;
  const world = World.made({ clock: systemClock, users: 1, tweetsPerUser: all });
  const statuses = world.search("sandbox", { count: all });
  const script = statuses.map((status): StreamItem => ({
    tweets: [{ id: `${status.id}`, line: status.bytes() }],
    messages: [],
  }));
  const store = await added({ id: "c", type: "filter", keys: KEYS, filter: { track: "x" } }, clock);
  const api = new WorldApi(world, { script });
  const gates = script.map(() => Promise.withResolvers<void>());
  let asked = 0;
  api.before = () => gates[asked++]?.promise;
  let isOver = false;
  const harvested = run(store, api, { clock, flushMs: 15_000, tweetsPerFile: 4, patienceMs })
    .finally(() => isOver = true);
  harvested.catch(() => {});
  for (const [i, gate] of gates.entries()) {
    while (asked <= i && !isOver) await clock.advance(0);
    if (i === before) {
      store.before = () => {
        throw new OutsideError("The store is away");
      };
    }
    if (i === before + away) store.before = () => {};
    gate.resolve();
    for (let s = 0; s < 60; s += 10) await clock.advance(10_000);
  }
  store.before = () => {};
  while (!isOver) await clock.advance(5_000);
  return { store, harvested, ids: statuses.map((status) => `${status.id}`) };
}

Deno.test("a store that is gone for ten minutes in the middle of a stream costs no tweet", async () => {
  const { store, harvested, ids } = await streamed({ before: 3, away: 10, after: 3 }, 3_600_000);
  await harvested;
  assert.deepEqual((await tweets(store)).toSorted(), ids.toSorted());
  const key = store.keys().find((key) => key.endsWith("/harvest.json")) ?? "";
  assert.equal((await json(store, key)).outcome, "complete");
});

Deno.test("a store that is gone when the stream ends gets everything once it is back", async () => {
  const { store, harvested, ids } = await streamed({ before: 3, away: 4, after: 0 }, 3_600_000);
  await harvested;
  assert.deepEqual((await tweets(store)).toSorted(), ids.toSorted());
});

Deno.test("a store that is gone for longer than is allowed ends the harvest, and says why", async () => {
  const { harvested } = await streamed({ before: 2, away: 5, after: 0 }, 120_000);
  await assert.rejects(harvested, /The store is away/);
});
