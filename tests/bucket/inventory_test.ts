import assert from "node:assert/strict";
import { append } from "../../lib/bucket/inventory.ts";
import { readInventory } from "../../lib/bucket/inventory_index.ts";
import { OutsideError } from "../../lib/base/errors.ts";
import { FaultyStore, STORE_FAULTS } from "../faults/faulty_store.ts";
import { ManualClock } from "../fakes/manual_clock.ts";
import { counted } from "../fakes/counting_store.ts";
import { MemoryStore } from "../fakes/memory_store.ts";
import { turnsDuring } from "../fakes/event_turns.ts";

const INVENTORY = "collections/c/inventory.jsonl";
const clock = new ManualClock();
const placeIn = (store: MemoryStore | FaultyStore) => ({ store, clock, collectionId: "c" });
const harvest = (n: number) => ({
  what: "harvest",
  folder: `harvests/${n}`,
  tweets: n,
  files: { "tweets-1.jsonl.gz": { sha1: "a".repeat(40), bytes: n, tweets: n } },
});

Deno.test("each entry has the hash of the line before, and what is said already is not said again", async () => {
  const store = new MemoryStore();
  await append(placeIn(store), [harvest(1)]);
  const head = await append(placeIn(store), [harvest(2)]);
  assert.deepEqual(await append(placeIn(store), [harvest(2)]), head);
  const { faults, harvests, head: last } = await readInventory(store, "c", {
    anchors: [{ ...head, by: "checkpoint.json" }],
  });
  assert.deepEqual([faults, [...harvests.names()], last], [[], ["harvests/1", "harvests/2"], head]);
  const [first = "", second = ""] = new TextDecoder()
    .decode((await store.get(INVENTORY))?.bytes).split("\n");
  assert.equal(JSON.parse(first).before, null);
  const hash = new Uint8Array(
    await crypto.subtle.digest("SHA-256", new TextEncoder().encode(first)),
  ).toHex();
  assert.equal(JSON.parse(second).before, hash, "anybody can compute it");
});

Deno.test("a harvest that is over once more has the files of its last entry, and others those that changed since", async () => {
  const store = new MemoryStore();
  const sum = { sha1: "b".repeat(40), bytes: 2 };
  await append(placeIn(store), [harvest(1)]);
  await append(placeIn(store), [{ ...harvest(1), what: "repair", files: { "gaps.jsonl": sum } }]);
  const files = async () => {
    const { harvests } = await readInventory(store, "c");
    return Object.keys(harvests.get("harvests/1")?.files ?? {});
  };
  assert.deepEqual(await files(), ["tweets-1.jsonl.gz", "gaps.jsonl"]);
  await append(placeIn(store), [{ ...harvest(1), files: { "tweets-2.jsonl.gz": sum } }]);
  assert.deepEqual(await files(), ["tweets-2.jsonl.gz"]);
});

Deno.test("an entry costs one read and one write of at most 66 KB, also after 20,000 harvests", async () => {
  const store = new MemoryStore();
  await append(placeIn(store), Array.from({ length: 20_000 }, (_, n) => harvest(n)));
  const requests = counted(store);
  let most = 0;
  store.after = async ({ key }) => {
    most = Math.max(most, (await store.get(key))?.bytes.length ?? 0);
  };
  for (let n = 0; n < 5; n++) await append(placeIn(store), [harvest(20_000 + n)]);
  assert.ok(requests.puts.length <= 6 && requests.lists === 0, JSON.stringify(requests));
  assert.ok(most < 66 * 1024, `${most}`);
  const { faults, harvests, head } = await readInventory(store, "c");
  assert.deepEqual([faults, harvests.size, head?.entries], [[], 20_005, 20_005]);
});

for (const kind of STORE_FAULTS.filter((kind) => kind !== "paused")) {
  Deno.test(`an entry is there once when it is appended again after a write was ${kind}, also where a file is full`, async () => {
    for (const before of [0, 1, 400]) {
      for (let at = 1;; at++) {
        const store = new MemoryStore();
        for (let n = 0; n < before; n += 400) {
          const some = Array.from({ length: before }, (_, n) => harvest(n));
          await append(placeIn(store), some);
        }
        const meanwhile = () => Promise.resolve();
        const faulty = new FaultyStore(store, { at, kind, meanwhile });
        await append(placeIn(faulty), [harvest(before)]).catch(() => {});
        await append(placeIn(store), [harvest(before)]);
        const { faults, harvests, head } = await readInventory(store, "c");
        assert.deepEqual([faults, harvests.size, head?.entries], [[], before + 1, before + 1]);
        if (faulty.writes < at) break;
      }
    }
  });
}

Deno.test("while an inventory is read something else runs after each full file, so that garbage is collected", async () => {
  const store = new MemoryStore();
  await append(placeIn(store), Array.from({ length: 2_000 }, (_, n) => harvest(n)));
  const parts = store.keys().filter((key) => key.includes("/inventory/")).length;
  assert.ok(parts >= 5, `${parts} full files`);
  assert.ok(await turnsDuring(() => readInventory(store, "c")) >= parts);
});

Deno.test("of many who append at the same time each is there once, and the chain holds", async () => {
  const store = new MemoryStore();
  await Promise.all(Array.from({ length: 8 }, (_, n) => append(placeIn(store), [harvest(n)])));
  const { faults, harvests } = await readInventory(store, "c");
  assert.deepEqual([faults, harvests.size], [[], 8]);
});

Deno.test("behind a line that is damaged, or a file that is gone, entries go on, and the damage is named", async () => {
  const store = new MemoryStore();
  await append(placeIn(store), Array.from({ length: 600 }, (_, n) => harvest(n)));
  const { bytes } = await store.get(INVENTORY) ?? assert.fail();
  for (const left of [bytes.slice(0, -20), new Uint8Array(50), null]) {
    const damaged = store.copy();
    if (left) await damaged.put(INVENTORY, left);
    else await damaged.delete(INVENTORY);
    const head = await append(placeIn(damaged), [harvest(600)]);
    const { faults, harvests } = await readInventory(damaged, "c", {
      anchors: [{ ...head, by: "checkpoint.json" }],
    });
    assert.ok(harvests.has("harvests/600"));
    const { head: known } = await readInventory(store, "c");
    const later = await readInventory(damaged, "c", {
      anchors: [{ ...(known ?? assert.fail()), by: "checkpoint.json" }],
    });
    assert.ok(later.faults.length > 0, JSON.stringify(faults));
  }
});

Deno.test("a full file that is gone is named", async () => {
  const store = new MemoryStore();
  await append(placeIn(store), Array.from({ length: 900 }, (_, n) => harvest(n)));
  const parts = store.keys().filter((key) => key.includes("/inventory/"));
  assert.ok(parts.length >= 2, `${parts}`);
  for (const part of parts) {
    const less = store.copy();
    await less.delete(part);
    assert.equal((await readInventory(less, "c")).faults.length, 1);
  }
});

Deno.test("whose lease is lost writes no entry", async () => {
  const store = new MemoryStore();
  const guard = () => Promise.reject(new OutsideError("It is lost"));
  await assert.rejects(append({ ...placeIn(store), guard }, [harvest(1)]), /It is lost/);
  assert.deepEqual(store.keys(), []);
});
