/** Rolling compressed files of lines, with checksums: whole segments, and the pieces of one that is still open. */

import { createHash, type Hash } from "node:crypto";
import { crc32 } from "node:zlib";
import { DamagedError } from "../base/errors.ts";
import { onDisk } from "../base/disk.ts";
import { release } from "../base/memory.ts";
import { CODEC, type Codec } from "../format/codec.ts";
import { joinLines } from "../format/lines.ts";
import type { GrowingFile, SpoolFolder } from "./spool_folder.ts";

/** A complete tweets file on this machine's disk. */
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

/**
 * One open segment. Each block of lines is compressed by itself, so that the same compressed bytes serve twice: as
 * part of the whole segment, and, with a header and trailer of their own, as a piece that can be in the store before
 * the segment is full. Both are regular files of the codec.
 */
export class Segment {
  readonly #folder: SpoolFolder;
  readonly #name: string;
  readonly #file: GrowingFile;
  readonly #block = new Uint8Array(BLOCK);
  #filled = 0;
  readonly #codec: Codec;
  readonly #whole: Content;
  #piece: Content;
  #pieceSha1: Hash;
  #pieceStart: number;
  #pieces = 0;
  #closed: SegmentFile | undefined;
  /** Set when a block was written in part: the file is unusable then. */
  #failure: unknown;

  private constructor(
    { folder, name, file }: { folder: SpoolFolder; name: string; file: GrowingFile },
    codec: Codec,
  ) {
    this.#folder = folder;
    this.#name = name;
    this.#file = file;
    this.#codec = codec;
    this.#whole = new Content(codec);
    this.#piece = new Content(codec);
    this.#pieceSha1 = createHash("sha1").update(codec.header);
    this.#pieceStart = codec.header.length;
  }

  /** Opens a new segment in a folder for temporary files. @throws UserError, DiskError where its disk fails */
  static async open(folder: SpoolFolder, codec: Codec = CODEC): Promise<Segment> {
    const name = `segment-${crypto.randomUUID()}${codec.suffix}`;
    return await onDisk(folder.path, async () => {
      const file = await folder.grow(name);
      if (codec.header.length > 0) await file.append(codec.header);
      return new Segment({ folder, name, file }, codec);
    });
  }

  /** Tweets in the segment so far. */
  get tweets(): number {
    return this.#whole.tweets;
  }

  /** Tweets since the last piece was cut. */
  get uncutTweets(): number {
    return this.#piece.tweets;
  }

  /** Bytes since the last piece was cut, as far as they are compressed. */
  get uncutBytes(): number {
    return this.#file.length - this.#pieceStart;
  }

  /** Adds lines, which hold `tweets` tweets together, each with a line break at its end. */
  async append(lines: Uint8Array[], tweets: number): Promise<void> {
    this.#whole.tweets += tweets;
    this.#piece.tweets += tweets;
    for (const line of lines) {
      if (this.#filled + line.length + 1 > BLOCK) await this.#compress();
      if (line.length + 1 > BLOCK) {
        await this.#write(joinLines([line]));
      } else {
        this.#block.set(line, this.#filled);
        this.#block[this.#filled + line.length] = LINE_FEED;
        this.#filled += line.length + 1;
      }
    }
  }

  /**
   * Returns the lines since the last piece, as a file of its own. @throws UserError, DiskError where the disk fails
   */
  async cutPiece(): Promise<SegmentFile> {
    await this.#compress();
    return await onDisk(this.#folder.path, async () => {
      const piece = await this.#folder.grow(`${this.#name}.piece-${++this.#pieces}`);
      try {
        for await (const part of this.#pieceParts()) await piece.append(part);
        this.#checkPiece(piece);
      } catch (error) {
        await this.#folder.files.remove(piece.path).catch(() => {});
        throw error;
      } finally {
        await piece.close();
      }
      const file = this.#piece.file(piece);
      this.#pieceStart = this.#file.length;
      this.#piece = new Content(this.#codec);
      this.#pieceSha1 = createHash("sha1").update(this.#codec.header);
      return file;
    });
  }

  /** @throws DamagedError where the bytes that were read back differ from those that were written. */
  #checkPiece(piece: GrowingFile): void {
    const sha1 = this.#pieceSha1.copy().update(this.#piece.trailer()).digest("hex");
    if (piece.sha1 === sha1) return;
    throw new DamagedError(`A temporary file is damaged: ${this.#file.path}`);
  }

  /** Returns the whole segment as a file; nothing can be added after it. A second call returns the same. */
  async close(): Promise<SegmentFile> {
    if (this.#closed) return this.#closed;
    await this.#compress();
    return this.#closed = await onDisk(this.#folder.path, async () => {
      await this.#file.append(this.#whole.trailer());
      await this.#file.restore();
      await this.#file.close();
      return this.#whole.file(this.#file);
    });
  }

  /** Header, the compressed blocks since the last piece (read back from the disk), trailer. */
  async *#pieceParts(): AsyncGenerator<Uint8Array> {
    if (this.#codec.header.length > 0) yield this.#codec.header;
    yield* this.#file.content(this.#pieceStart, this.#file.length);
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
    const compressed = this.#codec.packBlock(block);
    try {
      await onDisk(this.#folder.path, () => this.#file.append(compressed));
    } catch (error) {
      this.#failure = error;
      throw error;
    }
    this.#whole.add(block);
    this.#piece.add(block);
    this.#pieceSha1.update(compressed);
    const { buffer } = compressed;
    if (buffer instanceof ArrayBuffer) release({ buffer });
  }
}

/** The compressed content of a file so far. */
class Content {
  tweets = 0;
  readonly #codec: Codec;
  #length = 0;
  #crc = 0;

  constructor(codec: Codec) {
    this.#codec = codec;
  }

  add(block: Uint8Array): void {
    this.#crc = crc32(block, this.#crc);
    this.#length += block.length;
  }

  trailer(): Uint8Array {
    return this.#codec.trailer({ crc: this.#crc, length: this.#length });
  }

  file({ path, sha1, length }: GrowingFile): SegmentFile {
    return { path, sha1, bytes: length, tweets: this.tweets };
  }
}
