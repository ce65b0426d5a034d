import assert from "node:assert/strict";
import { fillGaps } from "../../lib/archive/gap_fill.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { acquireLease } from "../../lib/bucket/lease.ts";
import { Collections } from "../../lib/bucket/collections.ts";
import { World } from "../../lib/sandbox/world.ts";
import type { Status } from "../../lib/sandbox/corpus.ts";
import { idTime, readIds } from "../../lib/twitter/bytes/ids.ts";
import { CHECKPOINT, collection, filesOf, ids, repaired } from "../fakes/damaged_collection.ts";
import type { MemoryStore } from "../fakes/memory_store.ts";
import { added, KEYS, run } from "../fakes/whole_harvest.ts";
import { WorldApi } from "../fakes/world_api.ts";

/** More than the ids of which a stream's position keeps the last. */
const MANY = 1_200;

/** When all that was posted can be found by search. */
const LATER = { ...systemClock, now: () => systemClock.now() + 3_600_000 };

const itemOf = (...all: Status[]) => ({
  tweets: all.map((status) => ({ id: `${status.id}`, line: status.bytes() })),
  messages: [],
});

/** A stream of version 2 whose outage nobody filled, and what was posted. */
async function streamed() {
  const clock = systemClock;
  const world = World.create({ clock, users: 1, tweetsPerUser: MANY });
  const [user = ""] = world.users.keys();
  const all = world.timeline(user, { count: MANY }).toReversed();
  const [before, missed, after] = [all.slice(0, 5), all.slice(5, 25), all.slice(25)];
  const [first, last] = [before.at(-1), after.at(0)];
  assert.ok(first && last);
  const gap = { from: idTime(`${first.id}`), to: idTime(`${last.id}`), why: "an outage" };
  // Half of what was missed comes as the connection is open again.
  const script = [itemOf(...before), { ...itemOf(...missed.slice(10)), gap }, itemOf(...after)];
  const filter = { track: "sandbox", fill_gaps: false };
  const store = await added({ id: "c", type: "filter", api: "2", keys: KEYS, filter });
  await run(store, new WorldApi(world, { script }), { tweetsPerFile: 500 });
  assert.equal((await ids(store)).length, MANY - 10);
  return { store, world, all: all.map(({ id }) => `${id}`) };
}

/** Has the next harvest request what was missed, as a person does. */
async function requested(store: MemoryStore): Promise<void> {
  const { config } = await new Collections(store, systemClock).load("c");
  const holder = { id: "filler", host: "here", pid: 1 };
  const lease = await acquireLease({ ...collection(store), holder });
  try {
    await fillGaps({ store, clock: systemClock, config, lease, holder: holder.id });
  } finally {
    await lease.release();
  }
}

/** Harvests until what is due is there, or after so many pages of search have come. */
async function searched(store: MemoryStore, world: World, pages = Infinity): Promise<void> {
  const api = new WorldApi(world, { pageSize: 4 });
  const stop = new AbortController();
  api.stream = async function* (_, signal) {
    yield { tweets: [], messages: [] };
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
  };
  const { search } = api;
  let asked = 0;
  api.search = async (query, at, signal) => {
    const page = await search.call(api, query, at, signal);
    // The answer is committed before the stop.
    if (page.next === undefined || ++asked === pages) setTimeout(() => stop.abort(), 50);
    if (asked > pages) await new Promise((resolve) => signal.addEventListener("abort", resolve));
    const lines = page.lines.filter((line) => !at.isThere?.(readIds(line)[0] ?? ""));
    return { ...page, lines, count: lines.length };
  };
  await run(store, api, { signal: stop.signal, clock: LATER });
}

Deno.test("of a gap that a person has filled, what the stream had sent late comes once", async () => {
  const { store, world, all } = await streamed();
  await requested(store);
  await searched(store, world);
  assert.deepEqual((await ids(store)).toSorted(), all.toSorted());
});

Deno.test("of a gap that is requested again, as the checkpoint was lost, what had come of it comes once", async () => {
  const { store, world, all } = await streamed();
  await requested(store);
  await searched(store, world, 2);
  const some = (await ids(store)).length;
  assert.ok(some > MANY - 10 && some < MANY);
  await store.delete(CHECKPOINT);
  await repaired(store);
  await requested(store);
  await searched(store, world);
  assert.deepEqual((await ids(store)).toSorted(), all.toSorted());
});

Deno.test("of what a damage took, and is requested again, as the checkpoint was lost, what had come of it comes once", async () => {
  const { store, world, all } = await streamed();
  const there = await ids(store);
  await store.delete(filesOf(store)[1] ?? assert.fail());
  await repaired(store);
  await searched(store, world, 2);
  await store.delete(CHECKPOINT);
  await repaired(store);
  await searched(store, world);
  const now = await ids(store);
  assert.deepEqual(now.filter((id, n) => now.indexOf(id) !== n), []);
  assert.deepEqual(there.filter((id) => !now.includes(id)), []);
  assert.ok(now.length <= all.length);
});
