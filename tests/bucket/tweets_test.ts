import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { DamagedFileError, readTweets } from "../../lib/bucket/tweets.ts";
import { codecFor, PACKINGS } from "../../lib/format/codec.ts";
import { MemoryStore } from "../fakes/memory_store.ts";

const KEY = "collections/c/harvests/2026/01/02/03/04/05/tweets-20260102030405.jsonl.gz";

async function read(content: Uint8Array, key = KEY) {
  const store = new MemoryStore();
  await store.put(key, content);
  return await Array.fromAsync(readTweets(store, key));
}

Deno.test("readTweets() gives the tweets of each line, whichever version wrote it, and the line itself", async () => {
  const lines = [
    '{"id":1,"id_str":"1","text":"a"}',
    '{"data":[{"id":"3","text":"b"},{"id":"2","text":"c"}],"includes":{"users":[{"id":"7"}]}}',
    '{"data":{"id":"4","text":"d"},"matching_rules":[{"id":"9","tag":"t"}]}',
  ];
  const found = await read(gzipSync(lines.map((line) => `${line}\n`).join("")));
  assert.deepEqual(found.map(({ number, api }) => [number, api]), [[1, "1.1"], [2, "2"], [3, "2"]]);
  assert.deepEqual(found.map(({ line }) => new TextDecoder().decode(line)), lines);
  const texts = found.map(({ tweets }) => tweets.map(({ id, json }) => `${id} ${json.text}`));
  assert.deepEqual(texts, [["1 a"], ["3 b", "2 c"], ["4 d"]]);
});

Deno.test("readTweets() gives long lines that stay as they are when others are read", async () => {
  const lines = ["1", "2", "3"].map((id) => `{"id_str":"${id}","text":"${id.repeat(100_000)}"}`);
  for (const packing of PACKINGS) {
    const codec = codecFor(packing);
    const packed = await codec.packBytes(new Blob(lines.map((line) => `${line}\n`)));
    const found = await read(packed, KEY.replace(/\.gz$/, codec.suffix));
    for (const [i, { line }] of found.entries()) {
      assert.ok(new TextDecoder().decode(line) === lines[i], `${packing}, line ${i}`);
    }
    assert.equal(found.length, lines.length);
  }
});

Deno.test("readTweets() names a file that cannot be read, and the line after which it ends", async () => {
  for (const second of ['{"delete":{}}', "{", '"\ud800"']) {
    await assert.rejects(read(gzipSync(`{"id":1}\n${second}\n`)), (error) => {
      assert.ok(error instanceof DamagedFileError);
      assert.match(error.message, /cannot be read beyond line 2$/);
      assert.equal(error.file, "harvests/2026/01/02/03/04/05/tweets-20260102030405.jsonl.gz");
      return true;
    });
  }
});

Deno.test("readTweets() names a file that is not there", async () => {
  await assert.rejects(
    Array.fromAsync(readTweets(new MemoryStore(), KEY)),
    /tweets-20260102030405\.jsonl\.gz is listed in its manifest but missing/,
  );
});
