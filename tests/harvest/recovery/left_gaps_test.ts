/** Harvesters that left cuts of a stream, whose bucket was damaged and repaired before the next one committed them. */

import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { readCheckpoint } from "../../../lib/bucket/checkpoint_state.ts";
import { readIds } from "../../../lib/twitter/bytes/ids.ts";
import {
  CHECKPOINT,
  cut,
  filesOf,
  hurt,
  readable,
  repaired,
  statuses,
} from "../../fakes/damaged_collection.ts";
import { withFolder } from "../../fakes/folder.ts";
import type { ManualClock } from "../../fakes/manual_clock.ts";
import type { MemoryStore } from "../../fakes/memory_store.ts";
import { failing, FILTER, streamed } from "../../fakes/slow_stream.ts";
import { AWAY } from "../../fakes/taken_over.ts";
import { run } from "../../fakes/whole_harvest.ts";
import type { WorldApi } from "../../fakes/world_api.ts";

const CONFIG = { ...FILTER, api: "2", filter: { track: "sandbox", backfill_minutes: 3 } };

/** A collection with cuts on a machine that are not in the bucket. */
interface Left {
  parent: string;
  store: MemoryStore;
  api: WorldApi;
  clock: ManualClock;
  all: string[];
}

/** Streams a tweet a minute, all of which are cut, and only those of the first minutes stored. */
async function leftCuts(parent: string, { stored = 6, tweetsPerFile = 4 } = {}): Promise<Left> {
  let left: Omit<Left, "parent" | "all"> | undefined;
  const first = join(parent, "first");
  await Deno.mkdir(first);
  const { ids, harvested } = await streamed(11, (i, store, place) => {
    failing(AWAY, stored)(i, store);
    if (i !== 10) return;
    left = { store: store.copy(), ...place };
    cpSync(join(first, "c"), join(parent, "c"), { recursive: true });
  }, { parent: first, config: CONFIG, tweetsPerFile });
  await harvested;
  assert.ok(left);
  await left.clock.advance(3_600_000);
  return { parent, ...left, all: ids.slice(0, 10) };
}

/** Harvests until nothing that was requested is due. @param isSearched Whether it gets as far as that. */
async function goOn({ parent, store, api, clock }: Left, isSearched = true): Promise<void> {
  await clock.advance(60_000);
  const stop = new AbortController();
  const { positions = {} } = await readCheckpoint(store, "c") ?? {};
  let due = Object.keys(positions).filter((walk) => walk.startsWith("gap:")).length;
  if (isSearched && due === 0) return;
  api.stream = async function* (_, signal) {
    yield { tweets: [], messages: [] };
    if (!isSearched) return stop.abort();
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
  };
  const { search } = Object.getPrototypeOf(api);
  api.before = () => {};
  api.search = async (query, at, signal) => {
    if (!isSearched) await new Promise((resolve) => signal.addEventListener("abort", resolve));
    const page = await search.call(api, query, at, signal);
    // The answer is committed before the stop.
    if (page.next === undefined && --due === 0) setTimeout(() => stop.abort(), 50);
    const found = page.lines.flatMap(readIds).filter((id: string) => !at.isThere?.(id));
    if (found.length === 0) return { ...page, lines: [], count: 0 };
    // As version 2 answers, a stream has no such lines.
    const line = JSON.stringify({ data: found.map((id: string) => ({ id })), meta: {} });
    return { ...page, lines: [new TextEncoder().encode(line)], count: found.length };
  };
  await run(store, api, { parent, clock, signal: stop.signal });
}

/** Asserts that tweets are there once; search may have brought others. */
async function assertOnce(store: MemoryStore, wanted: string[]): Promise<void> {
  const there = await readable(store);
  assert.deepEqual(there.filter((id, n) => there.indexOf(id) !== n), []);
  assert.deepEqual(wanted.filter((id) => !there.includes(id)), []);
}

for (const how of ["cut", "deleted", "zeroed"]) {
  for (const nth of [0, 1]) {
    Deno.test(`what a harvester had cut when file ${nth} was ${how} and repaired comes once, and what that took is requested still`, () =>
      withFolder(async (parent) => {
        const left = await leftCuts(parent);
        const { store, clock, all } = left;
        await hurt(store, filesOf(store)[nth] ?? assert.fail(), how);
        await repaired(store, clock);
        assert.deepEqual(await statuses(store, clock), ["due"]);
        await goOn(left, false);
        assert.equal((await statuses(store, clock))[0], "due");
        await goOn(left);
        await assertOnce(store, all);
      }));
  }
}

Deno.test("the ids of left cuts are known where the checkpoint is lost, and made again, after they were committed", () =>
  withFolder(async (parent) => {
    const left = await leftCuts(parent);
    const { store, clock, all } = left;
    await cut(store, filesOf(store)[1] ?? assert.fail());
    await repaired(store, clock);
    await goOn(left, false);
    await store.delete(CHECKPOINT);
    await repaired(store, clock);
    await goOn(left);
    await assertOnce(store, all);
  }));

Deno.test("what left cuts brought of a gap is requested where a damage takes it later", () =>
  withFolder(async (parent) => {
    const left = await leftCuts(parent);
    const { store, clock, all } = left;
    await cut(store, filesOf(store).at(-1) ?? assert.fail());
    await repaired(store, clock);
    const before = new Set(filesOf(store));
    await goOn(left, false);
    const file = filesOf(store).find((key) => !before.has(key)) ?? assert.fail();
    await goOn(left);
    assert.deepEqual((await repaired(store, clock)).faults, []);
    await goOn(left);
    await store.delete(file);
    await repaired(store, clock);
    await goOn(left);
    await assertOnce(store, all);
  }));
