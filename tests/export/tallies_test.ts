import assert from "node:assert/strict";
import { join } from "node:path";
import { topCounts } from "../../lib/export/tally.ts";
import { countTweets } from "../../lib/export/tallies.ts";
import { MemoryStore } from "../fakes/memory_store.ts";
import { withFolder } from "../fakes/folder.ts";
import { madePages } from "../sandbox/v2_pages.ts";
import { madeStatuses, writeHarvest } from "./exported.ts";

const { signal } = new AbortController();

Deno.test("tweets of either version are counted by day, kind, user, language, hashtag, link and media", async () => {
  const store = new MemoryStore();
  await writeHarvest(store, "old", [madeStatuses()]);
  const { tally } = await countTweets(store, "old", { cache: undefined, signal });
  assert.equal(tally.tweets, 7);
  assert.deepEqual({ ...tally.days }, { "2016-03-28": 7 });
  assert.deepEqual({ ...tally.kinds }, { post: 4, repost: 1, quote: 1, reply: 1 });
  assert.deepEqual({ ...tally.users }, { "11": 7 });
  assert.deepEqual({ ...tally.handles }, { "11": "ada" });
  assert.deepEqual(topCounts(tally.hashtags, 1), [["a", 6]]);
  await writeHarvest(store, "new", [madePages()]);
  const { tally: other } = await countTweets(store, "new", { cache: undefined, signal });
  assert.deepEqual({ ...other.kinds }, { post: 5, quote: 1, reply: 1, repost: 1 });
  assert.deepEqual({ ...other.links }, { "example.org": 2 });
  assert.deepEqual({ ...other.media }, { photo: 1 });
});

Deno.test("of counts only those are summed that are wanted, and all are kept", () =>
  withFolder(async (cache) => {
    const store = new MemoryStore();
    await writeHarvest(store, "all", [madeStatuses(), madeStatuses()]);
    const some = await countTweets(store, "all", { cache, signal, tables: ["users"] });
    assert.deepEqual({ ...some.tally.users }, { "11": 14 });
    assert.deepEqual({ ...some.tally.hashtags, ...some.tally.handles }, {});
    const all = await countTweets(store, "all", { cache, signal });
    assert.deepEqual({ ...all.tally.hashtags }, { a: 12, b: 12 });
    assert.deepEqual({ ...all.tally.handles }, { "11": "ada" });
  }));

Deno.test("a file is read once: what was counted of it is kept, by its checksum", () =>
  withFolder(async (folder) => {
    const cache = join(folder, "tallies");
    const store = new MemoryStore();
    const keys = await writeHarvest(store, "all", [madeStatuses(), madeStatuses().slice(3)]);
    const first = await countTweets(store, "all", { cache, signal });
    store.before = ({ method, key }) => assert.ok(method !== "read", key);
    assert.deepEqual(await countTweets(store, "all", { cache, signal }), first);
    store.before = () => {};
    // What is none of ours is counted anew.
    for await (const { name } of Deno.readDir(cache)) {
      await Deno.writeTextFile(join(cache, name), "{");
    }
    assert.deepEqual((await countTweets(store, "all", { cache, signal })).tally, first.tally);
    assert.equal(keys.length, 2);
  }));

Deno.test("a file that is damaged is named, and not kept", () =>
  withFolder(async (folder) => {
    const store = new MemoryStore();
    const [key = ""] = await writeHarvest(store, "all", [madeStatuses()]);
    await store.put(key, new TextEncoder().encode("rubbish"));
    const { damaged, tally } = await countTweets(store, "all", { cache: folder, signal });
    assert.equal(damaged.length, 1);
    assert.equal(tally.tweets, 0);
    assert.deepEqual(await Array.fromAsync(Deno.readDir(folder)), []);
  }));
