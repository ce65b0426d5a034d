/** How the lines of a tweets file are compressed. Another format is one more codec in this file. */

import { Buffer } from "node:buffer";
import { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { constants, crc32, createGunzip, deflateRawSync, gunzipSync } from "node:zlib";
import { endFrame, packFrame, startsIntact, unpackAll, unpackFrames, ZSTD_MAGIC } from "./zstd.ts";

/** A compression of whole files that can also be written block by block. */
export interface Codec {
  /** For messages: `it is not an intact gzip file`. */
  readonly name: string;
  /** The end of a file's name, behind `.jsonl`. */
  readonly suffix: string;
  /** The first bytes of every compressed file. */
  readonly magic: Uint8Array;
  /** The first bytes of a file that grows block by block. */
  readonly header: Uint8Array;
  /**
   * Compresses a block by itself: compressed blocks one after another, between a header and a trailer, are a file.
   * @returns Memory of its own, which can be released.
   */
  packBlock(block: Uint8Array): Uint8Array;
  /**
   * Ends a file.
   * @param content The CRC-32 and the length of the uncompressed blocks.
   */
  trailer(content: { crc: number; length: number }): Uint8Array;
  /** Decompresses a file; the stream fails where it is truncated, or data follows its end. */
  unpack(content: ReadableStream<Uint8Array>): ReadableStream<Uint8Array>;
  /**
   * Returns whether what a damaged file has is as it was written: it lacks its end only, or data follows it. Otherwise
   * bytes differ, and so may any line. @throws the errors of the content
   */
  startsIntact(content: ReadableStream<Uint8Array>): Promise<boolean>;
  /** Decompresses a small file. @throws where it is damaged, or holds more than `max` bytes */
  unpackBytes(bytes: Uint8Array, max: number): Uint8Array;
  /** Compresses all at once. */
  packBytes(content: Blob): Promise<Uint8Array>;
}

/** RFC 1952, one member a file. */
const GZIP: Codec = {
  name: "gzip",
  suffix: ".gz",
  magic: Uint8Array.of(0x1f, 0x8b),
  /** Magic, deflate, no flags, no time, no extra flags, unknown system. */
  header: Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255),

  /** Ends at a byte boundary with a fresh window (RFC 1951, a full flush). */
  packBlock: (block) =>
    deflateRawSync(block, {
      finishFlush: constants.Z_FULL_FLUSH,
      // As one piece: of many, each waits for a garbage collection, and what they are joined to as well.
      chunkSize: block.length + SPARE,
    }),

  /** An empty last block with fixed codes (RFC 1951), the checksum, and the length modulo 2^32. */
  trailer({ crc, length }) {
    const lastBlock = Uint8Array.of(3, 0);
    const bytes = new Uint8Array(lastBlock.length + 8);
    bytes.set(lastBlock);
    const view = new DataView(bytes.buffer, lastBlock.length);
    view.setUint32(0, crc, true);
    view.setUint32(4, length % 2 ** 32, true);
    return bytes;
  },

  unpack: (content) =>
    content.pipeThrough(
      new DecompressionStream("gzip") as TransformStream<Uint8Array, Uint8Array>,
    ),

  // The web's stream has one error for all faults.
  async startsIntact(content) {
    try {
      await pipeline(Readable.from(content), createGunzip(), new Writable({ write: discard }));
      return true;
    } catch (error) {
      const code = error instanceof Error && "code" in error ? `${error.code}` : "";
      if (!code.startsWith("Z_")) throw error;
      return code === "Z_BUF_ERROR";
    }
  },

  unpackBytes: (bytes, max) => gunzipSync(bytes, { maxOutputLength: max }),
  async packBytes(content) {
    const packed = content.stream().pipeThrough(new CompressionStream("gzip"));
    return Buffer.concat(await Array.fromAsync(packed));
  },
};

/** Bytes by which compressed data may be longer, and so many that Buffer takes memory of its own for them. */
const SPARE = 16_384;

function discard(_chunk: unknown, _encoding: string, done: () => void): void {
  done();
}

/** Levels of Zstandard that are accepted; those above 9 take many times as long, and save two per cent. */
export const ZSTD_LEVELS = { least: 1, usual: 3, most: 9 };
/** Bytes of a block where all is compressed at once. */
const ZSTD_BLOCK = 1 << 20;

/** RFC 8878, a frame a block. */
function zstd(level: number): Codec {
  return {
    name: "zstd",
    suffix: ".zst",
    magic: ZSTD_MAGIC,
    header: new Uint8Array(),
    packBlock: (block) => packFrame(block, level),
    trailer: endFrame,
    unpack: (content) => ReadableStream.from(unpackFrames(content)),
    startsIntact,
    unpackBytes: unpackAll,
    async packBytes(content) {
      const packed: Uint8Array[] = [];
      let crc = 0;
      for (let start = 0; start < content.size; start += ZSTD_BLOCK) {
        const block = await content.slice(start, start + ZSTD_BLOCK).bytes();
        crc = crc32(block, crc);
        packed.push(packFrame(block, level));
      }
      return Buffer.concat([...packed, endFrame({ crc, length: content.size })]);
    },
  };
}

const ZSTD = zstd(ZSTD_LEVELS.usual);

/** Every compression that a tweets file may have. */
export const CODECS: readonly Codec[] = [GZIP, ZSTD];

/** The compression of new files, unless a collection has another. */
export const CODEC = GZIP;

/** The names of compressions, as a configuration has them. */
export const PACKINGS = ["gzip", "zstd"] as const;

/** Returns the codec of new files. @param level Of Zstandard */
export function codecFor(packing: (typeof PACKINGS)[number] = "gzip", level?: number): Codec {
  if (packing === "gzip") return GZIP;
  return level === undefined ? ZSTD : zstd(level);
}

/**
 * Returns the codec of a file by its name, with or without the ending of a temporary file; otherwise that of new
 * files.
 */
export function findCodec(name: string): Codec {
  const file = name.slice(name.lastIndexOf("/") + 1);
  return CODECS.find(({ suffix }) => file.endsWith(suffix) || file.includes(`${suffix}.`)) ?? CODEC;
}

/** Returns the codec whose magic number the bytes begin with; undefined for anything else. */
export function detectCodec(bytes: Uint8Array): Codec | undefined {
  return CODECS.find(({ magic }) => magic.every((byte, i) => bytes[i] === byte));
}

/**
 * Decompresses bytes that begin with a codec's magic number; returns anything else, and what is damaged or too long,
 * as it is.
 */
export function unpackIfPacked(bytes: Uint8Array, max: number): Uint8Array {
  const codec = detectCodec(bytes);
  try {
    return codec ? codec.unpackBytes(bytes, max) : bytes;
  } catch {
    return bytes;
  }
}
