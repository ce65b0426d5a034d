import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import type { MemoryStore } from "../fakes/memory_store.ts";
import { UserError } from "../../lib/base/errors.ts";
import {
  bytesOf,
  checkSums,
  copyIn,
  fetching,
  HARVEST,
  harvesting,
  ROOT,
  sha1Of,
  withFolder,
} from "./downloading.ts";

const KEYS = { consumer_key: "ck-1", consumer_secret: "cs-1", access_token: "at-1" };
const SECRET = /c[ks]-1|at-1/;
const CONFIG = `${ROOT}collection.json`;
const CHANGE = `${ROOT}changesets/change-20190309153304.json`;

/** A collection as the Python original wrote it: keys in its configuration, in changesets, in each harvest's own. */
async function original(): Promise<MemoryStore> {
  const { store } = await harvesting();
  const config = JSON.stringify({ id: "c", credentials: KEYS, type: "search" });
  await store.put(CONFIG, bytesOf(config));
  await store.put(`${HARVEST}collection.json`, bytesOf(config));
  const change = { update: { credentials: KEYS, type: "search" }, delete: [] };
  await store.put(CHANGE, bytesOf(JSON.stringify({ ...change, change_timestamp: "2019" })));
  return store;
}

/** The store, with versions as S3 has them. */
function asS3(store: MemoryStore): MemoryStore {
  const list = store.list.bind(store);
  store.list = async function* (...asked) {
    for await (const one of list(...asked)) {
      const found = await store.get(one.key);
      const md5 = createHash("md5").update(found?.bytes ?? new Uint8Array()).digest("hex");
      yield one.key.endsWith("/") ? one : { ...one, version: `"${md5}"` };
    }
  };
  return store;
}

Deno.test("a copy has no keys: not in the configuration, not in a harvest's, not in a changeset", () =>
  withFolder(async (to) => {
    await fetching(await original(), to);
    const files = await copyIn(to);
    for (const [name, text] of files) assert.doesNotMatch(text, SECRET, name);
    const config = { id: "c", type: "search" };
    assert.deepEqual(JSON.parse(files.get(CONFIG) ?? ""), config);
    assert.deepEqual(JSON.parse(files.get(`${HARVEST}collection.json`) ?? ""), config);
    const { update } = JSON.parse(files.get(CHANGE) ?? "");
    assert.match(update.credentials.consumer_secret, /^sha256:[0-9a-f]{8}$/);
  }));

Deno.test("--with-keys copies the configuration's keys, no record's, and without it they go from an older copy", () =>
  withFolder(async (to) => {
    const store = asS3(await original());
    await fetching(store, to, { withKeys: true });
    const { bytes } = await store.get(CONFIG) ?? assert.fail();
    assert.deepEqual(await Deno.readFile(`${to}/${CONFIG}`), new Uint8Array(bytes));
    for (const [name, text] of await copyIn(to)) {
      if (name !== CONFIG) assert.doesNotMatch(text, SECRET, name);
    }
    assert.equal((await fetching(store, to, { withKeys: true })).files, 0);
    assert.equal((await fetching(store, to)).files, 1);
    const again = await fetching(store, to);
    assert.deepEqual(
      [again.files, again.skipped],
      [0, again.allFiles],
      "They are as they are to be",
    );
    for (const [name, text] of await copyIn(to)) assert.doesNotMatch(text, SECRET, name);
    await fetching(store, to, { withKeys: true });
    assert.match((await copyIn(to)).get(CONFIG) ?? "", SECRET);
  }));

Deno.test("what has no keys is skipped when S3 says that it is the same, and so is what only names them", () =>
  withFolder(async (to) => {
    const { store } = await harvesting();
    asS3(store);
    const named = '{"id":"c","keys":{"profile":"main"}}';
    await store.put(CONFIG, bytesOf(named));
    await fetching(store, to);
    assert.equal((await copyIn(to)).get(CONFIG), named);
    const read: string[] = [];
    store.before = ({ method, key }) => {
      if (method === "read") read.push(key);
    };
    assert.deepEqual((await fetching(store, to)).files, 0);
    assert.deepEqual(read, []);
  }));

Deno.test("a manifest that lists a configuration has the checksum of the copy's own, without keys", () =>
  withFolder(async (to) => {
    const store = await original();
    const key = `${HARVEST}collection.json`;
    const { bytes } = await store.get(key) ?? assert.fail();
    const manifest = await store.get(`${HARVEST}manifest-sha1.txt`) ?? assert.fail();
    const rows = `${new TextDecoder().decode(manifest.bytes)}${sha1Of(bytes)}  collection.json\n`;
    await store.put(`${HARVEST}manifest-sha1.txt`, bytesOf(rows));
    for (let i = 0; i < 2; i++) {
      await fetching(store, to);
      assert.equal(checkSums(await copyIn(to)), 3);
      assert.doesNotMatch(await Deno.readTextFile(`${to}/${key}`), SECRET);
    }
    await fetching(store, to, { withKeys: true });
    assert.equal(checkSums(await copyIn(to)), 3);
    assert.doesNotMatch(await Deno.readTextFile(`${to}/${key}`), SECRET, "also with --with-keys");
    await store.put(key, bytesOf('{"id":"other"}'));
    await assert.rejects(fetching(store, to), /collection\.json \(damaged\)/);
  }));

Deno.test("a configuration that is damaged, so that keys cannot be left out, is not copied, and all others are", () =>
  withFolder(async (to) => {
    const store = await original();
    await store.put(CONFIG, bytesOf('{"credentials":{"consumer_secret":"cs-1"'));
    await assert.rejects(fetching(store, to), (error) => {
      assert.ok(error instanceof UserError);
      assert.match(
        error.message,
        /^One file is damaged, and may have Twitter keys in it: collection\.json \(it is not JSON\); all others are downloaded$/,
      );
      assert.match(error.hint ?? "", /--with-keys/);
      return true;
    });
    const files = await copyIn(to);
    assert.ok(!files.has(CONFIG));
    assert.equal(checkSums(files), 3);
    await fetching(store, to, { withKeys: true });
    assert.match((await copyIn(to)).get(CONFIG) ?? "", SECRET);
  }));

Deno.test("copies of a configuration under other names carry no keys: they lose them, or are withheld and named", () =>
  withFolder(async (folder) => {
    const store = await original();
    const config = (await store.get(CONFIG))?.bytes ?? new Uint8Array();
    const copies = ["collection copy.json", "collection.json.bak"];
    for (const name of copies) await store.put(`${ROOT}${name}`, config);
    const withheld = ["c.json.gz", "broken.json"];
    await store.put(`${ROOT}c.json.gz`, new Uint8Array(gzipSync(config)));
    await store.put(`${ROOT}broken.json`, config.subarray(0, config.length - 1));
    await store.put(`${ROOT}notes.txt`, bytesOf("seen on Monday"));
    const to = `${folder}/copy`;
    await assert.rejects(fetching(store, to), (error: Error) => {
      for (const name of withheld) assert.ok(error.message.includes(name), error.message);
      return true;
    });
    const copied = await copyIn(to);
    for (const name of withheld) assert.equal(copied.get(`${ROOT}${name}`), undefined);
    for (const [key, text] of copied) {
      assert.doesNotMatch(text, SECRET, key);
    }
    assert.ok(copied.has(`${ROOT}${copies[0]}`) && copied.has(`${ROOT}notes.txt`));
  }));
