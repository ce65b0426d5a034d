import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { gunzipSync, gzipSync } from "node:zlib";
import { Collections } from "../../lib/bucket/collections.ts";
import { finalManifest } from "../../lib/bucket/final_manifest.ts";
import { Checkpoint } from "../../lib/bucket/checkpoint.ts";
import { acquireLease } from "../../lib/bucket/lease.ts";
import { occurrences, type Removed, removeTweets } from "../../lib/archive/removal.ts";
import { repair } from "../../lib/archive/repair.ts";
import { verify } from "../../lib/archive/verify.ts";
import type { Store } from "../../lib/store/store.ts";
import { ManualClock } from "../fakes/manual_clock.ts";
import { MemoryStore } from "../fakes/memory_store.ts";

const encoder = new TextEncoder();
const FOLDER = "collections/c/harvests/2026/01/02/03/04/05/";
const AT = Date.UTC(2026, 0, 3);
const gone = new Map([["2", "deleted"], ["3", "protected"], ["4", "deleted"]]);
/** Longer than what is freed while the rest of a file is read. */
const LONG = "x".repeat(2 ** 16);
/** The first file has answers of version 2, the others statuses. */
const lineOf = (id: string) => {
  const text = `t \\/ ${id}${LONG}`;
  return Number(id) < 3
    ? `{"data":{"id":"${id}","text":"${text}"}}`
    : `{"id_str":"${id}","text":"${text}"}`;
};

/** A bucket with a harvest of three files: one loses a tweet, one loses all, one stays as it is. */
async function bucket(clock: ManualClock): Promise<MemoryStore> {
  const store = new MemoryStore();
  const keys = { bearer_token: "b" };
  const search = { query: "q" };
  await new Collections(store, clock).add({ id: "c", type: "search", api: "2", keys, search });
  const files = [];
  for (const [i, ids] of [["1", "2"], ["3", "4"], ["5"]].entries()) {
    const name = `tweets-2026010203040${5 + i}.jsonl.gz`;
    const bytes = gzipSync(encoder.encode(ids.map((id) => `${lineOf(id)}\n`).join("")));
    await store.put(`${FOLDER}${name}`, bytes);
    const sha1 = createHash("sha1").update(bytes).digest("hex");
    files.push({ name, sha1, bytes: bytes.length, tweets: ids.length });
  }
  const info = {
    collection_id: "c",
    harvest_timestamp: "2026-01-02T03:04:05Z",
    tweets: 5,
    files: 3,
    file_bytes: 1,
  };
  await store.put(`${FOLDER}harvest.json`, encoder.encode(JSON.stringify(info)));
  await store.put(`${FOLDER}collection.json`, encoder.encode("{}"));
  await store.put(`${FOLDER}manifest-sha1.txt`, await finalManifest(store, FOLDER, files));
  const holder = "before";
  const opened = { collectionId: "c", type: "search", holder, clock };
  const checkpoint = await Checkpoint.open(store, opened);
  await checkpoint.begin(Date.UTC(2026, 0, 2, 3, 4, 5), { walks: 1, type: "search" });
  await checkpoint.commit({ files, state: "settled" });
  return store;
}

async function remove(store: Store, clock: ManualClock): Promise<Removed> {
  const holder = { id: crypto.randomUUID(), host: "h", pid: 1 };
  const lease = await acquireLease({ store, collectionId: "c", holder, clock, isGone: () => true });
  try {
    const collectionId = "c";
    return await removeTweets({
      store,
      clock,
      collectionId,
      lease,
      holder: holder.id,
      gone,
      at: AT,
    });
  } finally {
    await lease.release();
  }
}

/** Checks that what the manifest lists is there and whole; the ids in it. */
async function listed(store: Store): Promise<string[]> {
  const manifest = await store.get(`${FOLDER}manifest-sha1.txt`);
  const rows = new TextDecoder().decode(manifest?.bytes).split("\n").filter(Boolean);
  const ids: string[] = [];
  for (const row of rows) {
    const [sha1, name = ""] = row.split("  ");
    const found = await store.get(`${FOLDER}${name}`) ?? assert.fail(`${name} is not there`);
    assert.equal(createHash("sha1").update(found.bytes).digest("hex"), sha1);
    if (!name.startsWith("tweets-")) continue;
    const lines = gunzipSync(found.bytes).toString().split("\n").filter(Boolean);
    for (const line of lines) {
      const json = JSON.parse(line);
      const id = `${json.id_str ?? json.data.id}`;
      assert.ok(line === lineOf(id), `the line of ${id}`);
      ids.push(id);
    }
  }
  return ids;
}

async function checkDone(store: Store): Promise<void> {
  const manifest = await store.get(`${FOLDER}manifest-sha1.txt`);
  assert.match(
    new TextDecoder().decode(manifest?.bytes),
    / {2}tweets-.*\n.* {2}collection\.json\n.* {2}harvest\.json\n$/s,
  );
  assert.deepEqual(await listed(store), ["1", "5"]);
  const names: string[] = [];
  for await (const { key } of store.list(`${FOLDER}tweets-`)) names.push(key.slice(FOLDER.length));
  assert.deepEqual(names, ["tweets-20260102030405-2.jsonl.gz", "tweets-20260102030407.jsonl.gz"]);
  const info = await store.get(`${FOLDER}harvest.json`);
  const { tweets, files, removed } = JSON.parse(new TextDecoder().decode(info?.bytes));
  assert.deepEqual([tweets, files, removed], [2, 2, 3]);
  const opened = { collectionId: "c", type: "search", holder: "x", clock: new ManualClock() };
  const { state } = await Checkpoint.open(store, opened);
  assert.deepEqual(state.files.map(({ name, tweets }) => [name, tweets]), [[names[0], 1], [
    names[1],
    1,
  ]]);
  const changes = await new Collections(store, new ManualClock()).changesets("c");
  assert.deepEqual(changes.flatMap((change) => change.removed ?? []), [
    {
      file: "harvests/2026/01/02/03/04/05/tweets-20260102030405.jsonl.gz",
      replaced_by: "harvests/2026/01/02/03/04/05/tweets-20260102030405-2.jsonl.gz",
      tweets: [{ id: "2", reason: "deleted" }],
    },
    {
      file: "harvests/2026/01/02/03/04/05/tweets-20260102030406.jsonl.gz",
      replaced_by: null,
      tweets: [{ id: "3", reason: "protected" }, { id: "4", reason: "deleted" }],
    },
  ]);
}

Deno.test("tweets are removed from their files, and all that tells of the files tells it", async () => {
  const clock = new ManualClock();
  const store = await bucket(clock);
  await remove(store, clock);
  await checkDone(store);
});

Deno.test("what lies beside the files and was not made by a harvester stays there", async () => {
  const clock = new ManualClock();
  const store = await bucket(clock);
  const mine = `${FOLDER}tweets-cleaned.jsonl.gz`;
  await store.put(mine, encoder.encode("mine"));
  await store.put(`${FOLDER}tweets-20260102030409.jsonl.gz`, encoder.encode("never finished"));
  await remove(store, clock);
  assert.ok(await store.get(mine));
  await store.delete(mine);
  await checkDone(store);
});

Deno.test("what a repair has set aside is named, as nothing is taken out of it", async () => {
  const clock = new ManualClock();
  const store = await bucket(clock);
  assert.deepEqual((await remove(store, clock)).aside, []);
  const key = "collections/c/set-aside/20260102030405-01234567-tweets-20260102030405.jsonl.gz";
  await store.put(key, encoder.encode("aside"));
  await store.put("collections/c/set-aside/reasons.jsonl", encoder.encode("{}"));
  assert.deepEqual((await remove(store, clock)).aside, [key]);
  assert.ok(await store.get(key));
});

Deno.test("killed before any of its writes, the bucket is correct, and once more ends it the same", async () => {
  for (let writes = 0;; writes++) {
    const clock = new ManualClock();
    const store = await bucket(clock);
    const dying = new DyingStore(store, writes);
    const isDone = await remove(dying, clock).then(() => true, (error) => {
      assert.ok(error instanceof Killed, String(error));
      return false;
    });
    if (isDone) {
      assert.ok(writes >= 8, `Only ${writes} writes were seen`);
      return;
    }
    const ids = await listed(store);
    assert.ok(ids.includes("1") && ids.includes("5"), `${ids} after ${writes} writes`);
    await remove(store, clock);
    await checkDone(store);
  }
});

class Killed extends Error {}

Deno.test("a file that is damaged is named, and nothing in its folder is touched", async () => {
  const clock = new ManualClock();
  const store = await bucket(clock);
  const key = `${FOLDER}tweets-20260102030407.jsonl.gz`;
  await store.put(key, gzipSync('{"no":"id"}\n'));
  const wanted = {
    name: "DamagedFileError",
    message: `${key} cannot be read beyond line 1`,
    hint: "Check it with `twarc-cloud collection verify c`.",
  };
  await assert.rejects(remove(store, clock), wanted);
  await assert.rejects(Array.fromAsync(occurrences(store, "c", gone)), wanted);
  assert.ok(await store.get(`${FOLDER}tweets-20260102030405.jsonl.gz`));
});

/** A store that takes a number of writes and then no more, as for a process that is killed. */
class DyingStore implements Store {
  readonly name = "dying";
  readonly isBilled = true;
  readonly #store: Store;
  #left: number;

  constructor(store: Store, writes: number) {
    this.#store = store;
    this.#left = writes;
  }

  get: Store["get"] = (key) => this.#store.get(key);
  read: Store["read"] = (key) => this.#store.read(key);
  list: Store["list"] = (prefix, options) => this.#store.list(prefix, options);
  put: Store["put"] = async (key, bytes, when) => {
    this.#spend();
    return await this.#store.put(key, bytes, when);
  };
  upload: Store["upload"] = async (key, path, options) => {
    this.#spend();
    return await this.#store.upload(key, path, options);
  };
  delete: Store["delete"] = async (key, when) => {
    this.#spend();
    await this.#store.delete(key, when);
  };

  #spend(): void {
    if (this.#left-- <= 0) throw new Killed();
  }
}

Deno.test("paused after any of its writes for longer than the lease lasts, it makes none but conditional ones", async () => {
  for (let writes = 1;; writes++) {
    const clock = new ManualClock();
    const store = await bucket(clock);
    await store.put(`${FOLDER}tweets-20260102030409.jsonl.gz`, new Uint8Array(1));
    let [made, late] = [0, ""];
    store.before = ({ method, key }) => {
      const isWrite = ["put", "upload", "delete"].includes(method) &&
        !/\/(lock|checkpoint|change-\d+)\.json$/.test(key);
      if (isWrite && made++ === writes) late = `${method} ${key}`;
      if (isWrite && made === writes) clock.pause(120_000);
    };
    const isDone = await remove(store, clock).then(() => true, () => false);
    assert.equal(late, "", `after ${writes} writes`);
    if (isDone) {
      assert.ok(writes >= 6, `Only ${writes} writes were seen`);
      return;
    }
  }
});

/** What a store that keeps versions is asked to delete for good. */
function purged(store: Store): (key: string) => boolean {
  const asked: { prefix: string; isGarbage: (key: string) => boolean }[] = [];
  store.purge = (prefix, isGarbage) => {
    asked.push({ prefix, isGarbage });
    return Promise.resolve({ deleted: 0, left: null });
  };
  return (key) => asked.some((one) => key.startsWith(one.prefix) && one.isGarbage(key));
}

Deno.test("what a store keeps of files that had removed tweets is deleted, and of pieces that were merged long ago", async () => {
  const clock = new ManualClock();
  const store = await bucket(clock);
  const isPurged = purged(store);
  await remove(store, clock);
  const garbage = ["tweets-20260102030405", "tweets-20260102030406", "tweets-19990101000000"];
  for (const name of garbage) assert.ok(isPurged(`${FOLDER}${name}.jsonl.gz`), name);
  for (
    const key of [
      `${FOLDER}tweets-20260102030405-2.jsonl.gz`,
      `${FOLDER}tweets-20260102030407.jsonl.gz`,
      `${FOLDER}manifest-sha1.txt`,
      `${FOLDER}harvest.json`,
      "collections/c/collection.json",
      "collections/c/harvests/2027/01/02/03/04/05/tweets-20270102030405.jsonl.gz",
    ]
  ) assert.ok(!isPurged(key), key);
});

Deno.test("killed before it was purged, a folder of which nothing stayed is purged the next time", async () => {
  const clock = new ManualClock();
  const store = await bucket(clock);
  gone.set("1", "deleted").set("5", "deleted");
  try {
    const purge = () => Promise.reject(new Killed());
    Object.assign(store, { purge });
    await assert.rejects(remove(store, clock), Killed);
    assert.deepEqual(await listed(store), []);
    const isPurged = purged(store);
    await remove(store, clock);
    assert.ok(isPurged(`${FOLDER}tweets-20260102030407.jsonl.gz`));
  } finally {
    gone.delete("1");
    gone.delete("5");
  }
});

Deno.test("where a manifest lists less than the harvest tells of, what it does not list is left, but for what was replaced", async () => {
  const clock = new ManualClock();
  const store = await bucket(clock);
  const key = `${FOLDER}manifest-sha1.txt`;
  const manifest = new TextDecoder().decode((await store.get(key))?.bytes);
  await store.put(key, encoder.encode(manifest.split("\n").slice(0, 2).join("\n") + "\n"));
  const info = await store.get(`${FOLDER}harvest.json`);
  const isPurged = purged(store);
  await remove(store, clock);
  const unlisted = `${FOLDER}tweets-20260102030407.jsonl.gz`;
  assert.ok(await store.get(unlisted), "It may be all that is left of tweets");
  assert.ok(!isPurged(unlisted));
  assert.ok(!isPurged(`${FOLDER}tweets-19990101000000.jsonl.gz`));
  const replaced = `${FOLDER}tweets-20260102030406.jsonl.gz`;
  assert.equal(await store.get(replaced), null);
  assert.ok(isPurged(replaced));
  assert.deepEqual((await store.get(`${FOLDER}harvest.json`))?.bytes, info?.bytes);
});

Deno.test("tweets that were taken out leave a collection as its inventory has it, cut at whatever write", async () => {
  for (let at = 0;; at++) {
    const clock = new ManualClock();
    const store = await bucket(clock);
    await clock.advance(60_000);
    await inventoryOf(store, clock);
    let writes = 0;
    store.before = ({ method }) => {
      if (["put", "delete"].includes(method) && ++writes === at) throw new Error("It was killed");
    };
    const wasCut = await remove(store, clock).then(() => false, () => true);
    store.before = () => {};
    if (wasCut) {
      await store.delete("collections/c/lock.json");
      await remove(store, clock);
    }
    const { signal } = new AbortController();
    const [isGone, onFile] = [() => true, () => {}];
    const looking = { store, clock, collectionId: "c", isGone, onFile, signal };
    const { faults } = await verify(looking);
    const about = faults.filter(({ says }) => says.includes("inventory"));
    assert.deepEqual(about, [], `write ${at}`);
    if (at > writes) return assert.ok(writes > 5);
  }
});

/** Has what is there in the inventory, as a repair does. */
async function inventoryOf(store: MemoryStore, clock: ManualClock): Promise<void> {
  const { signal } = new AbortController();
  const [isGone, onFile] = [() => true, () => {}];
  const options = { store, clock, collectionId: "c", isGone, onFile, signal };
  const lease = await acquireLease({ ...options, holder: { id: "r", host: "h", pid: 1 } });
  await repair({ ...options, lease, holder: "r", onMended: () => {} });
  await lease.release();
  const { inventory } = await verify(options);
  assert.deepEqual(inventory?.absent, { harvests: [], changesets: [] });
}
