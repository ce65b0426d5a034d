import assert from "node:assert/strict";
import type { Part } from "../../../lib/cli/collection/download_part.ts";
import { bytesOf, checkSums, copyIn, fetching, ROOT, sha1Of, withFolder } from "../downloading.ts";
import { MemoryStore } from "../../fakes/memory_store.ts";

const DAYS = ["2026/01/01/00/00/00", "2026/01/02/00/00/00", "2026/01/03/00/00/00"];
const tweets = (day: string) => `harvests/${day}/tweets-${day.replaceAll("/", "")}.jsonl.gz`;
const side = (day: string) => `harvests/${day}/harvest.json`;
const manifest = (day: string) => `harvests/${day}/manifest-sha1.txt`;

/** A collection of three harvests. */
async function threeHarvests(): Promise<MemoryStore> {
  const store = new MemoryStore();
  await store.put(`${ROOT}collection.json`, bytesOf('{"id":"c"}'));
  await store.put(`${ROOT}inventory.jsonl`, bytesOf('{"entry":1}\n'));
  for (const day of DAYS) {
    const rows: string[] = [];
    for (const key of [tweets(day), side(day)]) {
      const bytes = bytesOf(JSON.stringify({ key }));
      await store.put(`${ROOT}${key}`, bytes);
      rows.push(`${sha1Of(bytes)}  ${key.slice(key.lastIndexOf("/") + 1)}\n`);
    }
    await store.put(`${ROOT}${manifest(day)}`, bytesOf(rows.join("")));
  }
  return store;
}

/** The files that a part has, and what its manifests list of tweets. */
async function got(part: Part): Promise<{ names: string[]; listed: number }> {
  const store = await threeHarvests();
  let found = { names: [] as string[], listed: 0 };
  await withFolder(async (to) => {
    const done = await fetching(store, to, { root: ROOT, part });
    const copy = await copyIn(to);
    found = { names: [...copy.keys()].toSorted(), listed: checkSums(copy) };
    assert.equal(done.files, done.allFiles);
  });
  return found;
}

const HEAD = ["collection.json", "inventory.jsonl"];
const all = (days: string[]) =>
  [...HEAD, ...days.flatMap((day) => [side(day), manifest(day), tweets(day)])].toSorted();

Deno.test("one harvest comes with what is in no harvest: the last, or that which began at a time", async () => {
  const [, second = "", third = ""] = DAYS;
  assert.deepEqual((await got({ harvest: "last", tweets: true })).names, all([third]));
  for (const harvest of ["2026-01-02T00:00:00.123Z", "2026-01-02T00:00:00Z", second]) {
    assert.deepEqual((await got({ harvest, tweets: true })).names, all([second]), harvest);
  }
  await assert.rejects(got({ harvest: "2025-01-01T00:00:00Z", tweets: true }), {
    name: "UserError",
    message: "c has no harvest 2025-01-01T00:00:00Z",
    hint: "Its last one is 2026-01-03T00:00:00.000Z.",
  });
});

Deno.test("harvests are wanted by when they began: from then on, and before then", async () => {
  const [first = "", second = "", third = ""] = DAYS;
  const [from, to] = [Date.UTC(2026, 0, 2), Date.UTC(2026, 0, 3)];
  assert.deepEqual((await got({ from, tweets: true })).names, all([second, third]));
  assert.deepEqual((await got({ to, tweets: true })).names, all([first, second]));
  assert.deepEqual((await got({ from, to, tweets: true })).names, all([second]));
});

Deno.test("without tweets, manifests list what the copy has", async () => {
  const { names, listed } = await got({ tweets: false });
  assert.deepEqual(names, all(DAYS).filter((name) => !name.includes("tweets-")));
  assert.equal(listed, 0);
});

Deno.test("a copy that has tweets keeps them, and lists them, where they are not wanted again", () =>
  withFolder(async (to) => {
    const store = await threeHarvests();
    await fetching(store, to, { root: ROOT, part: { harvest: "last", tweets: true } });
    await fetching(store, to, { root: ROOT, part: { tweets: false } });
    assert.equal(checkSums(await copyIn(to)), 1);
    await fetching(store, to, { root: ROOT });
    const copy = await copyIn(to);
    assert.equal(checkSums(copy), 3);
    assert.deepEqual([...copy.keys()].toSorted(), all(DAYS));
  }));
