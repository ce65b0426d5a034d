import assert from "node:assert/strict";
import { systemClock } from "../../lib/base/clock.ts";
import { readBefore, recordFixity } from "../../lib/bucket/fixity.ts";
import { verify } from "../../lib/archive/verify.ts";
import type { Verified } from "../../lib/archive/found.ts";
import { World } from "../../lib/sandbox/world.ts";
import { counted } from "../fakes/counting_store.ts";
import type { MemoryStore } from "../fakes/memory_store.ts";
import { added, KEYS, run } from "../fakes/whole_harvest.ts";
import { WorldApi } from "../fakes/world_api.ts";

const DAY = 86_400_000;
const SEARCH = { id: "c", type: "search", keys: KEYS, search: { query: "sandbox" } };
const world = World.create({ clock: systemClock, users: 2, tweetsPerUser: 10 });

/** A collection with so many harvests, a minute apart. */
async function harvested(many: number): Promise<MemoryStore> {
  const store = await added(SEARCH, { ...systemClock, now: () => Date.now() - 60_000 });
  await harvest(store, 0, many);
  return store;
}

async function harvest(store: MemoryStore, from: number, to: number): Promise<void> {
  for (let i = from; i < to; i++) {
    const clock = { ...systemClock, now: () => Date.now() + i * 60_000 };
    await run(store, new WorldApi(world), { clock, flushMs: 15_000, tweetsPerFile: 1_000 });
  }
}

/** Verifies, as the command does, and records it. @param days After how many days. */
async function verified(
  store: MemoryStore,
  { sinceLast = true, days = 1 } = {},
): Promise<Verified> {
  const now = () => Date.now() + days * DAY;
  const clock = { ...systemClock, now };
  const before = sinceLast ? await readBefore(store, "c", now()) : null;
  const found = await verify({
    store,
    clock,
    collectionId: "c",
    isGone: () => true,
    onFile: () => {},
    signal: new AbortController().signal,
    ...(before ? { before } : {}),
  });
  const { faults, inventory } = found;
  await recordFixity({ store, clock, collectionId: "c" }, {
    began: now(),
    what: "verify",
    scope: before ? "since last" : "all",
    read: found.read,
    found: faults.map(({ key, says }) => ({ key, says })),
    did: [],
    inventory: inventory?.head ?? null,
  });
  return found;
}

const foldersOf = (store: MemoryStore) =>
  store.keys().filter((key) => key.endsWith("/harvest.json"))
    .map((key) => key.slice(0, key.lastIndexOf("/") + 1));

Deno.test("since the last time only what is new is read, and the rest is there with its size", async () => {
  const store = await harvested(12);
  const first = await verified(store);
  assert.deepEqual([first.read.harvests, first.readBefore], [12, 0], "nothing was ever read");
  await harvest(store, 12, 14);
  const requests = counted(store);
  const second = await verified(store, { days: 2 });
  assert.deepEqual([second.read.harvests, second.readBefore], [2, 12]);
  assert.deepEqual(second.faults, []);
  assert.equal(second.tweets, first.tweets, "what was read before is counted");
  const some = requests.gets.length;
  await verified(store, { days: 3, sinceLast: false });
  assert.ok(some < (requests.gets.length - some) / 2, `${some} of ${requests.gets.length}`);
});

Deno.test("what was deleted, or cut short, since it was read is found without reading it", async () => {
  const store = await harvested(5);
  await verified(store);
  const [first = "", second = "", third = ""] = foldersOf(store);
  const manifest = (await store.get(`${first}manifest-sha1.txt`))?.bytes ?? assert.fail();
  await store.put(`${first}manifest-sha1.txt`, manifest.subarray(1));
  await store.delete(`${second}harvest.json`);
  for (const key of store.keys()) if (key.startsWith(third)) await store.delete(key);
  const { faults } = await verified(store);
  const all = faults.map(({ key, says }) => `${key} ${says}`).join("\n");
  assert.match(all, new RegExp(`^${first}manifest-sha1.txt it has .* the inventory says`, "m"));
  assert.match(all, new RegExp(`^${second}harvest.json the inventory lists it`, "m"));
  assert.match(
    all,
    new RegExp(`^${third} the inventory lists this harvest, but it is missing`, "m"),
  );
  const again = await verified(store, { days: 2 });
  assert.equal(again.read.harvests, 3, "what was wrong is read again, and the last one");
});

Deno.test("after 90 days all is read, whatever was read in between", async () => {
  const store = await harvested(4);
  await verified(store, { days: 1 });
  assert.equal((await verified(store, { days: 60 })).readBefore, 3);
  assert.equal((await verified(store, { days: 92 })).readBefore, 0);
  assert.equal((await verified(store, { days: 93 })).readBefore, 3);
});

Deno.test("an inventory that was made anew since is found by the entry that was noted", async () => {
  const store = await harvested(3);
  await verified(store);
  const key = "collections/c/inventory.jsonl";
  const text = new TextDecoder().decode((await store.get(key))?.bytes);
  const lines = text.trimEnd().split("\n");
  await store.put(key, new TextEncoder().encode(`${lines.slice(0, -1).join("\n")}\n`));
  const { faults } = await verified(store, { days: 2 });
  assert.ok(faults.some(({ says }) => /fixity\.jsonl names/.test(says)), JSON.stringify(faults));
});
