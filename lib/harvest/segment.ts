/** Rolling gzip files of lines, with checksums: whole segments, and the pieces of one that is still open. */

import { createHash, type Hash } from "node:crypto";
import { constants, crc32, deflateRawSync } from "node:zlib";
import { withLineFeeds, writeAll } from "./disk.ts";

/** A tweets file that is whole, on this machine's disk. */
export interface SegmentFile {
  path: string;
  /** Of the compressed file, in hex. */
  sha1: string;
  /** Bytes of the compressed file. */
  bytes: number;
  tweets: number;
}

/** Lines are compressed in blocks of this size: large enough that a fresh window costs one per cent. */
const BLOCK = 1 << 20;
const LINE_FEED = 0x0a;

/** RFC 1952: magic, deflate, no flags, no time, no extra flags, unknown system. */
const HEADER = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255);
/** RFC 1951: an empty last block with fixed codes. */
const LAST_BLOCK = Uint8Array.of(3, 0);

/**
 * One segment that is being written. Each block of lines is compressed by itself and ends at a byte
 * boundary (RFC 1951, a full flush), so that the same compressed bytes serve twice: as part of the
 * whole segment, and, with a header and trailer of their own, as a piece that can be in the store
 * before the segment is full. Both are gzip files of one member.
 */
export class Segment {
  readonly #directory: string;
  readonly #file: Deno.FsFile;
  readonly #path: string;
  readonly #block = new Uint8Array(BLOCK);
  #filled = 0;
  readonly #whole = new Content();
  readonly #sha1 = createHash("sha1").update(HEADER);
  #piece = new Content();
  #pieceStart = HEADER.length;
  #pieces = 0;
  #closed: SegmentFile | undefined;
  /** Set when a block was written in part: the file is of no use then. */
  #failure: unknown;

  private constructor(directory: string, path: string, file: Deno.FsFile) {
    this.#directory = directory;
    this.#path = path;
    this.#file = file;
  }

  /** Opens a new segment in a folder for temporary files. */
  static async open(directory: string): Promise<Segment> {
    const path = `${directory}/segment-${crypto.randomUUID()}.gz`;
    const file = await Deno.open(path, { createNew: true, write: true });
    const segment = new Segment(directory, path, file);
    await writeAll(file, HEADER);
    return segment;
  }

  /** Tweets in the segment so far. */
  get tweets(): number {
    return this.#whole.tweets;
  }

  /** Tweets since the last piece was cut. */
  get uncut(): number {
    return this.#piece.tweets;
  }

  /** Bytes since the last piece was cut, as far as they are compressed. */
  get uncutBytes(): number {
    return this.#piece.compressed;
  }

  /** Adds lines, which hold `tweets` tweets together, each with a line break at its end. */
  async append(lines: Uint8Array[], tweets: number): Promise<void> {
    this.#whole.tweets += tweets;
    this.#piece.tweets += tweets;
    for (const line of lines) {
      if (this.#filled + line.length + 1 > BLOCK) await this.#compress();
      if (line.length + 1 > BLOCK) {
        await this.#write(withLineFeeds([line]));
      } else {
        this.#block.set(line, this.#filled);
        this.#block[this.#filled + line.length] = LINE_FEED;
        this.#filled += line.length + 1;
      }
    }
  }

  /** What has come since the last piece, as a file of its own. */
  async cutPiece(): Promise<SegmentFile> {
    await this.#compress();
    const path = `${this.#path}.piece-${++this.#pieces}`;
    const sha1 = createHash("sha1");
    const piece = await Deno.open(path, { createNew: true, write: true });
    try {
      for await (const part of this.#pieceParts()) {
        sha1.update(part);
        await writeAll(piece, part);
      }
    } catch (error) {
      await Deno.remove(path).catch(() => {});
      throw error;
    } finally {
      piece.close();
    }
    const file = this.#piece.file(path, sha1);
    this.#pieceStart = HEADER.length + this.#whole.compressed;
    this.#piece = new Content();
    return file;
  }

  /** The whole segment as a file; nothing can be added after it. Closing twice is closing once. */
  async close(): Promise<SegmentFile> {
    if (this.#closed) return this.#closed;
    await this.#compress();
    const trailer = this.#whole.trailer();
    await writeAll(this.#file, trailer);
    this.#file.close();
    this.#closed = this.#whole.file(this.#path, this.#sha1.update(trailer));
    return this.#closed;
  }

  /** Header, the compressed blocks since the last piece (read back from the disk), trailer. */
  async *#pieceParts(): AsyncGenerator<Uint8Array> {
    yield HEADER;
    // A handle of its own: whatever happens here, the next block goes to the segment's end.
    using file = await Deno.open(this.#path);
    await file.seek(this.#pieceStart, Deno.SeekMode.Start);
    const buffer = new Uint8Array(1 << 16);
    for (let n = await file.read(buffer); n !== null; n = await file.read(buffer)) {
      yield buffer.subarray(0, n);
    }
    yield this.#piece.trailer();
  }

  async #compress(): Promise<void> {
    if (this.#failure) throw this.#failure;
    if (this.#filled === 0) return;
    const block = this.#block.subarray(0, this.#filled);
    this.#filled = 0;
    await this.#write(block);
  }

  async #write(block: Uint8Array): Promise<void> {
    if (this.#failure) throw this.#failure;
    const compressed = deflateRawSync(block, { finishFlush: constants.Z_FULL_FLUSH });
    try {
      await writeAll(this.#file, compressed);
    } catch (error) {
      this.#failure = error;
      throw error;
    }
    this.#whole.add(block, compressed.length);
    this.#piece.add(block, compressed.length);
    this.#sha1.update(compressed);
  }
}

/** What a gzip file holds so far. */
class Content {
  tweets = 0;
  /** Bytes of compressed blocks. */
  compressed = 0;
  #length = 0;
  #crc = 0;

  add(block: Uint8Array, compressed: number): void {
    this.#crc = crc32(block, this.#crc);
    this.#length += block.length;
    this.compressed += compressed;
  }

  /** The last block, the checksum and the length modulo 2^32 (RFC 1952). */
  trailer(): Uint8Array {
    const bytes = new Uint8Array(LAST_BLOCK.length + 8);
    bytes.set(LAST_BLOCK);
    const view = new DataView(bytes.buffer, LAST_BLOCK.length);
    view.setUint32(0, this.#crc, true);
    view.setUint32(4, this.#length % 2 ** 32, true);
    return bytes;
  }

  file(path: string, sha1: Hash): SegmentFile {
    const bytes = HEADER.length + this.compressed + LAST_BLOCK.length + 8;
    return { path, sha1: sha1.digest("hex"), bytes, tweets: this.tweets };
  }
}
