import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { codecFor } from "../../lib/format/codec.ts";
import { Segment, type SegmentFile } from "../../lib/harvest/segment.ts";
import { SpoolFolder } from "../../lib/harvest/spool_folder.ts";

const encoder = new TextEncoder();

function lines(from: number, to: number, size = 40): Uint8Array[] {
  const made = [];
  for (let i = from; i < to; i++) made.push(encoder.encode(`{"n":${i},"t":"${"é".repeat(size)}"}`));
  return made;
}

async function contentOf({ path, sha1, bytes }: SegmentFile): Promise<string[]> {
  const file = await Deno.readFile(path);
  assert.equal(createHash("sha1").update(file).digest("hex"), sha1);
  assert.equal(file.length, bytes);
  // Fails on a file of more than one gzip member.
  const stream = new Blob([file]).stream().pipeThrough(new DecompressionStream("gzip"));
  const text = await new Response(stream).text();
  assert.equal(gunzipSync(file).toString(), text);
  assert.ok(text.endsWith("\n"));
  return text.slice(0, -1).split("\n");
}

function textOf(made: Uint8Array[]): string[] {
  return made.map((line) => new TextDecoder().decode(line));
}

async function inFolder(use: (folder: SpoolFolder) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  const folder = await SpoolFolder.make(join(directory, "spool"));
  try {
    await use(folder);
  } finally {
    await folder.leave();
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("a segment is one gzip member with every line once, its sha1 and size right", () =>
  inFolder(async (folder) => {
    const segment = await Segment.open(folder);
    await segment.append(lines(0, 10), 10);
    await segment.append(lines(10, 20), 10);
    const file = await segment.close();
    assert.deepEqual(await contentOf(file), textOf(lines(0, 20)));
    assert.equal(file.tweets, 20);
  }));

Deno.test("in zstd, too, the whole and its pieces are files, with sha1 and size right", () =>
  inFolder(async (folder) => {
    const codec = codecFor("zstd");
    const segment = await Segment.open(folder, codec);
    await segment.append(lines(0, 5), 5);
    const pieces = [await segment.cutPiece()];
    await segment.append(lines(5, 7), 2);
    pieces.push(await segment.cutPiece());
    const files = [...pieces, await segment.close()];
    const contents = await Promise.all(files.map(async ({ path, sha1, bytes }) => {
      const file = await Deno.readFile(path);
      assert.equal(createHash("sha1").update(file).digest("hex"), sha1);
      assert.equal(file.length, bytes);
      assert.match(path, /\.zst(\.piece-\d)?$/);
      return new TextDecoder().decode(codec.unpackBytes(file, 1e6)).trim().split("\n");
    }));
    assert.deepEqual(contents, [lines(0, 5), lines(5, 7), lines(0, 7)].map(textOf));
  }));

Deno.test("pieces hold what came since the piece before, and the whole still holds everything", () =>
  inFolder(async (folder) => {
    const segment = await Segment.open(folder);
    await segment.append(lines(0, 5), 5);
    const first = await segment.cutPiece();
    await segment.append(lines(5, 7), 2);
    assert.equal(segment.uncutTweets, 2);
    const second = await segment.cutPiece();
    await segment.append(lines(7, 9), 2);
    const whole = await segment.close();
    assert.deepEqual(await contentOf(first), textOf(lines(0, 5)));
    assert.deepEqual(await contentOf(second), textOf(lines(5, 7)));
    assert.deepEqual(await contentOf(whole), textOf(lines(0, 9)));
    assert.deepEqual([first.tweets, second.tweets, whole.tweets], [5, 2, 9]);
  }));

Deno.test("lines that span many blocks, and one line larger than a block, come out whole", () =>
  inFolder(async (folder) => {
    const segment = await Segment.open(folder);
    const many = [...lines(0, 30_000), ...lines(0, 1, 900_000), ...lines(30_000, 30_010)];
    await segment.append(many.slice(0, 20_000), 20_000);
    const piece = await segment.cutPiece();
    await segment.append(many.slice(20_000), many.length - 20_000);
    const whole = await segment.close();
    assert.deepEqual(await contentOf(piece), textOf(many.slice(0, 20_000)));
    assert.deepEqual(await contentOf(whole), textOf(many));
  }));

Deno.test("compressed blocks are freed as soon as they are written", () =>
  inFolder(async (folder) => {
    const packed: Uint8Array[] = [];
    const codec = codecFor("gzip");
    const segment = await Segment.open(folder, {
      ...codec,
      packBlock: (block) => {
        const made = codec.packBlock(block);
        packed.push(made);
        return made;
      },
    });
    const many = lines(0, 30_000);
    await segment.append(many, many.length);
    const whole = await segment.close();
    assert.ok(packed.length > 1);
    assert.deepEqual(packed.map(({ length }) => length), packed.map(() => 0));
    assert.deepEqual(await contentOf(whole), textOf(many));
  }));

Deno.test("closing twice gives the same file", () =>
  inFolder(async (folder) => {
    const segment = await Segment.open(folder);
    await segment.append(lines(0, 3), 3);
    assert.deepEqual(await segment.close(), await segment.close());
  }));

Deno.test("a piece that cannot be written harms neither the segment nor the next piece", () =>
  inFolder(async (folder) => {
    const segment = await Segment.open(folder);
    await segment.append(lines(0, 9_000), 9_000);
    const names = (await Array.fromAsync(Deno.readDir(folder.path))).map((entry) => entry.name);
    const name = names.find((name) => name.endsWith(".gz"));
    await Deno.writeTextFile(`${folder.path}/${name}.piece-1`, "in the way");
    await assert.rejects(segment.cutPiece());
    await segment.append(lines(9_000, 9_010), 10);
    assert.equal((await contentOf(await segment.cutPiece())).length, 9_010);
    assert.deepEqual(await contentOf(await segment.close()), textOf(lines(0, 9_010)));
  }));
