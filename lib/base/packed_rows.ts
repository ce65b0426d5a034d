/** Named texts outside of V8's heap, with those of earlier moments. */

import type { BlockFile } from "./block_file.ts";
import { growNumbers, Texts } from "./texts.ts";

/** Initial rows and slots. */
const [FIRST_ROWS, FIRST_SLOTS] = [64, 128];

/** Texts that begin with their keys, found by hash. A replaced one stays in place for existing snapshots. */
export class Rows {
  readonly #texts: Texts;
  /** How many of them are present. */
  living = 0;
  /** Bytes of deleted rows. */
  dead = 0;
  /** Number of rows when each was deleted; 0 for those present. */
  #gone = new Uint32Array(FIRST_ROWS);
  /** Hashes of the rows' keys where texts may be in a file: none is read in vain. */
  #hashes: Uint32Array<ArrayBuffer> | undefined;
  /** Index + 1 of each name's last row, at its key's hash or the next free slot. */
  #slots = new Uint32Array(FIRST_SLOTS);
  #used = 0;

  /** @param file For texts beyond some; all are in memory otherwise. */
  constructor(file?: BlockFile) {
    this.#texts = new Texts(file);
    if (file) this.#hashes = new Uint32Array(FIRST_ROWS);
  }

  /** The number of rows, with deleted ones. */
  get count(): number {
    return this.#texts.count;
  }

  /** Their bytes. */
  get length(): number {
    return this.#texts.length;
  }

  /** Returns a key's row, if there is one. */
  find(key: Uint8Array): number | undefined {
    const row = (this.#slots[this.#findSlot(key, hash(key))] ?? 0) - 1;
    return row < 0 || this.#gone[row] !== 0 ? undefined : row;
  }

  /** Sets a key's text; an empty one deletes it. */
  put(key: Uint8Array, text: Uint8Array): void {
    const before = this.find(key);
    if (before === undefined && text.length === 0) return;
    const row = this.#append(text);
    if (before !== undefined) {
      this.#gone[before] = this.count;
      this.dead += this.#texts.lengthAt(before);
      this.living--;
    }
    if (text.length === 0) {
      this.#gone[row] = this.count;
      return;
    }
    this.living++;
    this.#index(key, row);
  }

  /** Returns a row's text, valid until others are asked for or set. */
  textAt(row: number): Uint8Array {
    return this.#texts.at(row);
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
      while (this.#holds(row + 1, count) && this.#texts.isBeside(row)) row++;
      yield this.#texts.at(first, row);
    }
  }

  #append(text: Uint8Array): number {
    const row = this.#texts.append(text);
    if (row === this.#gone.length) {
      this.#gone = growNumbers(this.#gone, new Uint32Array(row * 2));
      if (this.#hashes) this.#hashes = growNumbers(this.#hashes, new Uint32Array(row * 2));
    }
    return row;
  }

  #index(key: Uint8Array, row: number): void {
    if (this.#used * 2 >= this.#slots.length) this.#spread();
    const hashed = hash(key);
    const slot = this.#findSlot(key, hashed);
    if (this.#slots[slot] === 0) this.#used++;
    this.#slots[slot] = row + 1;
    if (this.#hashes) this.#hashes[row] = hashed;
  }

  /** Doubles the slots. */
  #spread(): void {
    const rows = this.#slots;
    this.#slots = new Uint32Array(rows.length * 2);
    const mask = this.#slots.length - 1;
    for (const after of rows) {
      if (after === 0) continue;
      let slot = this.#hashAt(after - 1) & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = after;
    }
  }

  #hashAt(row: number): number {
    const hashed = this.#hashes?.[row];
    if (hashed !== undefined) return hashed;
    const text = this.textAt(row);
    return hash(text.subarray(0, keyLength(text)));
  }

  /** Returns a key's slot, or the free one where it belongs. */
  #findSlot(key: Uint8Array, hashed: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = hashed & mask;; slot = (slot + 1) & mask) {
      const row = (this.#slots[slot] ?? 0) - 1;
      if (row < 0) return slot;
      const mayBe = this.#hashes === undefined || this.#hashes[row] === hashed;
      if (mayBe && beginsWith(this.textAt(row), key)) return slot;
    }
  }
}

const [QUOTE, BACKSLASH] = [0x22, 0x5c];

/** Returns the encoded length of a text's key: a name in JSON, and a colon. */
export function keyLength(text: Uint8Array): number {
  let at = 1;
  while (text[at] !== QUOTE) at += text[at] === BACKSLASH ? 2 : 1;
  return at + 2;
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
