import assert from "node:assert/strict";
import { download } from "../../lib/cli/download.ts";
import { OutsideError } from "../../lib/errors.ts";
import { MemoryStore } from "../fakes/memory_store.ts";

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
  await put(`${HARVEST}manifest-sha1.txt`, 50);
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
    assert.deepEqual(await fetching(store, to), { files: 3, bytes: 5_060, skipped: 0 });
    assert.deepEqual(await files(to), [
      "collections/c/collection.json",
      `${HARVEST}manifest-sha1.txt`,
      `${HARVEST}tweets-20260102030405.jsonl.gz`,
    ]);
    assert.deepEqual(await fetching(store, to), { files: 1, bytes: 10, skipped: 2 });
    assert.deepEqual(await fetching(store, to, true), { files: 3, bytes: 5_060, skipped: 0 });
  }));

Deno.test("a file that was cut, or has grown, is fetched again", () =>
  withStore(async (store, to) => {
    await fetching(store, to);
    await Deno.truncate(`${to}/${HARVEST}tweets-20260102030405.jsonl.gz`, 100);
    assert.equal((await fetching(store, to)).skipped, 1);
    assert.equal((await Deno.stat(`${to}/${HARVEST}tweets-20260102030405.jsonl.gz`)).size, 5_000);
  }));

Deno.test("a download that breaks off leaves no file that looks whole", () =>
  withStore(async (store, to) => {
    store.before = ({ method, key }) => {
      if (method === "read" && key.includes("tweets-")) throw new OutsideError("The store is away");
    };
    await assert.rejects(fetching(store, to), /The store is away/);
    assert.deepEqual(
      (await files(to)).filter((name) => name.includes("tweets-") || name.includes(".part")),
      [],
    );
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
      }
    };
    assert.equal((await fetching(store, to)).files, 2);
  }));

Deno.test("keys that would leave the folder are refused", () =>
  withStore(async (store, to) => {
    await store.put("collections/c/../../evil", new Uint8Array(1));
    await assert.rejects(fetching(store, to), /cannot be the name of a file/);
  }));
