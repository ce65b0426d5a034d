/**
 * Zstandard (RFC 8878) as tweets files have it: a frame a block, each after a frame with its length, as pzstd writes
 * them, and a last one with the checksum and the length of all, as gzip's trailer has them. For other programs the
 * frames with lengths are skippable frames.
 */

import { Buffer } from "node:buffer";
import { constants, crc32, zstdCompressSync, zstdDecompressSync } from "node:zlib";

/**
 * Magic numbers of skippable frames: with the length of the next one, and with the checksum and the length of all.
 */
const [SIZE_MAGIC, END_MAGIC] = [0x184d2a50, 0x184d2a51];
/** Bytes of a magic number and a length. */
const HEAD = 8;
const [SIZE_LENGTH, END_LENGTH] = [4, 12];
/** Bytes that a frame may have, compressed or not: a block is a mebibyte, or one long line. */
const MAX_FRAME = 128 << 20;

/** The first bytes of a file. */
export const ZSTD_MAGIC = frameHead(SIZE_MAGIC, SIZE_LENGTH);

/** Compresses a block by itself. @param level 1 to 9: smaller, and slower */
export function packFrame(block: Uint8Array, level: number): Uint8Array {
  const params = { [constants.ZSTD_c_compressionLevel]: level };
  const packed = zstdCompressSync(block, { params });
  const bytes = new Uint8Array(HEAD + SIZE_LENGTH + packed.length);
  bytes.set(ZSTD_MAGIC);
  new DataView(bytes.buffer).setUint32(HEAD, packed.length, true);
  bytes.set(packed, HEAD + SIZE_LENGTH);
  return bytes;
}

/** Ends a file. @param content The CRC-32 and the length of the uncompressed blocks */
export function endFrame({ crc, length }: { crc: number; length: number }): Uint8Array {
  const bytes = new Uint8Array(HEAD + END_LENGTH);
  bytes.set(frameHead(END_MAGIC, END_LENGTH));
  const view = new DataView(bytes.buffer);
  view.setUint32(HEAD, crc, true);
  view.setBigUint64(HEAD + 4, BigInt(length), true);
  return bytes;
}

/** Decompresses a file, piece by piece; fails where it is truncated, or data follows its end. */
export async function* unpackFrames(
  content: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const unpacking = new Unpacking(Infinity);
  for await (const piece of content) yield* unpacking.push(piece);
  unpacking.end();
}

/** Decompresses a small file. @throws where it is damaged, or holds more than `max` bytes */
export function unpackAll(bytes: Uint8Array, max: number): Uint8Array {
  const unpacking = new Unpacking(max);
  const blocks = [...unpacking.push(bytes)];
  unpacking.end();
  return Buffer.concat(blocks);
}

/** Returns the head of a skippable frame. */
function frameHead(magic: number, length: number): Uint8Array {
  const bytes = new Uint8Array(HEAD);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, magic, true);
  view.setUint32(4, length, true);
  return bytes;
}

/** A file lacks its end. */
class TruncatedError extends Error {}

/** Returns whether a file is as it was written, or lacks its end only. @throws the errors of the content */
export async function startsIntact(content: ReadableStream<Uint8Array>): Promise<boolean> {
  const unpacking = new Unpacking(Infinity);
  for await (const piece of content) {
    if (!canUnpack(unpacking, piece)) return false;
  }
  try {
    unpacking.end();
    return true;
  } catch (error) {
    return error instanceof TruncatedError;
  }
}

function canUnpack(unpacking: Unpacking, piece: Uint8Array): boolean {
  try {
    unpacking.push(piece).forEach(() => {});
    return true;
  } catch {
    return false;
  }
}

/** A file that is decompressed frame by frame: the library reads only the first one of a file. */
class Unpacking {
  readonly #max: number;
  /** The bytes of a frame that is not complete yet. */
  #held: Uint8Array = new Uint8Array();
  /** Bytes of the next frame; undefined where it is not known yet. */
  #next: number | undefined;
  #crc = 0;
  #length = 0;
  #isOver = false;

  /** @param max Bytes, decompressed, above which it fails */
  constructor(max: number) {
    this.#max = max;
  }

  /** Yields the blocks that a piece completes. @throws Error where the file is not valid */
  *push(piece: Uint8Array): Generator<Uint8Array> {
    this.#held = this.#held.length === 0 ? piece : Buffer.concat([this.#held, piece]);
    for (let frame = this.#takeFrame(); frame; frame = this.#takeFrame()) {
      const maxOutputLength = Math.min(MAX_FRAME, this.#max - this.#length);
      const block = zstdDecompressSync(frame, { maxOutputLength });
      this.#crc = crc32(block, this.#crc);
      this.#length += block.length;
      yield block;
    }
    // A stream reads its next piece into the same memory.
    this.#held = this.#held.slice();
  }

  /** @throws Error where the file is truncated */
  end(): void {
    if (!this.#isOver) throw new TruncatedError("It is truncated");
  }

  /** Returns the next frame, if it is complete. */
  #takeFrame(): Uint8Array | null {
    while (this.#next === undefined) {
      if (this.#isOver && this.#held.length > 0) throw new Error("Data follows its end");
      const view = new DataView(this.#held.buffer, this.#held.byteOffset, this.#held.length);
      if (view.byteLength < HEAD) return null;
      const [magic, length] = [view.getUint32(0, true), view.getUint32(4, true)];
      const isEnd = magic === END_MAGIC && length === END_LENGTH;
      if (!isEnd && (magic !== SIZE_MAGIC || length !== SIZE_LENGTH)) {
        throw new Error("A frame has no length");
      }
      if (view.byteLength < HEAD + length) return null;
      if (isEnd) this.#checkEnd(view);
      else this.#next = view.getUint32(HEAD, true);
      this.#held = this.#held.subarray(HEAD + length);
    }
    if (this.#next > MAX_FRAME) throw new Error("A frame is too long");
    if (this.#held.length < this.#next) return null;
    const frame = this.#held.subarray(0, this.#next);
    this.#held = this.#held.subarray(this.#next);
    this.#next = undefined;
    return frame;
  }

  #checkEnd(view: DataView): void {
    const isWhole = view.getUint32(HEAD, true) === this.#crc &&
      view.getBigUint64(HEAD + 4, true) === BigInt(this.#length);
    if (!isWhole) throw new Error("Its checksum or its length does not match");
    this.#isOver = true;
  }
}
