import assert from "node:assert/strict";
import { appendLines, readLines } from "../../lib/bucket/journal.ts";
import { OutsideError } from "../../lib/base/errors.ts";
import { MemoryStore } from "../fakes/memory_store.ts";
import { turnsDuring } from "../fakes/event_turns.ts";

const line = (i: number) => `${i} ${"x".repeat(10_000)}`;
const journal = (store: MemoryStore) => ({ store, key: "j.jsonl", parts: "j/" });
const add = (store: MemoryStore, i: number) =>
  appendLines(journal(store), (newest) => newest.includes(line(i)) ? [] : [line(i)]);

Deno.test("lines are kept in order, in files of a bounded size", async () => {
  const store = new MemoryStore();
  for (let i = 0; i < 50; i++) await add(store, i);
  const all = await Array.fromAsync(readLines(journal(store)));
  assert.deepEqual(all, Array.from({ length: 50 }, (_, i) => line(i)));
  for (const key of store.keys()) {
    const size = (await store.get(key))?.bytes.length ?? 0;
    assert.ok(size < 80_000, `${key} has ${size} bytes`);
  }
});

Deno.test("a line is there once, whichever write was the last whose answer was lost", async () => {
  for (let lost = 1; lost <= 12; lost++) {
    const store = new MemoryStore();
    let writes = 0;
    store.after = ({ method }) => {
      if (method === "put" && ++writes === lost) throw new OutsideError("no answer");
    };
    for (let i = 0; i < 10; i++) {
      await add(store, i).catch(() => add(store, i));
    }
    const all = await Array.fromAsync(readLines(journal(store)));
    assert.deepEqual(all, Array.from({ length: 10 }, (_, i) => line(i)), `after write ${lost}`);
  }
});

Deno.test("two that append at the same time lose nothing of each other", async () => {
  const store = new MemoryStore();
  await Promise.all(Array.from({ length: 12 }, (_, i) => add(store, i)));
  const all = await Array.fromAsync(readLines(journal(store)));
  assert.equal(new Set(all).size, 12);
});

Deno.test("between two full files something else runs, though all of them are there already", async () => {
  const store = new MemoryStore();
  for (let i = 0; i < 30; i++) await add(store, i);
  const parts = store.keys().filter((key) => key.startsWith("j/")).length;
  assert.ok(parts >= 3, `${parts} full files`);
  assert.ok(await turnsDuring(() => Array.fromAsync(readLines(journal(store)))) >= parts);
});
