import assert from "node:assert/strict";
import { systemClock } from "../../lib/base/clock.ts";
import { World } from "../../lib/sandbox/world.ts";
import type { JsonObject } from "../../lib/base/json.ts";
import type { StreamItem } from "../../lib/twitter/api.ts";
import { counted, type Requests, tallied } from "../fakes/counting_store.ts";
import { ManualClock } from "../fakes/manual_clock.ts";
import { FILTER } from "../fakes/slow_stream.ts";
import { unsyncedFiles } from "../fakes/unsynced_files.ts";
import { added, json, KEYS, run, tweets } from "../fakes/whole_harvest.ts";
import { WorldApi } from "../fakes/world_api.ts";

const MINUTES = 4;
/** Seconds between what arrives together. */
const STEP = 5;

/** What a stream asks of its store in four minutes, the first one left out. */
async function streamed(perSecond: number, tweetsPerFile = 100_000) {
  const clock = new ManualClock();
  const store = await added(FILTER, clock);
  let sent = 0;
  const step = (): StreamItem => ({
    tweets: Array.from({ length: perSecond * STEP }, () => {
      const line = new TextEncoder().encode(`{"id_str":"${++sent}"}`);
      return { id: `${sent}`, line };
    }),
    messages: [],
  });
  const script = Array.from({ length: (MINUTES + 2) * 60 / STEP }, step);
  const world = World.create({ clock: systemClock, users: 0, tweetsPerUser: 0 });
  const api = new WorldApi(world, { script });
  api.before = async (_, signal) => await clock.sleep(STEP * 1_000, signal);
  const stopped = new AbortController();
  let isOver = false;
  const options = { clock, flushMs: 15_000, tweetsPerFile, files: unsyncedFiles };
  const harvested = run(store, api, { ...options, signal: stopped.signal })
    .finally(() => isOver = true);
  while (clock.sleepers < 2 && !isOver) await new Promise((resolve) => setTimeout(resolve));
  await clock.advance(60_000);
  const requests = counted(store);
  await clock.advance(MINUTES * 60_000);
  const { puts, gets, lists } = requests;
  const seen = { puts: tallied(puts), gets: gets.length, lists };
  const live = (await tweets(store)).length;
  stopped.abort();
  const { puts: ending } = counted(store);
  while (!isOver) await clock.advance(5_000);
  await harvested;
  return { ...seen, live, store, ending };
}

Deno.test("a stream of 20 tweets a second puts a piece and the checkpoint each flush, and the lock thrice a minute", async () => {
  const { puts, gets, lists, live, store } = await streamed(20);
  assert.deepEqual(puts, { "checkpoint.json": 16, "lock.json": 12, tweets: 16 });
  assert.deepEqual([gets, lists], [0, 0]);
  // The bound of --flush-secs holds although the manifest is behind.
  assert.ok(live >= 20 * (MINUTES * 60 + 60 - 15 - STEP), `${live} of them are committed`);
  const manifest = store.keys().filter((key) => key.endsWith("/manifest-sha1.txt"));
  assert.equal(manifest.length, 1);
  const info = await json(store, manifest[0]?.replace("manifest-sha1.txt", "harvest.json") ?? "");
  assert.equal((await tweets(store)).length, info.tweets);
});

Deno.test("a stream's manifest, which was there before it ended, lists all tweets before harvest.json counts them", async () => {
  const { ending } = await streamed(20);
  const lists = ending.filter((name) => ["manifest-sha1.txt", "harvest.json"].includes(name));
  assert.deepEqual(lists.slice(-3), ["manifest-sha1.txt", "harvest.json", "manifest-sha1.txt"]);
});

Deno.test("a manifest comes with each segment that is closed, and with no piece", async () => {
  const { puts } = await streamed(20, 20 * 60);
  assert.equal(puts["manifest-sha1.txt"], MINUTES);
  assert.equal(puts["checkpoint.json"], 16);
});

Deno.test("a stream that brings nothing puts its lock, and nothing else", async () => {
  const { puts, gets, lists } = await streamed(0);
  assert.deepEqual({ puts, gets, lists }, { puts: { "lock.json": 12 }, gets: 0, lists: 0 });
});

/** What the whole of each of two harvests of a few pages asks of its store. */
async function harvested(config: JsonObject) {
  const world = World.create({ clock: systemClock, users: 3, tweetsPerUser: 25 });
  const users = Object.fromEntries([...world.users.keys()].map((id) => [id, {}]));
  const own = config.type === "user_timeline" ? { users } : {};
  const store = await added({ id: "c", keys: KEYS, ...own, ...config });
  const seen: Requests[] = [];
  for (const minutes of [1, 2]) {
    // The collection was added, and harvested before, earlier than in this very second.
    const clock = { ...systemClock, now: () => systemClock.now() + minutes * 60_000 };
    const requests = counted(store);
    await run(store, new WorldApi(world), { clock, flushMs: 15_000, tweetsPerFile: 10_000 });
    seen.push(structuredClone(requests));
    store.before = () => {};
  }
  assert.ok((await tweets(store)).length > 0);
  const named = (names: string[]) => names.map((name) => name.replace(/^change-.*/, "change"));
  return seen.map(({ puts, gets, lists }) => ({ puts: named(puts), gets: named(gets), lists }));
}

const BEGIN = ["lock.json", "collection.json", "checkpoint.json"];
/** There was no manifest before, which lists harvest.json: at no instant there is one that lists less than that says. */
const END = ["checkpoint.json", "harvest.json", "manifest-sha1.txt"];
const LEARNED = ["change", "collection.json"];
const SETTLED = ["last_harvest.json", "coverage.jsonl", "inventory.jsonl", "checkpoint.json"];

/** What is read: the configuration before there is a lease, under it, and where something is learned. */
const FIRST_READ = ["collection.json", "lock.json", "checkpoint.json", "collection.json"];

for (
  const [type, config, beside, again] of [
    ["timeline harvest", { type: "user_timeline" }, ["users.jsonl", "user_changes.json"], [
      "users.jsonl",
    ]],
    ["search", { type: "search", search: { query: "sandbox" } }, [], []],
  ] as const
) {
  Deno.test(`a small ${type} puts each document once, and none in which nothing is`, async () => {
    const [first] = await harvested(config);
    assert.deepEqual(first, {
      puts: [...BEGIN, "tweets", ...beside, ...END, ...LEARNED, ...SETTLED],
      gets: [
        ...FIRST_READ,
        ...["collection.json", "change", "last_harvest.json", "coverage.jsonl", "inventory.jsonl"],
      ],
      // One more than later harvests: where there is no checkpoint, it is looked whether it was lost.
      lists: 3,
    });
  });

  Deno.test(`a second small ${type} begins with one write of the checkpoint, and learns nothing anew`, async () => {
    const [, second] = await harvested(config);
    assert.deepEqual(second, {
      puts: [...BEGIN, ...again, ...END, ...SETTLED],
      gets: [...FIRST_READ, "last_harvest.json", "coverage.jsonl", "inventory.jsonl"],
      lists: 1,
    });
  });
}
