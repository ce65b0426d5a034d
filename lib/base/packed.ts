/** Large maps of JSON values, kept as text outside of V8's heap. */

import { toObject } from "./names_of.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
/** Most bytes of a block of text, unless one text is longer; as one block they would be in memory twice to grow. */
const BLOCK = 2 ** 17;
/** Initial bytes, rows and slots. */
const [FIRST_BYTES, FIRST_ROWS, FIRST_SLOTS] = [4_096, 64, 128];
/** Unused bytes before a compaction. */
const LEAST_DEAD = 65_536;
/** Named JSON values in little more memory than their text: as objects of V8 they would take four times that. */
export class Packed<T> implements Iterable<[string, T]> {
  #rows = new Rows();

  /** The number of members. */
  get size(): number {
    return this.#rows.living;
  }

  /** Returns a copy of a member's value; undefined if there is none. */
  get(name: string): T | undefined {
    const row = this.#rows.find(encodeKey(name));
    return row === undefined ? undefined : decodeValue<T>(this.#rows.textAt(row));
  }

  /** Returns whether there is a member. */
  has(name: string): boolean {
    return this.#rows.find(encodeKey(name)) !== undefined;
  }

  /** Sets a member; an existing one moves to the end. */
  set(name: string, value: T): void {
    this.#rows.put(encodeKey(name), encodeMember(name, value));
    this.#clear();
  }

  /** Deletes a member, if there is one. */
  delete(name: string): void {
    this.#rows.put(encodeKey(name), new Uint8Array());
    this.#clear();
  }

  /** Yields the names in the order in which they were last set. */
  *names(): Generator<string> {
    const { count } = this.#rows;
    for (const text of this.#rows.texts(count)) yield decodeName(text);
  }

  /** Yields the current members in the order in which they were last set. */
  [Symbol.iterator](): Iterator<[string, T]> {
    return this.cut()[Symbol.iterator]();
  }

  /** Returns a snapshot of the current members. It copies nothing. */
  cut(): PackedCut<T> {
    return new PackedCut(this.#rows, this.#rows.count);
  }

  /** Starts anew without deleted rows; existing snapshots keep the old ones. */
  #clear(): void {
    const { dead, length } = this.#rows;
    if (dead < LEAST_DEAD || dead < length / 2) return;
    const rows = new Rows();
    const { count } = this.#rows;
    for (const text of this.#rows.texts(count)) rows.put(text.subarray(0, keyLength(text)), text);
    this.#rows = rows;
  }
}

/** A block of texts one after the other. */
interface Block {
  bytes: Uint8Array<ArrayBuffer>;
  filled: number;
}

const NONE: Block = { bytes: new Uint8Array(), filled: 0 };

/** Texts in blocks, found by hash. A replaced one stays in place for existing snapshots. */
class Rows {
  readonly #blocks: Block[] = [{ bytes: new Uint8Array(FIRST_BYTES), filled: 0 }];
  length = 0;
  count = 0;
  living = 0;
  /** Bytes of deleted rows. */
  dead = 0;
  /** Block of each row, and offset in it. */
  #places = new Uint16Array(FIRST_ROWS);
  #starts = new Uint32Array(FIRST_ROWS);
  /** Number of rows when each was deleted; 0 for those present. */
  #gone = new Uint32Array(FIRST_ROWS);
  /** Index + 1 of each name's last row, at its key's hash or the next free slot. */
  #slots = new Uint32Array(FIRST_SLOTS);
  #used = 0;

  /** Returns a key's row, if there is one. */
  find(key: Uint8Array): number | undefined {
    const row = (this.#slots[this.#findSlot(key)] ?? 0) - 1;
    return row < 0 || this.#gone[row] !== 0 ? undefined : row;
  }

  /** Sets a key's text; an empty one deletes it. */
  put(key: Uint8Array, text: Uint8Array): void {
    const before = this.find(key);
    if (before === undefined && text.length === 0) return;
    if (before !== undefined) {
      this.#gone[before] = this.count + 1;
      this.dead += this.textAt(before).length;
      this.living--;
    }
    const row = this.#append(text);
    if (text.length === 0) {
      this.#gone[row] = this.count;
      return;
    }
    this.living++;
    this.#index(key, row);
  }

  /** Returns a row's text, valid until the next `put`. */
  textAt(row: number): Uint8Array {
    return this.#textOf(row, row);
  }

  /** Yields the texts of a snapshot of `count` rows, one by one. */
  *texts(count: number): Generator<Uint8Array> {
    for (let row = 0; row < count; row++) if (this.#holds(row, count)) yield this.textAt(row);
  }

  /** Returns whether a row is in a snapshot of `count` rows. */
  #holds(row: number, count: number): boolean {
    const gone = this.#gone[row] ?? 0;
    return row < count && (gone === 0 || gone > count);
  }

  /** Yields the texts of a snapshot of `count` rows, adjacent ones as one part. */
  *parts(count: number): Generator<Uint8Array> {
    for (let row = 0; row < count; row++) {
      if (!this.#holds(row, count)) continue;
      const first = row;
      while (this.#holds(row + 1, count) && this.#isBeside(row)) row++;
      yield this.#textOf(first, row);
    }
  }

  /** Returns whether a row and the next are in the same block. */
  #isBeside(row: number): boolean {
    return row + 1 < this.count && this.#places[row] === this.#places[row + 1];
  }

  /** Returns the text of adjacent rows. */
  #textOf(first: number, last: number): Uint8Array {
    const { bytes, filled } = this.#blocks[this.#places[first] ?? 0] ?? NONE;
    return bytes.subarray(
      this.#starts[first],
      this.#isBeside(last) ? this.#starts[last + 1] : filled,
    );
  }

  #append(text: Uint8Array): number {
    if (this.count === this.#starts.length) {
      this.#places = growNumbers(this.#places, new Uint16Array(this.count * 2));
      this.#starts = growNumbers(this.#starts, new Uint32Array(this.count * 2));
      this.#gone = growNumbers(this.#gone, new Uint32Array(this.count * 2));
    }
    const block = this.#blockFor(text.length);
    this.#places[this.count] = this.#blocks.length - 1;
    this.#starts[this.count] = block.filled;
    block.bytes.set(text, block.filled);
    block.filled += text.length;
    this.length += text.length;
    return this.count++;
  }

  /** Returns the last block with room for this many bytes, or a new one. */
  #blockFor(length: number): Block {
    const last = this.#blocks.at(-1);
    const needed = (last?.filled ?? 0) + length;
    if (last && needed <= last.bytes.length) return last;
    if (last && needed <= BLOCK) {
      const size = Math.min(BLOCK, Math.max(needed, last.bytes.length * 2));
      last.bytes = new Uint8Array(last.bytes.buffer.transfer(size));
      return last;
    }
    const block = { bytes: new Uint8Array(Math.max(BLOCK, length)), filled: 0 };
    this.#blocks.push(block);
    return block;
  }

  #index(key: Uint8Array, row: number): void {
    if (this.#used * 2 >= this.#slots.length) this.#spread();
    const slot = this.#findSlot(key);
    if (this.#slots[slot] === 0) this.#used++;
    this.#slots[slot] = row + 1;
  }

  /** Doubles the slots. */
  #spread(): void {
    const rows = this.#slots;
    this.#slots = new Uint32Array(rows.length * 2);
    for (const after of rows) {
      if (after === 0) continue;
      const text = this.textAt(after - 1);
      this.#slots[this.#findSlot(text.subarray(0, keyLength(text)))] = after;
    }
  }

  /** Returns a key's slot, or the free one where it belongs. */
  #findSlot(key: Uint8Array): number {
    const mask = this.#slots.length - 1;
    for (let slot = hash(key) & mask;; slot = (slot + 1) & mask) {
      const row = (this.#slots[slot] ?? 0) - 1;
      if (row < 0 || beginsWith(this.textAt(row), key)) return slot;
    }
  }
}

/** An object that is written member by member, without being in memory as a whole. */
export abstract class Members {
  /**
   * Yields the members' JSON text, each with a comma and a line break behind it, in parts that are valid until the
   * next.
   */
  abstract parts(): Iterable<Uint8Array>;

  /** The size of all parts, approximately. */
  abstract get bytes(): number;
}

/** Members that are computed while they are written. */
export class MadeMembers extends Members {
  readonly bytes: number;
  readonly #make: () => Iterable<[string, unknown]>;

  /**
   * @param make Computes them anew on each call.
   * @param bytes Their approximate size.
   */
  constructor(make: () => Iterable<[string, unknown]>, bytes: number) {
    super();
    this.#make = make;
    this.bytes = bytes;
  }

  override *parts(): Generator<Uint8Array> {
    for (const [name, value] of this.#make()) yield encodeMember(name, value);
  }
}

/** A snapshot of members. */
export class PackedCut<T> extends Members implements Iterable<[string, T]> {
  readonly #rows: Rows;
  readonly #count: number;

  /** @param rows Rows of a `Packed`, of which the first `count` belong to the snapshot. */
  constructor(rows: Rows, count: number) {
    super();
    this.#rows = rows;
    this.#count = count;
  }

  /** Whether it has no members. */
  get isEmpty(): boolean {
    for (const _ of this.parts()) return false;
    return true;
  }

  override parts(): Iterable<Uint8Array> {
    return this.#rows.parts(this.#count);
  }

  *[Symbol.iterator](): Generator<[string, T]> {
    for (const text of this.#rows.texts(this.#count)) {
      yield [decodeName(text), decodeValue<T>(text)];
    }
  }

  override get bytes(): number {
    let bytes = 0;
    for (const part of this.parts()) bytes += part.length;
    return bytes;
  }

  /** Returns the object for `JSON.stringify`. */
  toJSON(): Record<string, T> {
    return toObject(this);
  }
}

/** Encodes a name as the beginning of its member. */
function encodeKey(name: string): Uint8Array {
  return encoder.encode(`${JSON.stringify(name)}:`);
}

function encodeMember(name: string, value: unknown): Uint8Array {
  return encoder.encode(`${JSON.stringify(name)}:${JSON.stringify(value)},\n`);
}

const [QUOTE, BACKSLASH] = [0x22, 0x5c];

/** Returns the encoded length of a member's name, with its quotes and colon. */
function keyLength(text: Uint8Array): number {
  let at = 1;
  while (text[at] !== QUOTE) at += text[at] === BACKSLASH ? 2 : 1;
  return at + 2;
}

function decodeName(text: Uint8Array): string {
  return JSON.parse(decoder.decode(text.subarray(0, keyLength(text) - 1)));
}

function decodeValue<T>(text: Uint8Array): T {
  return JSON.parse(decoder.decode(text.subarray(keyLength(text), -2)));
}

/** FNV-1a. */
function hash(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

function beginsWith(text: Uint8Array, key: Uint8Array): boolean {
  return text.length >= key.length && key.every((byte, i) => text[i] === byte);
}

function growNumbers<T extends Uint16Array | Uint32Array>(numbers: T, more: T): T {
  more.set(numbers);
  return more;
}
