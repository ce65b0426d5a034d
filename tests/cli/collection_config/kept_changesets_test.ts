import assert from "node:assert/strict";
import { join } from "node:path";
import { History } from "../../../lib/bucket/history.ts";
import { keptPath, withKept } from "../../../lib/cli/collection_config/kept_changesets.ts";
import { collectionKeys } from "../../../lib/collection/layout.ts";
import { counted } from "../../fakes/counting_store.ts";
import { withFolder } from "../../fakes/folder.ts";
import { MemoryStore } from "../../fakes/memory_store.ts";

const AT = Date.UTC(2026, 0, 1);
const bytesOf = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

/** Adds a change; a minute lies between two. */
async function change(store: MemoryStore, minute: number, update: object): Promise<void> {
  const at = AT + minute * 60_000;
  await store.put(
    collectionKeys("c").changeset(at),
    bytesOf({ update, delete: [], change_timestamp: new Date(at).toISOString() }),
  );
}

/** Reads all changes by way of a file. @returns What they update, and how many objects were read. */
async function read(store: MemoryStore, path: string) {
  const { gets } = counted(store);
  const damaged: string[] = [];
  const changesets = await withKept(
    store,
    path,
    async (kept) =>
      await Array.fromAsync(
        new History(kept, "c").readable(({ message }) => damaged.push(message)),
      ),
  );
  return { updates: changesets.map(({ update }) => update), reads: gets.length, damaged };
}

/** Uses a store with 20 changes, and the file for them in a cache of its own. */
async function withChanges(use: (store: MemoryStore, path: string) => Promise<void>) {
  await withFolder(async (cache) => {
    const store = new MemoryStore();
    for (let i = 0; i < 20; i++) await change(store, i, { search: { query: `q${i}` } });
    await use(store, keptPath(cache, { store, id: "c" }));
  });
}

Deno.test("a second reading of changes reads what is new, what was altered, and no more", () =>
  withChanges(async (store, path) => {
    const first = await read(store, path);
    assert.deepEqual([first.reads, first.updates.length], [20, 20]);
    const second = await read(store, path);
    assert.deepEqual([second.reads, second.updates], [0, first.updates]);
    await change(store, 20, { search: { query: "new" } });
    await change(store, 3, { search: { query: "altered" } });
    await store.delete(collectionKeys("c").changeset(AT));
    const third = await read(store, path);
    const plain = await Array.fromAsync(new History(store, "c").all());
    assert.deepEqual([third.reads, third.updates], [2, plain.map(({ update }) => update)]);
    assert.equal((await read(store, path)).reads, 0);
  }));

Deno.test("changes are shown without a file: where none can be written, and where it is damaged", () =>
  withChanges(async (store, path) => {
    const { updates } = await read(store, path);
    const text = await Deno.readTextFile(path);
    const lines = text.split("\n");
    for (
      const [damaged, reads] of [["", 20], [`{\n\0${text}`, 1], [text.slice(0, -9), 1]] as const
    ) {
      await Deno.writeTextFile(path, damaged);
      const again = await read(store, path);
      assert.deepEqual([again.updates, again.reads], [updates, reads], `${lines.length} lines`);
    }
    await Deno.remove(path);
    await Deno.writeTextFile(`${path}-file`, "");
    const nowhere = await read(store, join(`${path}-file`, "x.jsonl"));
    assert.deepEqual([nowhere.updates, nowhere.reads], [updates, 20]);
  }));

Deno.test("neither keys nor what failed half-way is kept", () =>
  withChanges(async (store, path) => {
    await change(store, 30, { keys: { consumer_key: "SECRETSECRETSECRET" } });
    store.before = ({ method, key }) => {
      if (method === "get" && key.endsWith("change-20260101001500.json")) throw new Error("gone");
    };
    await assert.rejects(read(store, path), /gone/);
    const left = await Array.fromAsync(Deno.readDir(join(path, "..")));
    assert.deepEqual(left, []);
    store.before = () => {};
    const first = await read(store, path);
    assert.deepEqual((await read(store, path)).updates.length, first.updates.length);
    assert.ok(!(await Deno.readTextFile(path)).includes("SECRET"));
    if (Deno.build.os !== "windows") {
      assert.equal(((await Deno.stat(path)).mode ?? 0) & 0o77, 0);
    }
  }));
