import assert from "node:assert/strict";
import { acquireLease } from "../../lib/bucket/lease.ts";
import { repair } from "../../lib/archive/repair.ts";
import { verify } from "../../lib/archive/verify.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { readCheckpoint } from "../../lib/bucket/checkpoint_state.ts";
import { idTime } from "../../lib/twitter/bytes/ids.ts";
import { OutsideError } from "../../lib/base/errors.ts";
import { jsonBytes } from "../../lib/base/json_bytes.ts";
import { World } from "../../lib/sandbox/world.ts";
import { withFolder } from "../fakes/folder.ts";
import { filesOf, readable, repaired as mended } from "../fakes/damaged_collection.ts";
import { dieAt } from "../fakes/dying_store.ts";
import { LiveStream } from "../fakes/live_stream.ts";
import { MemoryStore } from "../fakes/memory_store.ts";
import { failing, streamed } from "../fakes/slow_stream.ts";
import { numbersInTurn } from "../fakes/turns.ts";
import { added, CONFIGS, json, run, told, tweets } from "../fakes/whole_harvest.ts";
import { WorldApi } from "../fakes/world_api.ts";
import { Bucket, NEW, ROOT, text, v1, zipped } from "../bucket/verified_bucket.ts";

const CHECKPOINT = `${ROOT}checkpoint.json`;
const CONFIG = `${ROOT}collection.json`;
const zeros = new Uint8Array(4_096);

function collection(store: MemoryStore) {
  const { signal } = new AbortController();
  const [isGone, onFile] = [() => true, () => {}];
  return { store, clock: systemClock, collectionId: "c", isGone, onFile, signal };
}

/** Repairs a collection; what is done, and what is wrong then. */
async function repaired(store: MemoryStore): Promise<{ mended: string; faults: string }> {
  const mended: string[] = [];
  const options = collection(store);
  const holder = { id: "mender", host: "here", pid: 1 };
  const lease = await acquireLease({ ...options, holder });
  try {
    const onMended = (what: string) => void mended.push(what);
    const { faults } = await repair({ ...options, lease, holder: holder.id, onMended });
    return {
      // What has no inventory yet gets one.
      mended: mended.filter((what) => !what.includes("inventory.jsonl has")).join("\n"),
      faults: faults.map(({ key, says }) => `${key}: ${says}`).join("\n"),
    };
  } finally {
    await lease.release();
  }
}

/** The writes of which one is played. */
const ONE_OF = 3;

for (const [type, configOf] of Object.entries(CONFIGS)) {
  Deno.test(`a checkpoint of ${type} that is lost after a kill at any write is made again: nothing twice, nothing skipped`, async () => {
    const world = World.create({ clock: systemClock, users: 4, tweetsPerUser: 45 });
    let restored = 0;
    for (const nth of numbersInTurn(ONE_OF)) {
      const store = await added(configOf(world));
      const state = dieAt(store, nth);
      await run(store, new WorldApi(world)).catch((error) =>
        assert.ok(error instanceof OutsideError)
      );
      store.before = () => {};
      if (!state.died) break;
      if (nth % 2 === 0) await store.put(CHECKPOINT, zeros);
      else await store.delete(CHECKPOINT);
      const isBegun = store.keys().some((key) => key.includes("/harvests/"));
      const { mended, faults } = await repaired(store);
      assert.equal(faults, "", `${nth}`);
      assert.equal(/Rebuilt \S*checkpoint\.json/.test(mended), isBegun, `${nth}: ${mended}`);
      restored += isBegun ? 1 : 0;
      await run(store, new WorldApi(world));
      const ids = await tweets(store);
      assert.equal(new Set(ids).size, ids.length, `twice after ${nth}`);
      assert.equal(ids.length, 180, `skipped after ${nth}`);
      await run(store, new WorldApi(world));
      assert.equal((await tweets(store)).length, 180, `fetched again after ${nth}`);
    }
    assert.ok(restored * ONE_OF > 15, `${restored}`);
  });
}

Deno.test("a walk that was stopped and told goes on below what it brought, also where a user could not be read", async () => {
  const world = World.create({ clock: systemClock, users: 3, tweetsPerUser: 40 });
  const store = await added(CONFIGS.timelines(world));
  const api = new WorldApi(world);
  const stop = new AbortController();
  let calls = 0;
  api.before = () => {
    if (++calls === 8) stop.abort();
  };
  await run(store, api, { signal: stop.signal });
  assert.deepEqual((await told(store)).map(({ outcome }) => outcome), ["stopped"]);
  await store.delete(CHECKPOINT);
  const [fault] = (await verify(collection(store))).faults;
  assert.deepEqual(fault, { key: CHECKPOINT, says: "it is missing", canBeMended: true });
  assert.equal((await repaired(store)).faults, "");
  await run(store, new WorldApi(world));
  const ids = await tweets(store);
  assert.deepEqual([ids.length, new Set(ids).size], [120, 120]);
});

Deno.test("a stream whose checkpoint is lost records since when something may be missing, and takes nothing twice", async () => {
  const away = new OutsideError("The store is away");
  const { store, harvested, ids } = await streamed(8, failing(away, 4), { patienceMs: 0 });
  await assert.rejects(harvested, /The store is away/);
  const stored = await tweets(store);
  await store.delete(CHECKPOINT);
  assert.match((await repaired(store)).mended, /Rebuilt \S*checkpoint\.json/);
  const { positions } = await json(store, CHECKPOINT);
  assert.deepEqual(positions.stream.ids, stored);
  assert.equal(positions.stream.isStopped, undefined);
  const script = ids.map((id) => ({
    tweets: [{ id, line: text(v1(0).replaceAll("0", id)) }],
    messages: [],
  }));
  await run(
    store,
    new WorldApi(World.create({ clock: systemClock, users: 1, tweetsPerUser: 0 }), { script }),
  );
  assert.deepEqual(
    (await tweets(store)).toSorted(),
    ids.toSorted(),
    "those that come again are known",
  );
  const gaps = store.keys().filter((key) => key.endsWith("gaps.jsonl"));
  assert.equal(gaps.length, 1);
});

/** A stream that was stopped shortly after its harvest had ended and the next one had begun, without its checkpoint. */
async function cutAfterSeam({ keepsNext }: { keepsNext: boolean }) {
  const live = await LiveStream.open();
  const { store, clock } = live;
  await live.listen({ ms: 65_000, msPerHarvest: 60_000 });
  const [first, next] = await told(store);
  assert.deepEqual([first?.ended_by, next?.outcome], ["next harvest", "stopped"]);
  const before = await readable(store);
  const [seam] = filesOf(store).slice(-1);
  const folder = seam?.slice(0, seam.lastIndexOf("/") + 1) ?? assert.fail();
  // As one that was killed before it could begin the next leaves it.
  for (const key of store.keys()) {
    if (!keepsNext && key.startsWith(folder)) await store.delete(key);
  }
  if (!keepsNext) await store.delete(`${ROOT}last_harvest.json`);
  await store.delete(CHECKPOINT);
  await mended(store, clock);
  const { positions } = await readCheckpoint(store, "c") ?? assert.fail();
  return { positions, before, now: await readable(store) };
}

Deno.test("a stream whose checkpoint is lost knows its last tweets from before the seam, too", async () => {
  const { positions, before } = await cutAfterSeam({ keepsNext: true });
  const { ids, isStopped } = Object(positions.stream);
  assert.deepEqual([ids, isStopped], [before, true]);
});

Deno.test("a stream whose checkpoint is lost between two of its harvests goes on where the first one ended", async () => {
  const { positions, now } = await cutAfterSeam({ keepsNext: false });
  const { ids, at, isStopped } = Object(positions.stream);
  // From then on something is missing.
  assert.deepEqual([ids, isStopped], [now, undefined]);
  assert.equal(at, idTime(now.at(-1) ?? ""));
});

Deno.test("what was left on the harvester's disk comes once, also where the checkpoint that would name it was lost", () =>
  withFolder(async (parent) => {
    const away = new OutsideError("The store is away");
    const own = { parent, patienceMs: 120_000 };
    const { store, harvested, ids } = await streamed(8, failing(away, 2), own);
    await assert.rejects(harvested, /The store is away/);
    const stored = await tweets(store);
    await store.delete(CHECKPOINT);
    await repaired(store);
    assert.equal((await json(store, CHECKPOINT)).isRestored, true);
    await run(
      store,
      new WorldApi(World.create({ clock: systemClock, users: 1, tweetsPerUser: 0 })),
      {
        parent,
      },
    );
    const now = await tweets(store);
    assert.equal(new Set(now).size, now.length);
    assert.ok(now.length > stored.length + 2 && now.every((id) => ids.includes(id)));
  }));

/** A collection of two harvests, in memory. */
async function filled() {
  const store = new MemoryStore();
  const bucket = new Bucket(store);
  await bucket.fill("search", [zipped(v1(1), v1(2)), zipped(v1(3), v1(4))]);
  return { store, bucket };
}

Deno.test("what a later version of the program has written is not taken for damaged", async () => {
  const { store } = await filled();
  await store.put(CHECKPOINT, text('{"format":2,"anything":1}'));
  assert.equal((await repaired(store)).mended, "");
  assert.deepEqual(await json(store, CHECKPOINT), { format: 2, anything: 1 });
});

Deno.test("a configuration that a power cut has zeroed is made again from a harvest's copy and the changes since, without keys", async () => {
  const world = World.create({ clock: systemClock, users: 3, tweetsPerUser: 5 });
  const store = await added(CONFIGS.timelines(world));
  await run(store, new WorldApi(world));
  const { keys: _, ...before } = await json(store, CONFIG);
  for (const damage of [zeros, new Uint8Array(), null]) {
    if (damage) await store.put(CONFIG, damage);
    else await store.delete(CONFIG);
    const [fault] = (await verify(collection(store))).faults;
    assert.deepEqual([fault?.key, fault?.canBeMended], [CONFIG, true]);
    const { mended, faults } = await repaired(store);
    assert.match(
      mended,
      /Rebuilt \S*collection\.json from \S+ and the changes since\. Its keys are lost/,
    );
    assert.match(faults, /^collections\/c\/collection\.json: .*Missing keys/);
    assert.deepEqual(await json(store, CONFIG), before, "with every since_id that was learned");
  }
});

Deno.test("a copy that is damaged as well is passed over, and so is a change", async () => {
  const { store } = await filled();
  const config = {
    id: "c",
    type: "search",
    search: { query: "a" },
    timestamp: "2026-01-02T00:00:00.000Z",
  };
  await store.put(`${NEW.replace("/03/03", "/02/03")}collection.json`, jsonBytes(config));
  await store.put(`${NEW}collection.json`, zeros);
  const change = (day: number, query: string) => ({
    update: { search: { query } },
    delete: [],
    change_timestamp: `2026-01-0${day}T00:00:00.000Z`,
  });
  await store.put(`${ROOT}changesets/change-20260103000000.json`, zeros);
  await store.put(`${ROOT}changesets/change-20260104000000.json`, jsonBytes(change(4, "b")));
  await store.put(`${ROOT}changesets/change-20260101000000.json`, jsonBytes(change(1, "old")));
  await store.put(CONFIG, zeros);
  await repaired(store);
  const { search, timestamp } = await json(store, CONFIG);
  assert.deepEqual([search, timestamp], [{ query: "b" }, "2026-01-04T00:00:00.000Z"]);
});

Deno.test("no harvest begins without the checkpoint that others have left; the one that is made again knows what was billed", async () => {
  const world = World.create({ clock: systemClock, users: 1, tweetsPerUser: 0 });
  const config = { ...CONFIGS["a search"](), api: "2" };
  const store = await added(config);
  const away = new WorldApi(world);
  await run(store, away);
  const { spent, reached, counts } = await json(store, CHECKPOINT);
  // As X billed them.
  const [key = ""] = store.keys().filter((key) => key.endsWith("/harvest.json"));
  const billed = { posts: 700, users: 3, dollars: 3.53 };
  await store.put(key, jsonBytes({ ...await json(store, key), billed }));
  await store.delete(CHECKPOINT);
  const wanted = { name: "UserError", message: /checkpoint\.json is not there, though/ };
  await assert.rejects(run(store, new WorldApi(world)), wanted);
  assert.equal(store.keys().filter((key) => key.endsWith("/harvest.json")).length, 1);
  assert.equal(spent?.posts ?? 0, 0);
  await repaired(store);
  const again = await json(store, CHECKPOINT);
  assert.deepEqual([again.spent.posts, again.spent.dollars], [700, 3.53]);
  assert.equal(again.reached, reached ?? counts.covered.to, "the next gap begins where it would");
  await run(store, new WorldApi(world));
  assert.equal((await json(store, CHECKPOINT)).spent.posts, 700);
});

Deno.test("of a harvest that was cut before it was recorded, the posts that it has are counted as billed", async () => {
  const world = World.create({ clock: systemClock, users: 1, tweetsPerUser: 60 });
  const store = await added({ ...CONFIGS["a search"](), api: "2" });
  const api = new WorldApi(world);
  let calls = 0;
  const state = { died: false };
  store.before = ({ method, key }) => {
    if (state.died) throw new OutsideError("It is gone");
    if (method === "put" && key === CHECKPOINT && ++calls === 4) {
      state.died = true;
      throw new OutsideError("It is gone");
    }
  };
  await assert.rejects(run(store, api));
  store.before = () => {};
  const brought = (await json(store, CHECKPOINT)).files.reduce(
    (sum: number, { tweets }: { tweets: number }) => sum + tweets,
    0,
  );
  assert.ok(brought > 0, `${brought}`);
  await store.delete(CHECKPOINT);
  await assert.rejects(run(store, new WorldApi(world)), /is not there, though/);
  await repaired(store);
  const { spent } = await json(store, CHECKPOINT);
  assert.ok(spent.posts >= brought && spent.dollars > 0, JSON.stringify(spent));
});
