import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { keyFiles, redactKeys } from "../../lib/bucket/key_files.ts";
import { Collections } from "../../lib/bucket/collections.ts";
import { History } from "../../lib/bucket/history.ts";
import { verify } from "../../lib/archive/verify.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { describe } from "../../lib/collection/describe.ts";
import { isChangeset, isHarvestConfig } from "../../lib/collection/layout.ts";
import { looking } from "../fakes/looking.ts";
import { MemoryStore } from "../fakes/memory_store.ts";
import { ORIGINAL_SECRET, originalBuckets, storeOf } from "../fakes/original_bucket.ts";

const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);
const encoder = new TextEncoder();

async function verified(store: MemoryStore, collectionId: string) {
  return await verify(looking(store, { collectionId }));
}

function redacting(store: MemoryStore, collectionId: string, check = () => {}) {
  return redactKeys({ store, clock: systemClock, collectionId, lease: { check } });
}

async function keysOf(store: MemoryStore, id: string): Promise<string[]> {
  return (await Array.fromAsync(keyFiles(store, id))).map(({ key }) => key);
}

for (const [name, objects] of await originalBuckets()) {
  for (const id of ["people", "words", "live"]) {
    Deno.test(`${name}, ${id}: what the original wrote is whole, and its keys are found and taken out of records`, async () => {
      const store = await storeOf(objects);
      const before = await verified(store, id);
      assert.deepEqual(before.faults, []);
      const wanted = store.keys().filter((key) =>
        key.startsWith(`collections/${id}/`) && (isHarvestConfig(key) ||
          isChangeset(key) && ORIGINAL_SECRET.test(text(objects.get(key))))
      );
      assert.deepEqual(before.withKeys.toSorted(), wanted);
      const { files, others } = await redacting(store, id);
      assert.deepEqual(files.map((file) => `collections/${id}/${file}`), wanted);
      assert.deepEqual(others, []);
      for (const key of store.keys().filter((key) => key.startsWith(`collections/${id}/`))) {
        const now = text((await store.get(key))?.bytes);
        const isConfig = key === `collections/${id}/collection.json`;
        assert.equal(ORIGINAL_SECRET.test(now), isConfig, key);
        if (!wanted.includes(key) && objects.has(key)) assert.equal(now, text(objects.get(key)));
      }
      const after = await verified(store, id);
      assert.deepEqual([after.faults, after.withKeys], [[], []]);
      const changes = await Array.fromAsync(new History(store, id).all());
      assert.deepEqual(changes.at(-1)?.redacted, files);
      const lines = await Array.fromAsync(describe(changes, { deletesOnly: false }));
      assert.match(lines.join("\n"), /Keys replaced by finger/);
      assert.deepEqual((await redacting(store, id)).files, [], "once more there is nothing to do");
    });
  }
}

Deno.test("a manifest that lists a harvest's configuration is true before, after, and once it was cut in between", async () => {
  const [[, objects] = assert.fail()] = await originalBuckets();
  const store = await storeOf(objects);
  const config = store.keys().find((key) => key.includes("/people/") && isHarvestConfig(key)) ?? "";
  const manifest = config.replace("collection.json", "manifest-sha1.txt");
  const sum = async () =>
    createHash("sha1").update((await store.get(config))?.bytes ?? "").digest("hex");
  const row = async () => `${await sum()}  collection.json\n`;
  const listed = text((await store.get(manifest))?.bytes) + await row();
  await store.put(manifest, encoder.encode(listed));
  let puts = 0;
  store.before = ({ method, key }) => {
    if (method === "put" && key === config && puts++ === 0) throw new Error("cut");
  };
  await assert.rejects(redacting(store, "people"), /cut/);
  assert.deepEqual(await keysOf(store, "people"), [config]);
  await redacting(store, "people");
  assert.deepEqual(await keysOf(store, "people"), []);
  assert.ok(text((await store.get(manifest))?.bytes).endsWith(await row()));
  assert.deepEqual((await verified(store, "people")).faults, []);
});

Deno.test("keys in a file that is somebody's own are named, and left; a profile's name is no key", async () => {
  const [[, objects] = assert.fail()] = await originalBuckets();
  const store = await storeOf(objects);
  const own = "collections/words/collection.json.bak";
  const bytes = objects.get("collections/words/collection.json") ?? assert.fail();
  await store.put(own, bytes);
  const named = encoder.encode('{"id":"words","keys":{"profile":"main"}}');
  await store.put("collections/words/other.json", named);
  await store.put("collections/words/notes.txt", encoder.encode("secret"));
  assert.ok((await verified(store, "words")).withKeys.includes(own));
  const { others } = await redacting(store, "words");
  assert.deepEqual(others, ["collection.json.bak"]);
  assert.equal(text((await store.get(own))?.bytes), text(bytes));
  assert.deepEqual((await verified(store, "words")).withKeys, [own]);
});

Deno.test("the change from keys in the configuration to a profile has no keys in it, and stays as it was written", async () => {
  const store = new MemoryStore();
  const collections = new Collections(store, systemClock);
  const keys = { consumer_key: "ck", consumer_secret: "cs" };
  const mine = await collections.add({
    id: "c",
    type: "search",
    keys: { ...keys, access_token: "at", access_token_secret: "ats" },
    search: { query: "a" },
  });
  await (await collections.plan({ ...mine, keys: { profile: "main" } })).apply();
  const changes = store.keys().filter(isChangeset);
  const contents = async () =>
    await Promise.all(changes.map(async (key) => text((await store.get(key))?.bytes)));
  const before = await contents();
  assert.match(before.at(-1) ?? "", /"consumer_secret"/, "it names what was deleted");
  assert.deepEqual((await verified(store, "c")).withKeys, []);
  assert.deepEqual((await redacting(store, "c")).files, []);
  assert.deepEqual(await contents(), before);
});

Deno.test("nothing is written once the lease is lost", async () => {
  const [[, objects] = assert.fail()] = await originalBuckets();
  const store = await storeOf(objects);
  const lost = () => {
    throw new Error("lost");
  };
  await assert.rejects(redacting(store, "people", lost), /lost/);
  for (const [key, bytes] of objects) {
    assert.equal(text((await store.get(key))?.bytes), text(bytes));
  }
  assert.equal(store.keys().length, objects.size);
});
