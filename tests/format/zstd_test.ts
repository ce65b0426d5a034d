// deno-lint-ignore-file no-console
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import { type Codec, codecFor, detectCodec, findCodec } from "../../lib/format/codec.ts";

const CODEC = codecFor("zstd");
const encoder = new TextEncoder();

/** Packs blocks as a segment does. */
function packed(blocks: Uint8Array[], codec: Codec = CODEC): Uint8Array {
  const content = Buffer.concat(blocks);
  return Buffer.concat([
    codec.header,
    ...blocks.map((block) => codec.packBlock(block)),
    codec.trailer({ crc: crc32(content), length: content.length }),
  ]);
}

/** Unpacks a file that comes in chunks of one size. */
async function unpacked(file: Uint8Array, size = 1_000): Promise<Uint8Array> {
  const chunks = Array.from(
    { length: Math.ceil(file.length / size) },
    (_, i) => new Uint8Array(file.subarray(i * size, (i + 1) * size)),
  );
  return Buffer.concat(await Array.fromAsync(CODEC.unpack(ReadableStream.from(chunks))));
}

const BLOCKS = ["a".repeat(3_000), "b", '{"id":1}\n'.repeat(400)].map((text) =>
  encoder.encode(text)
);
const WHOLE = new Uint8Array(Buffer.concat(BLOCKS));

/** What Zstandard's own program makes of a file; null where it is not here. */
async function byOthers(file: Uint8Array): Promise<string | null> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeFile(`${folder}/a.zst`, file);
    const { code, stdout } = await new Deno.Command("zstd", { args: ["-dcq", `${folder}/a.zst`] })
      .output();
    assert.equal(code, 0);
    return new TextDecoder().decode(stdout);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a file of blocks is one that others read, at each level", async () => {
  for (const level of [1, 3, 9]) {
    const file = packed(BLOCKS, codecFor("zstd", level));
    assert.equal(detectCodec(file)?.name, "zstd");
    const text = await byOthers(file);
    if (text === null) return console.log("zstd is not here: this is left out");
    assert.equal(text, new TextDecoder().decode(WHOLE));
  }
});

Deno.test("a file is read again in whatever chunks it comes", () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 4 }),
      fc.integer({ min: 1, max: 400 }),
      async (blocks, size) => {
        const content = new Uint8Array(Buffer.concat(blocks));
        assert.deepEqual(new Uint8Array(await unpacked(packed(blocks), size)), content);
      },
    ),
    { numRuns: 100 },
  ));

Deno.test("unpack() fails where a file ends early, wherever that is, or is followed by something", async () => {
  const file = packed(BLOCKS);
  assert.deepEqual(new Uint8Array(await unpacked(file)), WHOLE);
  for (let length = 0; length < file.length; length++) {
    await assert.rejects(unpacked(file.subarray(0, length)), `${length} bytes`);
  }
  await assert.rejects(unpacked(Buffer.concat([file, encoder.encode("x")])), /Data follows/);
  await assert.rejects(unpacked(Buffer.concat([file, file])), /Data follows/);
});

Deno.test("unpack() fails where a frame is missing, or comes twice, or has a byte changed", async () => {
  const frames = BLOCKS.map((block) => CODEC.packBlock(block));
  const [first = new Uint8Array(), , last = new Uint8Array()] = frames;
  const end = CODEC.trailer({ crc: crc32(WHOLE), length: WHOLE.length });
  await assert.rejects(
    unpacked(Buffer.concat([first, last, end])),
    /checksum or its length does not match/,
  );
  await assert.rejects(
    unpacked(Buffer.concat([...frames, last, end])),
    /checksum or its length does not match/,
  );
  const file = packed(BLOCKS);
  for (let at = 0; at < file.length; at++) {
    const damaged = Buffer.from(file);
    damaged[at] = (file[at] ?? 0) ^ 0x10;
    const found = await unpacked(damaged).catch(() => null);
    // What is not part of the content may be changed without harm, as in gzip's header.
    if (found) assert.deepEqual(new Uint8Array(found), WHOLE, `byte ${at}`);
  }
});

Deno.test("a frame that says it is longer than any is not waited for", async () => {
  const file = Buffer.from(packed(BLOCKS));
  file.writeUInt32LE(2 ** 31, 8);
  await assert.rejects(unpacked(file), /too long/);
});

Deno.test("packBytes() makes the same file, and unpackBytes() reads it as far as it may", async () => {
  const file = await CODEC.packBytes(new Blob([WHOLE]));
  assert.deepEqual(new Uint8Array(await unpacked(file)), WHOLE);
  assert.deepEqual(new Uint8Array(CODEC.unpackBytes(file, 10_000)), WHOLE);
  assert.throws(() => CODEC.unpackBytes(file, 100));
});

Deno.test("a file's name says how it is packed", () => {
  assert.equal(findCodec("a/tweets-20190309153507.jsonl.zst").name, "zstd");
  assert.equal(findCodec("/spool/segment-1.zst.piece-2").name, "zstd");
  assert.equal(codecFor().name, "gzip");
});
