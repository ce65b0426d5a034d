import assert from "node:assert/strict";
import { systemClock } from "../../lib/base/clock.ts";
import { World } from "../../lib/sandbox/world.ts";
import { readCheckpoint } from "../../lib/bucket/checkpoint_state.ts";
import { readIds } from "../../lib/twitter/bytes/ids.ts";
import { harvestTime } from "../../lib/collection/layout.ts";
import { added, KEYS, run } from "../fakes/whole_harvest.ts";
import { movedClock } from "../fakes/moved_clock.ts";
import { LiveStream } from "../fakes/live_stream.ts";
import { WorldApi } from "../fakes/world_api.ts";
import {
  CHECKPOINT,
  cut,
  filesOf,
  hurt,
  ids,
  readable,
  repaired,
  statuses,
} from "../fakes/damaged_collection.ts";

Deno.test("what a damage took of a stream of version 2 is asked for by search, with nothing twice; of 1.1 it is lost", async () => {
  const world = World.create({ clock: systemClock, users: 2, tweetsPerUser: 60 });
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
      const lines = page.lines.filter((line) => !at.isThere?.(readIds(line)[0] ?? ""));
      return { ...page, lines, count: lines.length };
    };
    await run(store, api);
    const now = await ids(store);
    assert.deepEqual([now.length, new Set(now).size], [120, 120]);
    assert.ok(tries.every(Boolean));
    assert.deepEqual(await statuses(store), ["filled"]);
  }
});

/** Streams harvests of live tweets, each stopped in order, and what the search of the last one asks for. */
async function streamed(harvests: number, { tweets = 90, everyMs = 10_000, pauseMs = 0 } = {}) {
  const { clock, move } = movedClock();
  const world = World.create({ clock, users: 1, tweetsPerUser: 0 });
  const [user = ""] = world.users.keys();
  const filter = { track: "sandbox" };
  const store = await added({ id: "c", type: "filter", api: "2", keys: KEYS, filter }, clock);
  for (let nth = 0; nth < harvests; nth++) {
    const api = new WorldApi(world);
    const stop = new AbortController();
    api.stream = async function* () {
      yield { tweets: [], messages: [] };
      for (let i = 0; i < tweets; i++) {
        move(everyMs);
        const [status] = world.post(user);
        assert.ok(status);
        yield { tweets: [{ id: `${status.id}`, line: status.bytes() }], messages: [] };
      }
      stop.abort();
    };
    await run(store, api, { clock, tweetsPerFile: 30, signal: stop.signal });
    move(1_000);
    // Nobody wants what is posted while nobody listens.
    move(pauseMs / 2);
    if (pauseMs > 0) world.post(user);
    move(pauseMs / 2);
  }
  return { store, clock, move, world };
}

/** Harvests once more, without anything new, until what is to be asked for has come. */
async function askedAgain({ store, clock, move, world }: Awaited<ReturnType<typeof streamed>>) {
  move(3_600_000);
  const api = new WorldApi(world, { pageSize: 500 });
  const { positions = {} } = await readCheckpoint(store, "c") ?? {};
  const due = Object.keys(positions).filter((name) => name.startsWith("gap:"));
  const stop = new AbortController();
  let ended = due.length;
  if (ended === 0) return;
  api.stream = async function* (_, signal) {
    yield { tweets: [], messages: [] };
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
  };
  const { search } = api;
  api.search = async (query, at, signal) => {
    const page = await search.call(api, query, at, signal);
    const lines = page.lines.filter((line) => !at.isThere?.(readIds(line)[0] ?? ""));
    // The answer is committed before the stop.
    if (page.next === undefined && --ended === 0) setTimeout(() => stop.abort(), 50);
    return { ...page, lines, count: lines.length };
  };
  await run(store, api, { clock, signal: stop.signal });
}

for (const isLost of [false, true]) {
  const without = isLost ? ", and its checkpoint" : "";
  Deno.test(`a stream whose newest harvests are damaged in any way${without} gets back all of them, and nothing twice`, async () => {
    const orders = [
      ["deleted", "deleted", "deleted"],
      ["cut", "zeroed", "deleted"],
      ["deleted", "cut", "zeroed"],
      ["zeroed", "deleted", "cut"],
      ["altered", "cut", "altered"],
    ];
    for (const order of orders) {
      const place = await streamed(4);
      const { store, clock } = place;
      const all = await ids(store);
      assert.equal(all.length, 360);
      const files = filesOf(store).slice(-9);
      for (const [i, key] of files.entries()) {
        const how = order[Math.floor(i / 3)] ?? "";
        // All of the newest harvest, and the last files of those before.
        if (i % 3 === 2 || i > 5) await hurt(store, key, how);
      }
      if (isLost) await store.delete(CHECKPOINT);
      await repaired(store, clock);
      await askedAgain(place);
      const now = await readable(store);
      assert.deepEqual(all.filter((id) => !now.includes(id)), [], order.join());
      assert.deepEqual(now.length, new Set(now).size, order.join());
      assert.deepEqual((await repaired(store, clock)).mended, [], order.join());
    }
  });
}

Deno.test("a stream of which every file is lost gets back all harvests, and not what came between them", async () => {
  const place = await streamed(5, { pauseMs: 3_600_000 });
  const { store, clock } = place;
  const all = await ids(store);
  for (const key of filesOf(store)) await store.delete(key);
  await repaired(store, clock);
  await askedAgain(place);
  assert.deepEqual((await readable(store)).toSorted(), all.toSorted());
  assert.deepEqual((await repaired(store, clock)).mended, []);
});

/** What is damaged, by the numbers of the harvests, and of the files in them. */
const SEAMS = {
  "the first file after a seam is cut": { msPerHarvest: 60_000, hurt: { "1.0": "cut" } },
  "the first file after a seam is gone": { msPerHarvest: 60_000, hurt: { "1.0": "deleted" } },
  "every file between two seams is gone": {
    msPerHarvest: 60_000,
    hurt: { "1.0": "deleted", "1.1": "zeroed", "1.2": "deleted" },
  },
  "the files around a seam are gone": {
    msPerHarvest: 60_000,
    hurt: { "1.2": "cut", "2.0": "deleted" },
  },
  "three seams are within a minute": { msPerHarvest: 15_000, hurt: { "4.0": "cut" } },
  "three seams are within a minute, and a file is gone": {
    msPerHarvest: 15_000,
    hurt: { "4.0": "deleted" },
  },
  "a harvest between two seams is empty": {
    msPerHarvest: 15_000,
    quiet: [{ from: 40_000, to: 60_000 }],
    hurt: { "4.0": "deleted" },
  },
};

for (const [what, { hurt: damages, ...listening }] of Object.entries(SEAMS)) {
  for (const isLost of [false, true]) {
    const without = isLost ? ", and the checkpoint is lost" : "";
    Deno.test(`a stream gets back all that a damage took, and nothing twice, where ${what}${without}`, async () => {
      const live = await LiveStream.open();
      const { store, clock } = live;
      // Of ten tweets, one is half a minute late.
      const lateMs = (nth: number) => nth % 10 === 9 ? 30_000 : 0;
      await live.listen({ ms: 150_000, lateMs, ...listening });
      const all = await readable(store);
      const harvests = [...Map.groupBy(filesOf(store), harvestTime).values()];
      for (const [place, how] of Object.entries(damages)) {
        const [harvest = 0, file = 0] = place.split(".").map(Number);
        // An empty one has no files, and is not counted.
        await hurt(store, harvests[harvest]?.[file] ?? assert.fail(place), how);
      }
      if (isLost) await store.delete(CHECKPOINT);
      assert.ok((await readable(store)).length < all.length);
      await repaired(store, clock);
      await live.fill();
      const now = await readable(store);
      assert.deepEqual(all.filter((id) => !now.includes(id)), []);
      assert.deepEqual(now.filter((id, i) => now.indexOf(id) !== i), []);
      assert.deepEqual((await repaired(store, clock)).mended, []);
    });
  }
}
