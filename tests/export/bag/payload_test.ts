import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { payload, type PayloadFile } from "../../../lib/export/bag/payload.ts";
import { settledOnly } from "../../../lib/export/bag/settled.ts";
import { LeftOut } from "../../../lib/cli/collection/left_out.ts";
import { Checkpoint } from "../../../lib/bucket/checkpoint.ts";
import { systemClock } from "../../../lib/base/clock.ts";
import { collectionKeys } from "../../../lib/collection/layout.ts";
import { MemoryStore } from "../../fakes/memory_store.ts";
import { writeHarvest } from "../exported.ts";

const ROOT = "collections/c/";
const LATER = Date.UTC(2026, 0, 3, 3, 4, 5);
const text = (of: unknown) => new TextEncoder().encode(JSON.stringify(of));

/** A collection of two harvests, with keys in its configuration and in a copy of it. */
async function twoHarvests(): Promise<{ store: MemoryStore; keys: string[] }> {
  const store = new MemoryStore();
  const [first = "", second = ""] = await writeHarvest(store, "c", [["{}"], ["{}"]]);
  const [third = ""] = await writeHarvest(store, "c", [["{}"]], LATER);
  await store.put(`${ROOT}collection.json`, text({ id: "c", keys: { consumer_key: "secret" } }));
  await store.put(`${ROOT}lock.json`, text({}));
  return { store, keys: [first, second, third] };
}

async function read(store: MemoryStore): Promise<{ files: PayloadFile[]; lacks: LeftOut }> {
  const lacks = new LeftOut("c");
  return { files: await Array.fromAsync(payload(store, "c", lacks)), lacks };
}

Deno.test("a bag has what manifests list, each manifest behind its files, and no keys, lock or garbage", async () => {
  const { store, keys: [first = "", second = "", third = ""] } = await twoHarvests();
  const [folder, later] = [
    collectionKeys("c").harvest(Date.UTC(2026, 0, 2, 3, 4, 5)),
    third.replace(/[^/]+$/, ""),
  ];
  await store.put(`${folder}tweets-20260102030499.jsonl.gz`, gzipSync("garbage"));
  const { files, lacks } = await read(store);
  assert.deepEqual(lacks.texts(), []);
  assert.deepEqual(files.map(({ key }) => key), [
    `${ROOT}collection.json`,
    first,
    second,
    `${folder}manifest-sha1.txt`,
    third,
    `${later}manifest-sha1.txt`,
  ]);
  assert.equal(new TextDecoder().decode(files[0]?.bytes), '{\n  "id": "c"\n}\n');
});

Deno.test("what a bag cannot have is named, and all else is in it", async () => {
  const { store, keys: [first = "", second = ""] } = await twoHarvests();
  await store.delete(second);
  await store.put(
    `${ROOT}collection.json~`,
    new TextEncoder().encode('{"keys": {"consumer_key": "sec'),
  );
  await store.put(`${ROOT}a:b.txt`, text("x"));
  const { files, lacks } = await read(store);
  assert.deepEqual([...lacks.damaged.keys()], [second]);
  assert.deepEqual([...lacks.withheld.keys()], [`${ROOT}collection.json~`]);
  assert.deepEqual([...lacks.strays.keys()], [`${ROOT}a:b.txt`]);
  assert.ok(files.some(({ key }) => key === first));
  assert.ok(!files.some(({ key }) => [second, `${ROOT}collection.json~`].includes(key)));
});

Deno.test("a harvest that is not over is in no bag, and is named", async () => {
  const { store, keys: [first = "", , third = ""] } = await twoHarvests();
  const place = { collectionId: "c", type: "search", holder: "me", clock: systemClock };
  const checkpoint = await Checkpoint.open(store, place);
  await checkpoint.begin(LATER, { walks: 1, type: "search" });
  const { store: seen, goingOn } = await settledOnly(store, ["c"]);
  assert.deepEqual(goingOn, [collectionKeys("c").harvest(LATER)]);
  const files = await Array.fromAsync(payload(seen, "c", new LeftOut("c")));
  const keys = files.map(({ key }) => key);
  assert.ok(keys.includes(first));
  assert.ok(!keys.includes(third), third);
});
