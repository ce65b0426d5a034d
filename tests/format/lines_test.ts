import assert from "node:assert/strict";
import fc from "fast-check";
import { joinLines, lendLines, splitLines } from "../../lib/format/lines.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

async function split(...chunks: string[]): Promise<{ line: string; isEnded: boolean }[]> {
  const content = ReadableStream.from(chunks.map((chunk) => encoder.encode(chunk)));
  const lines = await Array.fromAsync(splitLines(content));
  return lines.map(({ line, isEnded }) => ({ line: decoder.decode(line), isEnded }));
}

Deno.test("splitLines() says of a last line without a line break that it has no end", async () => {
  assert.deepEqual(await split("a\nb", "c\n", "\nd"), [
    { line: "a", isEnded: true },
    { line: "bc", isEnded: true },
    { line: "", isEnded: true },
    { line: "d", isEnded: false },
  ]);
  assert.deepEqual(await split(""), []);
});

Deno.test("splitLines() gives what joinLines() joined, whatever the chunks", async () => {
  const texts = fc.array(fc.string({ unit: "grapheme" }).map((text) => text.replaceAll("\n", "")));
  await fc.assert(fc.asyncProperty(texts, fc.integer({ min: 1, max: 7 }), async (lines, size) => {
    const joined = joinLines(lines.map((line) => encoder.encode(line)));
    const chunks = Array.from(
      { length: Math.ceil(joined.length / size) },
      (_, i) => joined.slice(i * size, (i + 1) * size),
    );
    const found = await Array.fromAsync(splitLines(ReadableStream.from(chunks)));
    assert.deepEqual(
      found.map(({ line }) => decoder.decode(line)),
      lines.map((l) => l.toWellFormed()),
    );
    assert.ok(found.every(({ isEnded }) => isEnded));
  }));
});

Deno.test("lendLines() lends what splitLines() gives, and uses the memory of a line again", async () => {
  const chunks = ["a\nb", "c\n", "\nd", "e", "\n", "f"].map((chunk) => encoder.encode(chunk));
  const lent: [text: string, isEnded: boolean][] = [];
  const memory: ArrayBufferLike[] = [];
  for await (const { line, isEnded } of lendLines(ReadableStream.from(chunks))) {
    lent.push([decoder.decode(line), isEnded]);
    memory.push(line.buffer);
  }
  const given = await Array.fromAsync(splitLines(ReadableStream.from(chunks)));
  assert.deepEqual(lent, given.map(({ line, isEnded }) => [decoder.decode(line), isEnded]));
  assert.equal(memory[0], chunks[0]?.buffer, "a line within a chunk is a part of it");
  assert.equal(memory[1], memory[3], "lines of several chunks have the same memory");
});

Deno.test("splitLines() gives up on a line that is longer than memory may hold", async () => {
  const block = new Uint8Array(2 ** 24).fill(0x20);
  const endless = ReadableStream.from(Array(10).fill(block));
  await assert.rejects(Array.fromAsync(splitLines(endless)), /longer than 64 MiB/);
});
