import assert from "node:assert/strict";
import { systemClock } from "../../lib/base/clock.ts";
import { OutsideError } from "../../lib/base/errors.ts";
import { transfer, type Transferred } from "../../lib/archive/transfer.ts";
import {
  mark,
  readMoved,
  removeMoved,
  removeSource,
  unmark,
} from "../../lib/archive/transfer_marks.ts";
import { verify } from "../../lib/archive/verify.ts";
import { World } from "../../lib/sandbox/world.ts";
import { dieAt } from "../fakes/dying_store.ts";
import { MemoryStore } from "../fakes/memory_store.ts";
import { added, KEYS, run } from "../fakes/whole_harvest.ts";
import { WorldApi } from "../fakes/world_api.ts";

const SEARCH = { id: "c", type: "search", keys: KEYS, search: { query: "sandbox" } };
const world = World.create({ clock: systemClock, users: 2, tweetsPerUser: 10 });
const lease = { check: () => {} };
const marker = { from: { bucket: "here", id: "c" }, began: "2026-01-02T03:04:05.000Z" };

async function harvested(): Promise<MemoryStore> {
  const store = await added(SEARCH, { ...systemClock, now: () => Date.now() - 60_000 });
  await run(store, new WorldApi(world));
  return store;
}

/** Transfers collection `c`, as the commands do. */
async function moved(
  from: MemoryStore,
  to: MemoryStore,
  { id = "c", keys = true } = {},
): Promise<Transferred> {
  await mark({ store: to, collectionId: id }, marker);
  const done = await transfer({
    from: { store: from, collectionId: "c", lease },
    to: { store: to, collectionId: id, lease },
    marker,
    clock: systemClock,
    keys,
    what: "moved",
    onFile: () => {},
    signal: new AbortController().signal,
  });
  await unmark({ store: to, collectionId: id });
  return done;
}

async function contentOf(store: MemoryStore, id: string): Promise<Map<string, string>> {
  const content = new Map<string, string>();
  for await (const { key } of store.list(`collections/${id}/`)) {
    const text = new TextDecoder("latin1").decode((await store.get(key))?.bytes);
    content.set(key.slice(`collections/${id}/`.length), text);
  }
  return content;
}

/** What verifying a collection finds. */
async function faultsIn(store: MemoryStore, collectionId: string): Promise<string[]> {
  const options = { store, clock: systemClock, collectionId, isGone: () => true };
  const signal = new AbortController().signal;
  const { faults, read } = await verify({ ...options, onFile: () => {}, signal });
  assert.equal(read.harvests, 1);
  return faults.map(({ key, says }) => `${key}: ${says}`);
}

Deno.test("a collection in another bucket is the same to the byte, and its inventory says from where", async () => {
  const [from, to] = [await harvested(), new MemoryStore()];
  const { files, skipped } = await moved(from, to);
  const [before, after] = [await contentOf(from, "c"), await contentOf(to, "c")];
  assert.deepEqual([files, skipped], [before.size, 0]);
  const own = after.get("inventory.jsonl")?.slice(before.get("inventory.jsonl")?.length) ?? "";
  assert.deepEqual(
    [JSON.parse(own).what, JSON.parse(own).note],
    ["moved", "from c of bucket here"],
  );
  before.delete("inventory.jsonl");
  after.delete("inventory.jsonl");
  assert.deepEqual(after, before);
  assert.deepEqual(await faultsIn(to, "c"), []);
});

Deno.test("a copy under another id is that collection, with the change in its history, and without keys where these are not wanted", async () => {
  const store = await harvested();
  await moved(store, store, { id: "d", keys: false });
  const { id, keys } = JSON.parse((await contentOf(store, "d")).get("collection.json") ?? "");
  assert.deepEqual([id, keys], ["d", undefined]);
  const [fault = "", ...more] = await faultsIn(store, "d");
  assert.match(fault, /^collections\/d\/collection\.json: .*Missing keys/);
  assert.deepEqual([more, await faultsIn(store, "c")], [[], []]);
});

Deno.test("a transfer that dies at any write is completed by another one, and nothing of it is lost or twice", async () => {
  const from = await harvested();
  const whole = new MemoryStore();
  await moved(from, whole, { id: "d" });
  const names = [...(await contentOf(whole, "d")).keys()].filter((key) => !/^changesets/.test(key));
  let writes = 0;
  for (let nth = 1;; nth++) {
    const to = new MemoryStore();
    const state = dieAt(to, nth);
    const failure = await moved(from, to, { id: "d" }).then(() => null, (error) => error);
    to.before = () => {};
    if (!state.died) break;
    writes++;
    assert.ok(failure instanceof OutsideError, `${failure}`);
    await moved(from, to, { id: "d" });
    const content = await contentOf(to, "d");
    const found = [...content.keys()].filter((key) => !/^changesets/.test(key));
    assert.deepEqual(found, names, `write ${nth}`);
    assert.deepEqual(await faultsIn(to, "d"), [], `write ${nth}`);
    const { id } = JSON.parse(content.get("collection.json") ?? "");
    assert.equal(id, "d");
  }
  assert.ok(writes > names.length);
});

Deno.test("what is not in the target as it was put there is no copy", async () => {
  const [from, to] = [await harvested(), new MemoryStore()];
  const upload = to.upload.bind(to);
  to.upload = async (key, path, options) => {
    const version = await upload(key, path, options);
    if (key.includes("tweets-")) await to.put(key, new Uint8Array(3));
    return version;
  };
  await assert.rejects(moved(from, to), /tweets-\S+ is not in bucket .* as it was put there/);
  assert.equal(await to.get("collections/c/collection.json"), null);
});

Deno.test("a collection that is there is not copied over", async () => {
  const store = await harvested();
  await assert.rejects(mark({ store, collectionId: "c" }, marker), {
    name: "UserError",
    message: /Collection c already exists in bucket/,
  });
  const to = new MemoryStore();
  await mark({ store: to, collectionId: "d" }, marker);
  const other = { ...marker, from: { bucket: "there", id: "c" } };
  await assert.rejects(mark({ store: to, collectionId: "d" }, other), { name: "UserError" });
});

Deno.test("a removal that dies at any write is ended by another one, and never leaves what could be harvested", async () => {
  const to = { bucket: "there", id: "d" };
  const options = { to, clock: systemClock, onFile: () => {} };
  for (let nth = 1;; nth++) {
    const store = await harvested();
    const state = dieAt(store, nth);
    const remove = () => removeSource({ store, collectionId: "c", lease }, options);
    await remove().catch(() => {});
    store.before = () => {};
    if (!state.died) break;
    if (nth > 1) {
      assert.equal((await readMoved(store, "c"))?.id, "d");
      const isWhole = nth === 2;
      assert.equal(await store.get("collections/c/collection.json") !== null, isWhole);
    }
    await remove();
    await removeMoved(store, "c");
    assert.equal((await contentOf(store, "c")).size, 0, `write ${nth}`);
  }
});
