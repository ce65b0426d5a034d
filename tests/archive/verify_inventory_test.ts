import assert from "node:assert/strict";
import { acquireLease } from "../../lib/bucket/lease.ts";
import { repair } from "../../lib/archive/repair.ts";
import { verify } from "../../lib/archive/verify.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { World } from "../../lib/sandbox/world.ts";
import { looking } from "../fakes/looking.ts";
import type { MemoryStore } from "../fakes/memory_store.ts";
import { added, KEYS, run } from "../fakes/whole_harvest.ts";
import { WorldApi } from "../fakes/world_api.ts";

const ROOT = "collections/c/";
const INVENTORY = `${ROOT}inventory.jsonl`;
const at = (minutes: number) => ({
  ...systemClock,
  now: () => systemClock.now() + minutes * 60_000,
});

/** A bucket with three harvests of timelines, each of which brought something. */
async function collected(): Promise<MemoryStore> {
  const world = World.create({ clock: systemClock, users: 2, tweetsPerUser: 4 });
  const users = Object.fromEntries([...world.users.keys()].map((id) => [id, {}]));
  const store = await added({ id: "c", type: "user_timeline", keys: KEYS, users });
  for (const minutes of [1, 2, 3]) {
    await run(store, new WorldApi(world), { clock: at(minutes), tweetsPerFile: 1_000 });
    world.post([...world.users.keys()][0] ?? assert.fail());
  }
  return store;
}
const THREE = await collected();

const lookingAt = (store: MemoryStore) => looking(store, { clock: at(10) });

async function faults(store: MemoryStore): Promise<string[]> {
  const found = await verify(lookingAt(store));
  return found.faults.map(({ key, says }) => `${key.slice(ROOT.length)}: ${says}`);
}

async function repaired(store: MemoryStore): Promise<string[]> {
  const options = lookingAt(store);
  const lease = await acquireLease({ ...options, holder: { id: "r", host: "here", pid: 1 } });
  const mended: string[] = [];
  const onMended = (what: string) => void mended.push(what.replaceAll(ROOT, ""));
  await repair({ ...options, lease, holder: "r", onMended });
  await lease.release();
  return mended;
}

const [FIRST = "", SECOND = "", THIRD = ""] = THREE.keys()
  .filter((key) => key.endsWith("/manifest-sha1.txt"))
  .map((key) => key.slice(0, key.lastIndexOf("/") + 1));
const [CHANGE = ""] = THREE.keys().filter((key) => key.includes("/changesets/"));
/** A byte more, where a reader sees none: a blank behind JSON, or a line that says the same. */
const altered = (bytes: Uint8Array) => new Uint8Array([...bytes, 0x20, 0x0a]);

Deno.test("a collection of some harvests is as its inventory has it, and repairs change nothing", async () => {
  const store = THREE.copy();
  assert.deepEqual(await faults(store), []);
  assert.deepEqual(await repaired(store), []);
  const lines = new TextDecoder().decode((await store.get(INVENTORY))?.bytes).trim().split("\n");
  assert.deepEqual(lines.map((line) => JSON.parse(line).what), [
    "change",
    ...["harvest", "harvest", "harvest"],
  ]);
});

for (const [which, folder] of [["the oldest", FIRST], ["the newest", THIRD]] as const) {
  Deno.test(`${which} harvest that was deleted whole is found, and a repair does not hide it`, async () => {
    const store = THREE.copy();
    for (const key of store.keys()) if (key.startsWith(folder)) await store.delete(key);
    const says = "the inventory lists this harvest, but it is missing";
    const wanted = `${folder.slice(ROOT.length)}: ${says}`;
    assert.ok((await faults(store)).includes(wanted), `${await faults(store)}`);
    await repaired(store);
    assert.ok((await faults(store)).includes(wanted));
  });
}

const FILES = [
  CHANGE,
  ...THREE.keys().filter((key) => key.startsWith(SECOND)),
  ...THREE.keys().filter((key) => key.startsWith(FIRST) && key.endsWith("user_changes.json")),
];
assert.deepEqual(FILES.map((key) => key.slice(key.lastIndexOf("/") + 1).replace(/-\d+\./, ".")), [
  "change.json",
  "collection.json",
  "harvest.json",
  "manifest-sha1.txt",
  "tweets.jsonl.gz",
  "users.jsonl",
  "user_changes.json",
]);

for (const key of FILES) {
  const name = key.slice(ROOT.length).replace(/\d[\d/-]+/g, "*");
  const about = (found: string[]) => found.filter((one) => one.startsWith(key.slice(ROOT.length)));

  Deno.test(`${name} is found when it was deleted`, async () => {
    const store = THREE.copy();
    await store.delete(key);
    assert.ok(about(await faults(store)).length > 0, `${await faults(store)}`);
  });

  Deno.test(`${name} is found when it was altered in a way that changes nothing that it says`, async () => {
    const store = THREE.copy();
    await store.put(key, altered((await store.get(key))?.bytes ?? assert.fail()));
    assert.ok(about(await faults(store)).length > 0, `${await faults(store)}`);
  });
}

const SWAPPED: [string, RegExp][] = [
  ["changesets", /\/changesets\//],
  ["tweets files", /\/tweets-/],
  ["manifests", /manifest/],
  ["harvest.json", /\/harvest\.json$/],
];
for (const [what, isOne] of SWAPPED) {
  Deno.test(`${what} that were put in the place of each other are both found`, async () => {
    const store = THREE.copy();
    const [one = "", other = ""] = store.keys().filter((key) => isOne.test(key)).slice(-2);
    const [mine, theirs] = [await store.get(one), await store.get(other)];
    await store.put(one, theirs?.bytes ?? assert.fail());
    await store.put(other, mine?.bytes ?? assert.fail());
    const found = await faults(store);
    for (const key of [one, other]) {
      assert.ok(found.some((says) => says.startsWith(key.slice(ROOT.length))), `${found}`);
    }
  });
}

Deno.test("a tweets file that was swapped with its manifest and harvest.json is found, and stays found", async () => {
  const store = THREE.copy();
  const names = (folder: string) =>
    store.keys().filter((key) =>
      key.startsWith(folder) && /tweets-|manifest|harvest\.json/.test(key)
    );
  for (const key of names(SECOND)) await store.delete(key);
  for (const key of names(THIRD)) {
    const bytes = (await store.get(key))?.bytes ?? assert.fail();
    await store.put(key.replace(THIRD, SECOND), bytes);
  }
  const about = (found: string[]) => found.filter((one) => one.includes(SECOND.slice(ROOT.length)));
  const before = about(await faults(store));
  assert.ok(before.some((one) => /manifest.*it differs from the inventory/.test(one)));
  assert.ok(before.some((one) => /tweets-.*the inventory lists it, but it is missing/.test(one)));
  await repaired(store);
  assert.deepEqual(about(await faults(store)), before);
});

Deno.test("a checkpoint that was altered is found, and one that is gone is made again", async () => {
  const store = THREE.copy();
  const key = `${ROOT}checkpoint.json`;
  const state = JSON.parse(new TextDecoder().decode((await store.get(key))?.bytes));
  const text = JSON.stringify({ ...state, counts: { ...state.counts, gaps: 7 } });
  await store.put(key, new TextEncoder().encode(text));
  assert.deepEqual(await faults(store), [
    "checkpoint.json: it differs from the inventory: it was altered",
  ]);
  await store.delete(key);
  assert.deepEqual(await faults(store), ["checkpoint.json: it is missing"]);
  await repaired(store);
  assert.deepEqual(await faults(store), []);
});

Deno.test("a line of the inventory that was altered, taken out, or put in is found", async () => {
  const text = new TextDecoder().decode((await THREE.get(INVENTORY))?.bytes);
  const lines = text.trim().split("\n");
  const broken = [
    lines.map((line, i) => i === 1 ? line.replace('"tweets":', '"tweets":1') : line),
    lines.toSpliced(1, 1),
    lines.slice(0, -1),
    lines.toSpliced(1, 0, lines[2] ?? ""),
    lines.toSpliced(2, 1, "{"),
    [],
  ];
  for (const some of broken) {
    const store = THREE.copy();
    await store.put(INVENTORY, new TextEncoder().encode(some.map((line) => `${line}\n`).join("")));
    const found = (await faults(store)).filter((one) => one.startsWith("inventory.jsonl"));
    assert.ok(found.length > 0, some.join("\n"));
  }
});

Deno.test("a bucket without an inventory is whole, and a repair makes one, marked as made later", async () => {
  const store = THREE.copy();
  await store.delete(INVENTORY);
  const key = `${ROOT}checkpoint.json`;
  const state = JSON.parse(new TextDecoder().decode((await store.get(key))?.bytes));
  delete state.inventory;
  await store.put(key, new TextEncoder().encode(JSON.stringify(state)));
  const { faults: none, inventory } = await verify(lookingAt(store));
  assert.deepEqual([none, inventory?.entries, inventory?.older.harvests], [[], 0, 3]);
  assert.match((await repaired(store)).join(), /^inventory.jsonl has 3 harvests and \d changesets/);
  const made = new TextDecoder().decode((await store.get(INVENTORY))?.bytes).trim().split("\n");
  assert.deepEqual(new Set(made.map((line) => JSON.parse(line).what)), new Set(["made later"]));
  assert.deepEqual(await faults(store), []);
  for (const one of store.keys()) if (one.startsWith(FIRST)) await store.delete(one);
  assert.match((await faults(store)).join(), /the inventory lists this harvest, but it is missing/);
});

Deno.test("a harvest that was put among those of a whole inventory is found", async () => {
  const store = THREE.copy();
  for (const key of store.keys()) {
    if (!key.startsWith(SECOND)) continue;
    const bytes = (await store.get(key))?.bytes ?? assert.fail();
    await store.put(key.replace(/\d\d\/\d\d\/([^/]*)$/, "59/59/$1"), bytes);
  }
  assert.match((await faults(store)).join(), /59\/59\/: the inventory does not list this harvest/);
});
