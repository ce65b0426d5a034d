import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { acquireLease } from "../../lib/bucket/lease.ts";
import { repair } from "../../lib/archive/repair.ts";
import { verify } from "../../lib/archive/verify.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { jsonBytes } from "../../lib/base/json_bytes.ts";
import { World } from "../../lib/sandbox/world.ts";
import { gapLook } from "../../lib/archive/gap_fill.ts";
import { listGaps } from "../../lib/archive/gap_list.ts";
import { readCheckpoint } from "../../lib/bucket/checkpoint_state.ts";
import { harvestTime } from "../../lib/collection/layout.ts";
import { compareTweetsFileNames } from "../../lib/format/file_name.ts";
import { Collections } from "../../lib/bucket/collections.ts";
import { idsIn } from "../../lib/twitter/bytes/ids.ts";
import type { MemoryStore } from "../fakes/memory_store.ts";
import { added, json, KEYS, run } from "../fakes/whole_harvest.ts";
import { WorldApi } from "../fakes/world_api.ts";
import { ROOT } from "../bucket/verified_bucket.ts";

const CHECKPOINT = `${ROOT}checkpoint.json`;

function collection(store: MemoryStore) {
  const { signal } = new AbortController();
  const [isGone, onFile] = [() => true, () => {}];
  return { store, clock: systemClock, collectionId: "c", isGone, onFile, signal };
}

/** What a repair does, and what is wrong then. */
async function repaired(
  store: MemoryStore,
  clock = systemClock,
): Promise<{ mended: string[]; faults: string[] }> {
  const mended: string[] = [];
  const options = { ...collection(store), clock };
  const holder = { id: "mender", host: "here", pid: 1 };
  const lease = await acquireLease({ ...options, holder });
  const onMended = (what: string) => void mended.push(what);
  try {
    await repair({ ...options, lease, holder: holder.id, onMended });
  } finally {
    await lease.release();
  }
  return { mended, faults: await faults(store) };
}

/** What is wrong besides the files that are damaged. */
async function faults(store: MemoryStore): Promise<string[]> {
  const found = await verify(collection(store));
  return found.faults.filter(({ says }) =>
    !/not an intact|from the inventory|manifest lists it|line|it says \d+ tweets/.test(says)
  )
    .map(({ key, says }) => `${key}: ${says}`);
}

/** Every id of which a reader gets the tweet, damaged files as far as they can be read. */
async function ids(store: MemoryStore): Promise<string[]> {
  const found: string[] = [];
  for (const key of store.keys().filter((key) => key.includes("/tweets-"))) {
    const bytes = (await store.get(key))?.bytes ?? assert.fail();
    const lines = gunzipSync(bytes, { finishFlush: 2 }).toString().split("\n");
    // A line without an end is none.
    for (const line of lines.slice(0, -1)) {
      try {
        const status = JSON.parse(line);
        found.push(
          ...(status.data ?? [status]).map((one: { id_str?: string; id: string }) =>
            one.id_str ?? one.id
          ),
        );
      } catch {
        // Cut off.
      }
    }
  }
  return found;
}

async function cut(store: MemoryStore, key: string, share = 0.5): Promise<void> {
  const { bytes } = await store.get(key) ?? assert.fail();
  await store.put(key, bytes.slice(0, Math.floor(bytes.length * share)));
}

/** The tweets files, in the order in which they were made. */
const filesOf = (store: MemoryStore) =>
  store.keys().filter((key) => key.includes("/tweets-")).toSorted((a, b) =>
    harvestTime(a) - harvestTime(b) ||
    compareTweetsFileNames(a.slice(a.indexOf("tweets-")), b.slice(b.indexOf("tweets-")))
  );

const CONFIGS = {
  timelines: (world: World) => ({
    id: "c",
    type: "user_timeline",
    keys: KEYS,
    users: Object.fromEntries([...world.users.keys()].map((id) => [id, {}])),
  }),
  "a search": () => ({ id: "c", type: "search", keys: KEYS, search: { query: "sandbox" } }),
};

for (const [type, configOf] of Object.entries(CONFIGS)) {
  for (const isLost of [false, true]) {
    const without = isLost ? ", and its checkpoint" : "";
    Deno.test(`${type} of which any file is damaged${without} gets back what that took, and nothing twice`, async () => {
      const world = World.made({ clock: systemClock, users: 4, tweetsPerUser: 45 });
      for (const nth of [0, 2, 5]) {
        const store = await added(configOf(world));
        await run(store, new WorldApi(world));
        assert.equal((await ids(store)).length, 180);
        const key = filesOf(store)[nth] ?? assert.fail();
        await cut(store, key, nth === 2 ? 0 : 0.5);
        if (isLost) await store.delete(CHECKPOINT);
        const left = await ids(store);
        assert.ok(left.length < 180);
        const { mended, faults: wrong } = await repaired(store);
        assert.deepEqual(wrong, []);
        assert.match(
          mended.join("\n"),
          /gaps\.jsonl records what damaged files lost: the next harvest/,
        );
        assert.deepEqual((await repaired(store)).mended, [], "once");
        await run(store, new WorldApi(world));
        const all = await ids(store);
        assert.deepEqual([all.length, new Set(all).size], [180, 180], `${nth}`);
        assert.deepEqual(await repaired(store), { mended: [], faults: [] });
        await run(store, new WorldApi(world));
        assert.equal((await ids(store)).length, 180, "not asked for again");
      }
    });
  }
}

Deno.test("what a damage took of a walk that is not whole comes with the rest of it, from the checkpoint or from the files", async () => {
  for (const isLost of [false, true]) {
    for (const nth of [0, 1, -1]) {
      const world = World.made({ clock: systemClock, users: 3, tweetsPerUser: 40 });
      const store = await added(CONFIGS[nth === 1 ? "a search" : "timelines"](world));
      const api = new WorldApi(world);
      const stop = new AbortController();
      let calls = 0;
      api.before = () => {
        if (++calls === 9) stop.abort();
      };
      await run(store, api, { signal: stop.signal, tweetsPerFile: 15 });
      const files = filesOf(store);
      assert.ok(files.length > 2, `${files.length}`);
      await cut(store, files.at(nth) ?? assert.fail());
      if (isLost) await store.delete(CHECKPOINT);
      assert.deepEqual((await repaired(store)).faults, []);
      await run(store, new WorldApi(world));
      await run(store, new WorldApi(world));
      const all = await ids(store);
      assert.deepEqual([all.length, new Set(all).size], [120, 120], `${isLost} ${nth}`);
      assert.deepEqual((await repaired(store)).faults, []);
    }
  }
});

Deno.test("what a damage took of an older harvest comes again, and once more where its file is damaged as well", async () => {
  for (const configOf of Object.values(CONFIGS)) {
    const world = World.made({ clock: systemClock, users: 3, tweetsPerUser: 40 });
    const store = await added(configOf(world));
    await run(store, new WorldApi(world));
    const [user = ""] = world.users.keys();
    world.post(user, 30);
    await run(store, new WorldApi(world));
    for (const nth of [1, -1]) {
      await cut(store, filesOf(store).at(nth) ?? assert.fail());
      assert.deepEqual((await repaired(store)).faults, []);
      await run(store, new WorldApi(world));
      const all = await ids(store);
      assert.deepEqual([all.length, new Set(all).size], [150, 150], `${nth}`);
    }
    assert.deepEqual(await repaired(store), { mended: [], faults: [] });
  }
});

Deno.test("ids that a damage took are asked for again, and no others", async () => {
  const world = World.made({ clock: systemClock, users: 3, tweetsPerUser: 200 });
  const all = [...world.users.keys()].flatMap((user) => world.timeline(user, { count: 200 }))
    .map(({ id }) => id).toSorted((a, b) => a < b ? -1 : 1);
  const wanted = [...all, all.at(-1) ?? 0n].map((id, i) => i === all.length ? id + 7n : id);
  const config = {
    id: "c",
    type: "hydrate",
    api: "2",
    keys: KEYS,
    hydrate: { ids: wanted.length },
  };
  for (const nth of [0, 1, -1]) {
    const store = await added(config);
    await store.put(`${ROOT}ids.txt`, new TextEncoder().encode(`${wanted.join("\n")}\n`));
    await run(store, new WorldApi(world), { tweetsPerFile: 150 });
    assert.equal((await ids(store)).length, 600);
    await cut(store, filesOf(store).at(nth) ?? assert.fail());
    const left = (await ids(store)).length;
    assert.deepEqual((await repaired(store)).faults, []);
    const api = new WorldApi(world);
    let asked = 0;
    const { tweets } = api;
    api.tweets = (ids, signal) => {
      asked += ids.length;
      return tweets.call(api, ids, signal);
    };
    await run(store, api);
    const now = await ids(store);
    assert.deepEqual([now.length, new Set(now).size], [600, 600], `${nth}`);
    assert.ok(asked <= 600 - left + 1, `${asked} of ${600 - left}`);
  }
});

/** What `collection gaps` says of each. */
async function statuses(store: MemoryStore, clock = systemClock): Promise<string[]> {
  const { config } = await new Collections(store, clock).load("c");
  const { positions = {} } = await readCheckpoint(store, "c") ?? {};
  const look = gapLook(config, positions, clock.now());
  return (await listGaps(store, "c", look)).map(({ status }) => status);
}

Deno.test("what search does not reach any more is recorded as that, and nobody asks for it", async () => {
  const world = World.made({ clock: systemClock, users: 3, tweetsPerUser: 40 });
  const store = await added(CONFIGS["a search"]());
  await run(store, new WorldApi(world));
  await cut(store, filesOf(store)[1] ?? assert.fail());
  const later = { ...systemClock, now: () => systemClock.now() + 9 * 86_400_000 };
  const { mended } = await repaired(store, later);
  assert.match(mended.join(), /the API no longer has 1 span/);
  assert.deepEqual(await statuses(store, later), ["beyond reach"]);
  assert.deepEqual(Object.keys((await json(store, CHECKPOINT)).positions), []);
});

Deno.test("what a timeline does not reach any more is said once it was asked for", async () => {
  const world = World.made({ clock: systemClock, users: 1, tweetsPerUser: 3_300 });
  const store = await added(CONFIGS.timelines(world));
  await run(store, new WorldApi(world, { pageSize: 200 }), { tweetsPerFile: 500 });
  await cut(store, filesOf(store).at(-1) ?? assert.fail(), 0.9);
  const left = (await ids(store)).length;
  assert.ok(left >= 3_104 && left < 3_300, `${left}`);
  await repaired(store);
  assert.deepEqual(await statuses(store), ["beyond reach", "due"]);
  const api = new WorldApi(world);
  const { timeline } = api;
  api.timeline = (id, at, signal) =>
    at.untilId === undefined
      ? timeline.call(api, id, at, signal)
      : Promise.resolve({ lines: [], count: 0 });
  await run(store, api);
  assert.deepEqual(await statuses(store), ["beyond reach", "beyond reach"]);
  assert.deepEqual((await repaired(store)).mended, [], "and not asked for again");
});

Deno.test("what a damage took of a stream of version 2 is asked for by search, with nothing twice; of 1.1 it is lost", async () => {
  const world = World.made({ clock: systemClock, users: 2, tweetsPerUser: 60 });
  const all = [...world.users.keys()].flatMap((user) => world.timeline(user, { count: 60 }))
    .toSorted((a, b) => a.id < b.id ? -1 : 1);
  const script = all.map((status) => ({
    tweets: [{ id: `${status.id}`, line: status.bytes() }],
    messages: [],
  }));
  for (const version of ["2", "1.1"]) {
    const filter = { track: "sandbox" };
    const store = await added({ id: "c", type: "filter", api: version, keys: KEYS, filter });
    await run(store, new WorldApi(world, { script }), { tweetsPerFile: 30 });
    assert.equal((await ids(store)).length, 120);
    const key = filesOf(store)[1] ?? assert.fail();
    await cut(store, key);
    const left = (await ids(store)).length;
    const { mended, faults: wrong } = await repaired(store);
    assert.deepEqual(wrong, []);
    const [status] = await statuses(store);
    if (version === "1.1") {
      assert.match(mended.join(), /the API no longer has 1 span/);
      assert.equal(status, "beyond reach");
      continue;
    }
    assert.equal(status, "due");
    const [last] = all;
    const [quiet] = script;
    assert.ok(last && quiet && left < 120);
    // What stays open until the search is over.
    const api = new WorldApi(world);
    const ended = Promise.withResolvers<void>();
    api.stream = async function* () {
      yield { tweets: [], messages: [] };
      await ended.promise;
    };
    const { search } = api;
    const tries: boolean[] = [];
    api.search = async (query, at, signal) => {
      const page = await search.call(api, query, at, signal);
      tries.push(at.isThere !== undefined);
      if (page.next === undefined) ended.resolve();
      const lines = page.lines.filter((line) => !at.isThere?.(idsIn(line)[0] ?? ""));
      return { ...page, lines, count: lines.length };
    };
    await run(store, api);
    const now = await ids(store);
    assert.deepEqual([now.length, new Set(now).size], [120, 120]);
    assert.ok(tries.every(Boolean));
    assert.deepEqual(await statuses(store), ["filled"]);
  }
});

Deno.test("a copy without keys, and a list of gaps that is damaged as well, are repaired as far as they can be", async () => {
  for (const damage of ["no keys", "gaps"]) {
    const world = World.made({ clock: systemClock, users: 2, tweetsPerUser: 40 });
    const store = await added(CONFIGS["a search"]());
    await run(store, new WorldApi(world));
    const key = filesOf(store)[1] ?? assert.fail();
    await cut(store, key);
    if (damage === "gaps") {
      const gaps = key.replace(/[^/]+$/, "gaps.jsonl");
      await store.put(gaps, new TextEncoder().encode("{\n"));
    } else {
      const { keys: _, ...copy } = await json(store, `${ROOT}collection.json`);
      await store.put(`${ROOT}collection.json`, jsonBytes(copy));
      await store.delete(CHECKPOINT);
    }
    const { mended } = await repaired(store);
    assert.deepEqual(mended.filter((what) => what.includes("lost")), [], damage);
    assert.ok((await verify(collection(store))).faults.some((fault) => fault.key === key));
    if (damage === "no keys") assert.equal(await store.get(CHECKPOINT), null);
  }
});
