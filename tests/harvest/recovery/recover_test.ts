import assert from "node:assert/strict";
import { join } from "node:path";
import { acquireLease } from "../../../lib/bucket/lease.ts";
import { releaseFile } from "../../../lib/base/file_lock.ts";
import { jsonBytes } from "../../../lib/base/json_bytes.ts";
import { recover } from "../../../lib/harvest/recovery/recover.ts";
import { namesIn, withFolder } from "../../fakes/folder.ts";
import { ManualClock } from "../../fakes/manual_clock.ts";
import type { MemoryStore } from "../../fakes/memory_store.ts";
import { failing, streamed } from "../../fakes/slow_stream.ts";
import { SpoolFolder } from "../../../lib/harvest/spool_folder.ts";
import { placeIn } from "../../fakes/spool_places.ts";
import { AWAY, silent, takenOver } from "../../fakes/taken_over.ts";
import { json, run, told, tweets } from "../../fakes/whole_harvest.ts";

/** Recovers what is below a folder, as the command does. */
async function recovered(store: MemoryStore, parent: string) {
  const clock = new ManualClock();
  const process = { host: "here", pid: 1 };
  const holder = { id: crypto.randomUUID(), ...process };
  const { signal } = new AbortController();
  const of = { store, clock, collectionId: "c", signal };
  const lease = await acquireLease({ ...of, holder, isGone: () => true });
  try {
    const spool = await placeIn(parent, { process });
    return await recover({ ...of, lease, holder: holder.id, spool, process });
  } finally {
    await lease.release();
  }
}

Deno.test("what a harvester left that another one has gone on before comes into a harvest of its own, each tweet once", () =>
  withFolder(async (parent) => {
    const { store, left, all } = await takenOver(parent);
    const before = (await told(store)).length;
    const { tweets: count, harvest, left: stays } = await recovered(store, parent);
    assert.deepEqual([count, stays], [left.length, []]);
    assert.deepEqual((await tweets(store)).toSorted(), all);
    const last = (await told(store)).at(-1);
    assert.deepEqual([last?.harvest_timestamp, last?.tweets], [harvest, left.length]);
    assert.equal((await told(store)).length, before + 1);
    assert.deepEqual(await namesIn(join(parent, "c")), []);
    const again = await recovered(store, parent);
    assert.deepEqual([again.tweets, again.harvest], [0, null]);
    assert.equal((await told(store)).length, before + 1, "no harvest is begun for nothing");
    await run(store, silent(), { parent, clock: new ManualClock() });
    assert.deepEqual((await tweets(store)).toSorted(), all);
  }));

Deno.test("what nobody has gone on from comes into its own harvest", () =>
  withFolder(async (parent) => {
    const { store, harvested, ids } = await streamed(8, failing(AWAY, 2), {
      parent,
      patienceMs: 120_000,
    });
    await assert.rejects(harvested, /The store is away/);
    const stored = (await tweets(store)).length;
    const { tweets: count, harvest } = await recovered(store, parent);
    const now = await tweets(store);
    assert.deepEqual([count, harvest], [now.length - stored, null]);
    assert.ok(count > 2 && new Set(now).size === now.length && now.every((id) => ids.includes(id)));
    assert.equal((await told(store)).length, 1);
  }));

Deno.test("the stream goes on from where it was, and all stays where the store fails, or a search may bring the same", () =>
  withFolder(async (parent) => {
    const { store, all } = await takenOver(parent);
    const key = "collections/c/checkpoint.json";
    const { positions, ...state } = await json(store, key);
    const kept = await namesIn(join(parent, "c"));
    store.before = ({ method }) => {
      if (method === "read") throw AWAY;
    };
    assert.equal((await recovered(store, parent)).left.length, 1);
    store.before = () => {};
    const above = `${BigInt(all.at(-1) ?? "") + 1n}`;
    const gaps = { [`gap:1-${above}:x`]: { since: "1", oldest: above } };
    await store.put(key, jsonBytes({ ...state, positions: { ...positions, ...gaps } }));
    const { isSearching, left } = await recovered(store, parent);
    assert.deepEqual([isSearching, left.length], [true, 1]);
    assert.deepEqual(await namesIn(join(parent, "c")), kept);
    await store.put(key, jsonBytes({ ...state, positions }));
    await recovered(store, parent);
    assert.deepEqual((await tweets(store)).toSorted(), all);
    assert.deepEqual((await json(store, key)).positions, positions);
  }));

Deno.test("a search that is due for what came later, as after each stop of a busy stream, is not waited for", () =>
  withFolder(async (parent) => {
    const { store, all } = await takenOver(parent);
    const key = "collections/c/checkpoint.json";
    const { positions, ...state } = await json(store, key);
    const newest = BigInt(all.at(-1) ?? "");
    const [since, until] = [`${newest + 1n}`, `${newest + 9n}`];
    const due = { ...positions, [`gap:${since}-${until}:x`]: { since, oldest: until } };
    await store.put(key, jsonBytes({ ...state, positions: due }));
    const { isSearching, left } = await recovered(store, parent);
    assert.deepEqual([isSearching, left], [false, []]);
    assert.deepEqual((await tweets(store)).toSorted(), all);
    assert.deepEqual((await json(store, key)).positions, due, "and stays due");
  }));

Deno.test("of a harvester that is alive, and paused, the process is named, and nothing is taken", () =>
  withFolder(async (parent) => {
    const { store, all } = await takenOver(parent);
    const before = await tweets(store);
    const [name = ""] = await namesIn(join(parent, "c"));
    const own = join(parent, "c", name);
    const held = await Deno.open(join(own, "held"), { create: true, write: true });
    await held.lock(true);
    assert.equal(await SpoolFolder.isHeld(own), true);
    const { tweets: count, living, left } = await recovered(store, parent);
    assert.deepEqual([count, living, left], [0, [1], []]);
    assert.deepEqual(await tweets(store), before);
    await releaseFile(held);
    assert.deepEqual((await recovered(store, parent)).living, []);
    assert.deepEqual((await tweets(store)).toSorted(), all);
  }));
