import assert from "node:assert/strict";
import { ReadAhead, readEach, READS } from "../../lib/store/read_ahead.ts";
import { MemoryStore } from "../fakes/memory_store.ts";

const SOME = 4 * READS;
const nameOf = (i: number) => `k/${`${i}`.padStart(3, "0")}`;

/** A store with some objects, whose answers wait until they are let go. */
async function slowStore({ large = [] as number[] } = {}) {
  const store = new MemoryStore();
  for (let i = 0; i < SOME; i++) {
    await store.put(nameOf(i), new Uint8Array(large.includes(i) ? 300_000 : 10).fill(i));
  }
  const waiting: { key: string; answer: () => void }[] = [];
  store.before = ({ method, key }) => {
    if (method === "list") return;
    const { promise, resolve } = Promise.withResolvers<void>();
    waiting.push({ key, answer: resolve });
    return promise;
  };
  return { store, waiting };
}

/** Lets all that can happen without an answer happen. */
async function atRest(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
}

Deno.test("objects come in the order of the listing, whichever answer comes first, and few are asked for at once", async () => {
  const { store, waiting } = await slowStore();
  const given: number[] = [];
  const reading = (async () => {
    for await (const { found } of readEach(store, "k/")) given.push(found?.bytes[0] ?? NaN);
  })();
  let most = 0;
  for (let left = SOME; left > 0; left--) {
    await atRest();
    most = Math.max(most, waiting.length);
    // The newest first.
    waiting.pop()?.answer();
  }
  await reading;
  assert.deepEqual(given, Array.from({ length: SOME }, (_, i) => i));
  assert.equal(most, READS);
});

Deno.test("the few that are wanted among many are asked for at once as well", async () => {
  const { store, waiting } = await slowStore();
  const wanted = Array.from({ length: Math.ceil(SOME / 10) }, (_, i) => nameOf(i * 10));
  const given: string[] = [];
  const reading = (async () => {
    const some = readEach(store, "k/", ({ key }) => key.endsWith("0"));
    for await (const { key } of some) given.push(key);
  })();
  await atRest();
  assert.deepEqual(waiting.map(({ key }) => key), wanted);
  for (const { answer } of waiting) answer();
  await reading;
  assert.deepEqual(given, wanted);
});

Deno.test("what is large, or not wanted, is read in its turn only, and each object once", async () => {
  const { store } = await slowStore({ large: [3] });
  const asked: string[] = [];
  store.before = ({ method, key }) => void (method === "list" || asked.push(key));
  const ahead = new ReadAhead(store);
  let first = true;
  for await (const { key } of ahead.list("k/", (listed) => listed.key !== nameOf(5))) {
    if (first) assert.deepEqual(asked, [0, 1, 2, 4, 6, 7, 8].map(nameOf));
    first = false;
    const content = await new Response(await ahead.store.read(key)).bytes();
    assert.equal(`k/${`${content[0]}`.padStart(3, "0")}`, key);
  }
  await ahead.close();
  assert.deepEqual(asked.toSorted(), Array.from({ length: SOME }, (_, i) => nameOf(i)));
});

Deno.test("a failure is thrown where its object is asked for, and nothing more is read ahead then", async () => {
  const { store } = await slowStore();
  const asked: string[] = [];
  store.before = ({ method, key }) => {
    if (method !== "list") asked.push(key);
    if (key === nameOf(2)) throw new Error("broken");
  };
  const given: string[] = [];
  await assert.rejects(async () => {
    for await (const { key } of readEach(store, "k/")) given.push(key);
  }, /broken/);
  assert.deepEqual(given, [nameOf(0), nameOf(1)]);
  assert.ok(asked.length <= READS, asked.join(" "));
});

Deno.test("what nobody asks for makes room once it is dropped", async () => {
  const { store } = await slowStore();
  const asked: string[] = [];
  store.before = ({ method, key }) => void (method === "list" || asked.push(key));
  const ahead = new ReadAhead(store);
  for await (const { key } of ahead.list("k/", () => true)) {
    if (key === nameOf(READS)) assert.equal(asked.length, READS);
    if (key === nameOf(READS)) await ahead.drop("k/00");
  }
  assert.equal(asked.length, 2 * READS);
  // The listing is over: nothing else begins the next ones.
  await ahead.drop("k/01");
  assert.equal(asked.length, 3 * READS);
  await ahead.close();
});

Deno.test("what has grown since it was listed is not read into memory before its turn, and read in it", async () => {
  const store = new MemoryStore();
  for (const key of ["k/1", "k/2", "k/3"]) await store.put(key, Uint8Array.of(1));
  const grown = new Uint8Array(1_000_000).fill(2);
  const asked: string[] = [];
  store.before = async ({ method, key }) => {
    if (key === "k/2") asked.push(method);
    if (key === "k/2" && asked.length === 1) await store.put(key, grown);
  };
  const ahead = new ReadAhead(store);
  const sizes: number[] = [];
  for await (const { key } of ahead.list("k/", () => true)) {
    sizes.push((await new Response(await ahead.store.read(key)).bytes()).length);
  }
  await ahead.close();
  assert.deepEqual(sizes, [1, 1_000_000, 1]);
  assert.deepEqual(asked, ["get", "put", "read"]);
});
