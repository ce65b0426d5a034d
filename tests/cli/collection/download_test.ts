import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { download } from "../../../lib/cli/collection/download.ts";
import { OutsideError } from "../../../lib/base/errors.ts";
import { MemoryStore } from "../../fakes/memory_store.ts";

const HARVEST = "collections/c/harvests/2026/01/02/03/04/05/";

async function withStore(use: (store: MemoryStore, to: string) => Promise<void>): Promise<void> {
  const store = new MemoryStore();
  const to = await Deno.makeTempDir();
  const put = (key: string, size: number) => store.put(key, new Uint8Array(size).fill(1));
  await put("collections/c/collection.json", 10);
  await put("collections/c/lock.json", 10);
  await put("collections/c/checkpoint.json", 10);
  await put("collections/other/collection.json", 10);
  await put(`${HARVEST}tweets-20260102030405.jsonl.gz`, 5_000);
  const sha1 = createHash("sha1").update(new Uint8Array(5_000).fill(1)).digest("hex");
  const row = `${sha1}  tweets-20260102030405.jsonl.gz\n`;
  await store.put(`${HARVEST}manifest-sha1.txt`, new TextEncoder().encode(row));
  try {
    await use(store, to);
  } finally {
    await Deno.remove(to, { recursive: true });
  }
}

/** A store whose streams break off after 100 bytes. */
class CutStore extends MemoryStore {
  override async read(key: string): Promise<ReadableStream<Uint8Array>> {
    const whole = await super.read(key);
    let left = 100;
    return whole.pipeThrough(
      new TransformStream({
        transform(chunk, controller) {
          controller.enqueue(chunk.subarray(0, left));
          left -= chunk.length;
          if (left < 0) controller.error(new OutsideError("The line is cut"));
        },
      }),
    );
  }
}

function fetching(store: MemoryStore, to: string, clean = false) {
  return download({ store, collectionId: "c", to, clean, onFile: () => {} });
}

async function files(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    found.push(
      ...isDirectory
        ? (await files(`${folder}/${name}`)).map((below) => `${name}/${below}`)
        : [name],
    );
  }
  return found.sort();
}

Deno.test("a collection is fetched without what only harvesters need, and what is there is skipped", () =>
  withStore(async (store, to) => {
    const all = { allFiles: 3, allBytes: 5_083 };
    const nothing = { skipped: 0, skippedBytes: 0, removed: 0 };
    assert.deepEqual(await fetching(store, to), { files: 3, bytes: 5_083, ...nothing, ...all });
    assert.deepEqual(await files(to), [
      "collections/c/collection.json",
      `${HARVEST}manifest-sha1.txt`,
      `${HARVEST}tweets-20260102030405.jsonl.gz`,
    ]);
    const again = { files: 0, bytes: 0, skipped: 3, skippedBytes: 5_083, removed: 0 };
    assert.deepEqual(await fetching(store, to), { ...again, ...all });
    const path = `${to}/collections/c/collection.json`;
    const bytes = await Deno.readFile(path);
    await Deno.writeFile(path, new Uint8Array(bytes.length));
    assert.equal((await fetching(store, to)).files, 1, "Its size is right, its content is not");
    assert.deepEqual(await Deno.readFile(path), bytes);
    const clean = { files: 3, bytes: 5_083, ...nothing, ...all };
    assert.deepEqual(await fetching(store, to, true), clean);
  }));

Deno.test("a file that was cut, or has grown, is fetched again", () =>
  withStore(async (store, to) => {
    await fetching(store, to);
    await Deno.truncate(`${to}/${HARVEST}tweets-20260102030405.jsonl.gz`, 100);
    assert.equal((await fetching(store, to)).files, 1);
    assert.equal((await Deno.stat(`${to}/${HARVEST}tweets-20260102030405.jsonl.gz`)).size, 5_000);
    await Deno.writeFile(`${to}/${HARVEST}tweets-20260102030405.jsonl.gz`, new Uint8Array(5_000));
    assert.equal((await fetching(store, to)).files, 1, "Its size is right, its content is not");
    assert.equal((await fetching(store, to)).files, 0);
  }));

Deno.test("a file that is not as its manifest lists it does not get its name; all others are fetched", () =>
  withStore(async (store, to) => {
    // The first of many: what comes after it is what must not be left out.
    await store.put(`${HARVEST}tweets-20260102030405.jsonl.gz`, new Uint8Array(5_000));
    const other = "collections/c/harvests/2026/02/";
    for (let i = 0; i < 40; i++) await store.put(`${other}users-${i}.jsonl`, new Uint8Array(9));
    for (let tries = 0; tries < 2; tries++) {
      await assert.rejects(fetching(store, to), (error) => {
        assert.ok(error instanceof OutsideError);
        assert.match(error.message, /^One file is not in the bucket as listed: harvests\/2026/);
        assert.match(error.message, /tweets-20260102030405\.jsonl\.gz \(damaged\)/);
        assert.match(error.hint ?? "", /`twarc-cloud collection verify c`/);
        return true;
      });
      const found = await files(to);
      assert.deepEqual(found.filter((name) => /tweets-|\.part/.test(name)), []);
      assert.equal(found.filter((name) => name.includes("users-")).length, 40);
    }
  }));

Deno.test("files that a manifest lists and that are not there are told, the first few by name", () =>
  withStore(async (store, to) => {
    const names = Array.from({ length: 7 }, (_, i) => `tweets-2026010203041${i}.jsonl.gz`);
    const rows = names.map((name) => `${"0".repeat(40)}  ${name}\n`).join("");
    const { bytes } = await store.get(`${HARVEST}manifest-sha1.txt`) ?? assert.fail();
    const manifest = new TextDecoder().decode(bytes) + rows;
    await store.put(`${HARVEST}manifest-sha1.txt`, new TextEncoder().encode(manifest));
    const wanted = new RegExp(
      `^7 files are not in the bucket as listed: .*${names[0]} \\(not there\\), .* and 2 more;`,
    );
    await assert.rejects(fetching(store, to), { message: wanted });
    assert.ok((await files(to)).includes(`${HARVEST}tweets-20260102030405.jsonl.gz`));
  }));

Deno.test("a piece that was merged, and is listed no more, is neither missing nor damaged", () =>
  withStore(async (store, to) => {
    const file = await store.get(`${HARVEST}tweets-20260102030405.jsonl.gz`) ?? assert.fail();
    const manifest = await store.get(`${HARVEST}manifest-sha1.txt`) ?? assert.fail();
    for (const isDamaged of [false, true]) {
      await store.put(`${HARVEST}tweets-20260102030405.jsonl.gz`, file.bytes);
      await store.put(`${HARVEST}manifest-sha1.txt`, manifest.bytes);
      store.before = async ({ method, key }) => {
        if (method !== "read" || !key.includes("tweets-")) return;
        store.before = () => {};
        if (isDamaged) await store.put(key, new Uint8Array(5_000));
        else await store.delete(key);
        await store.put(`${HARVEST}manifest-sha1.txt`, new Uint8Array());
      };
      await fetching(store, to, true);
      assert.equal((await store.get(`${HARVEST}manifest-sha1.txt`))?.bytes.length, 0);
    }
  }));

Deno.test("what S3's checksum says is the same is skipped", () =>
  withStore(async (store, to) => {
    await fetching(store, to);
    const md5 = createHash("md5").update(new Uint8Array(10).fill(1)).digest("hex");
    const list = store.list.bind(store);
    store.list = async function* (...asked) {
      for await (const one of list(...asked)) yield { ...one, version: `"${md5}"` };
    };
    const read: string[] = [];
    store.before = ({ method, key }) => {
      if (method === "read") read.push(key);
    };
    assert.equal((await fetching(store, to)).skipped, 3);
    assert.ok(!read.includes("collections/c/collection.json"), "It is not even asked for");
  }));

Deno.test("a download that breaks off leaves no file that looks whole", () =>
  withStore(async (store, to) => {
    store.before = ({ method, key }) => {
      if (method === "read" && key.includes("tweets-")) throw new OutsideError("The store is away");
    };
    await assert.rejects(fetching(store, to), /The store is away/);
    const left = (await files(to)).filter((name) => /tweets-|\.part/.test(name));
    assert.deepEqual(left, []);
  }));

Deno.test("a download that is cut within a file leaves nothing of it", () =>
  withStore(async (_store, to) => {
    const cut = new CutStore();
    await cut.put("collections/c/collection.json", new Uint8Array(200));
    await assert.rejects(fetching(cut, to), /The line is cut/);
    assert.deepEqual(await files(to), []);
  }));

Deno.test("a piece that is merged away while it is fetched is no error", () =>
  withStore(async (store, to) => {
    store.before = async ({ method, key }) => {
      if (method === "read" && key.includes("tweets-")) {
        store.before = () => {};
        await store.delete(key);
        await store.put(`${HARVEST}manifest-sha1.txt`, new Uint8Array());
      }
    };
    assert.equal((await fetching(store, to)).files, 2);
  }));

Deno.test("keys that would leave the folder are refused", () =>
  withStore(async (store, to) => {
    await store.put("collections/c/../../evil", new Uint8Array(1));
    await assert.rejects(fetching(store, to), /is not a valid file name/);
  }));

Deno.test("a file that was merged into another, or rewritten, does not stay; what the manifest lists does", () =>
  withStore(async (store, to) => {
    await fetching(store, to);
    await Deno.writeTextFile(`${to}/${HARVEST}tweets-20260102030404.jsonl.gz`, "a piece");
    const mine = ["notes.txt", "tweets-cleaned.jsonl.gz", "tweets-20260102030404.csv"];
    for (const name of mine) await Deno.writeTextFile(`${to}/${HARVEST}${name}`, "mine");
    assert.equal((await fetching(store, to)).removed, 1);
    // Its last tweets were removed.
    await store.put("collections/c/harvests/2026/02/manifest-sha1.txt", new Uint8Array());
    await Deno.mkdir(`${to}/collections/c/harvests/2026/02`);
    await Deno.writeTextFile(
      `${to}/collections/c/harvests/2026/02/tweets-20260201000000-2.jsonl.gz`,
      "removed",
    );
    assert.equal((await fetching(store, to)).removed, 1);
    // Lost in the bucket, it is kept here.
    await store.delete(`${HARVEST}tweets-20260102030405.jsonl.gz`);
    await assert.rejects(fetching(store, to), /tweets-20260102030405\.jsonl\.gz \(not there\)/);
    assert.deepEqual((await files(to)).filter((name) => /tweets-|notes/.test(name)), [
      `${HARVEST}notes.txt`,
      `${HARVEST}tweets-20260102030404.csv`,
      `${HARVEST}tweets-20260102030405.jsonl.gz`,
      `${HARVEST}tweets-cleaned.jsonl.gz`,
    ]);
  }));
