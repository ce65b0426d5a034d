import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { crc32, gunzipSync, gzipSync } from "node:zlib";
import { CODEC, CODECS, findCodec, unpackIfPacked } from "../../lib/format/codec.ts";

const LINES = new TextEncoder().encode('{"id":1}\n{"id":2}\n');

async function unpacked(...chunks: Uint8Array[]): Promise<string> {
  const content = ReadableStream.from(chunks.map((chunk) => new Uint8Array(chunk)));
  return Buffer.concat(await Array.fromAsync(CODEC.unpack(content))).toString();
}

Deno.test("blocks between a header and a trailer are a file that others read", async () => {
  const blocks = [LINES.subarray(0, 9), LINES.subarray(9)];
  const file = Buffer.concat([
    CODEC.header,
    ...blocks.map((block) => CODEC.packBlock(block)),
    CODEC.trailer({ crc: crc32(LINES), length: LINES.length }),
  ]);
  assert.deepEqual(new Uint8Array(gunzipSync(file)), LINES);
  assert.equal(await unpacked(file.subarray(0, 15), file.subarray(15)), '{"id":1}\n{"id":2}\n');
});

Deno.test("a compressed block has memory of its own, however small it is or ill it packs", () => {
  const random = crypto.getRandomValues(new Uint8Array(65_536));
  for (const codec of CODECS) {
    const packed = [LINES, random, LINES].map((block) => codec.packBlock(block));
    assert.equal(new Set(packed.map(({ buffer }) => buffer)).size, 3, codec.name);
    // Buffer shares memory out to what is small.
    const shared = Buffer.from("shared");
    for (const { buffer } of packed) {
      assert.ok(buffer instanceof ArrayBuffer);
      buffer.transfer(0);
    }
    assert.equal(`${shared}`, "shared");
  }
});

Deno.test("the length of a file's content is kept modulo 2^32", () => {
  const trailer = CODEC.trailer({ crc: 7, length: 2 ** 32 + 5 });
  assert.equal(new DataView(trailer.buffer).getUint32(trailer.length - 4, true), 5);
});

Deno.test("unpack() fails where a file ends early, is followed by something, or has another checksum", async () => {
  const file = gzipSync(LINES);
  const damaged = Buffer.from(file);
  damaged[damaged.length - 6] = (damaged[damaged.length - 6] ?? 0) ^ 1;
  await assert.rejects(unpacked(file.subarray(0, -3)));
  await assert.rejects(unpacked(file, Buffer.from("more")));
  await assert.rejects(unpacked(damaged));
});

for (const codec of CODECS) {
  Deno.test(`startsIntact() parts a ${codec.name} file that lacks its end from one whose bytes differ`, async () => {
    const lines = Array.from({ length: 2_000 }, (_, i) => `{"id_str":"${i * 7_919}"}\n`);
    const whole = await codec.packBytes(new Blob(lines));
    const startsIntact = (bytes: Uint8Array) => codec.startsIntact(ReadableStream.from([bytes]));
    assert.equal(await startsIntact(whole), true);
    for (const share of [0, 0.3, 0.999]) {
      assert.equal(await startsIntact(whole.slice(0, whole.length * share)), true, `${share}`);
    }
    for (const share of [0.2, 0.5, 0.8]) {
      const altered = whole.slice();
      const at = Math.floor(altered.length * share);
      altered[at] = (altered[at] ?? 0) ^ 4;
      assert.equal(await startsIntact(altered), false, `${share}`);
    }
    assert.equal(await startsIntact(new Uint8Array(whole.length)), false);
    const away = new Error("The store is away");
    const content = new ReadableStream<Uint8Array>({ pull: (at) => at.error(away) });
    await assert.rejects(codec.startsIntact(content), away);
  });
}

Deno.test("packBytes() makes a file that others read", async () => {
  assert.deepEqual(new Uint8Array(gunzipSync(await CODEC.packBytes(new Blob([LINES])))), LINES);
});

Deno.test("findCodec() finds a codec by a file's name, a temporary one's too", () => {
  for (const name of ["a/tweets-20190309153507.jsonl.gz", "/spool/segment-1.gz.piece-2", "x"]) {
    assert.equal(findCodec(name).suffix, ".gz");
  }
});

Deno.test("unpackIfPacked() leaves alone what is not packed, is damaged, or is longer than it may be", () => {
  const file = gzipSync(LINES);
  assert.deepEqual(new Uint8Array(unpackIfPacked(file, 100)), LINES);
  for (const [bytes, max] of [[LINES, 100], [file.subarray(0, -3), 100], [file, 3]] as const) {
    assert.equal(unpackIfPacked(bytes, max), bytes);
  }
});
