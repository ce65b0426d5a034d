import assert from "node:assert/strict";
import { verify } from "../../lib/archive/verify.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { jsonBytes } from "../../lib/base/json_bytes.ts";
import { readGaps } from "../../lib/bucket/gaps.ts";
import { World } from "../../lib/sandbox/world.ts";
import { inTurns } from "../fakes/turns.ts";
import { added, CONFIGS, json, KEYS, run } from "../fakes/whole_harvest.ts";
import { WorldApi } from "../fakes/world_api.ts";
import { ROOT } from "../bucket/verified_bucket.ts";

import {
  alter,
  CHECKPOINT,
  collection,
  cut,
  filesOf,
  ids,
  readable,
  repaired,
  statuses,
} from "../fakes/damaged_collection.ts";
for (const [turn, [type, configOf]] of Object.entries(CONFIGS).entries()) {
  for (const isLost of [false, true]) {
    const without = isLost ? ", and its checkpoint" : "";
    Deno.test(`${type} of which any file is damaged${without} gets back what that took, and nothing twice`, async () => {
      const world = World.create({ clock: systemClock, users: 4, tweetsPerUser: 45 });
      for (const nth of inTurns([0, 2, 5], turn + (isLost ? 1 : 0), 3)) {
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

/** Files whose bytes are altered, and whether the checkpoint is lost as well. */
const ALTERED = [[0, false], [0, true], [2, true], [5, false], [5, true]] as const;

for (const [turn, [type, configOf]] of Object.entries(CONFIGS).entries()) {
  Deno.test(`${type} of which a file's bytes were altered get back all of that file, whatever ids its lines have now`, async () => {
    const world = World.create({ clock: systemClock, users: 4, tweetsPerUser: 45 });
    for (const [nth, isLost] of inTurns(ALTERED, turn)) {
      const store = await added(configOf(world));
      await run(store, new WorldApi(world));
      const all = await ids(store);
      const key = filesOf(store)[nth] ?? assert.fail();
      await alter(store, key);
      if (isLost) await store.delete(CHECKPOINT);
      assert.deepEqual((await repaired(store)).faults, []);
      await run(store, new WorldApi(world));
      const what = `${nth} ${isLost}`;
      assert.deepEqual((await readable(store)).toSorted(), all.toSorted(), what);
      assert.deepEqual(await repaired(store), { mended: [], faults: [] }, what);
      for (const { to } of await readGaps(store, key.replace(/[^/]+$/, "gaps.jsonl"))) {
        assert.ok(Date.parse(to) <= systemClock.now(), to);
      }
    }
  });
}

Deno.test("what a damage took of a walk that is not whole comes with the rest of it, from the checkpoint or from the files", async () => {
  for (const isLost of [false, true]) {
    for (const nth of [0, 1, -1]) {
      const world = World.create({ clock: systemClock, users: 3, tweetsPerUser: 40 });
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
    const world = World.create({ clock: systemClock, users: 3, tweetsPerUser: 40 });
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
  const world = World.create({ clock: systemClock, users: 3, tweetsPerUser: 200 });
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

Deno.test("what search does not reach any more is recorded as that, and nobody asks for it", async () => {
  const world = World.create({ clock: systemClock, users: 3, tweetsPerUser: 40 });
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
  const world = World.create({ clock: systemClock, users: 1, tweetsPerUser: 3_300 });
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

Deno.test("a copy without keys, and a list of gaps that is damaged as well, are repaired as far as they can be", async () => {
  for (const damage of ["no keys", "gaps"]) {
    const world = World.create({ clock: systemClock, users: 2, tweetsPerUser: 40 });
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
