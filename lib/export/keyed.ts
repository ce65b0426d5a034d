/** Objects of a line by their keys, such as users by their ids: found by the keys' bytes, no string is made of them. */

import { Outline } from "../twitter/bytes/outline.ts";

const BACKSLASH = 0x5c;
const FIRST_PLACES = 64;
/** Bytes at the end of a key by which its place is found: ids that follow each other differ there. */
const TELLING = 6;

/** Objects by their keys, which are strings. It is used again for each line. */
export class Keyed {
  #outline = new Outline();
  /** The value of a key and its object, two by two, at the place that the key gives, or behind it. */
  #table = new Int32Array(2 * FIRST_PLACES);
  #count = 0;
  /** Whether each element of the list is an object with a key that no other one has. */
  hasAll = true;

  /**
   * Takes the objects of a list, of several with the same key the last one.
   * @returns False where a key has escapes, or is the empty one, by which tweets without a key have an object
   */
  read(outline: Outline, list: number, key: Uint8Array): boolean {
    this.#outline = outline;
    this.#table.fill(0);
    this.#count = 0;
    this.hasAll = true;
    if (list <= 0 || !outline.isArray(list)) return true;
    let elements = 0;
    for (let at = outline.first(list); at >= 0; at = outline.next(at, list)) {
      elements++;
      const value = outline.isObject(at) ? outline.find(at, key) : -1;
      if (value < 0 || !outline.isString(value)) continue;
      const isEmpty = outline.end(value) - outline.start(value) === 2;
      if (isEmpty || !isPlainString(outline, value)) return false;
      this.#put(value, at);
    }
    this.hasAll = this.#count === elements;
    return true;
  }

  /** Returns the object whose key is a value of the line; 0 where there is none. */
  get(key: number): number {
    return this.#table[this.#place(key) + 1] ?? 0;
  }

  #put(key: number, object: number): void {
    const place = this.#place(key);
    const isNew = this.#table[place] === 0;
    this.#table[place] = key;
    this.#table[place + 1] = object;
    if (isNew && ++this.#count * 4 > this.#table.length) this.#grow();
  }

  /** Returns the place of a key, or the free one for it. */
  #place(key: number): number {
    const { bytes } = this.#outline;
    const end = this.#outline.end(key) - 1;
    const start = Math.max(end - TELLING, this.#outline.start(key) + 1);
    let hash = 0;
    for (let i = start; i < end; i++) hash = Math.imul(hash, 31) + (bytes[i] ?? 0);
    const mask = this.#table.length - 1;
    for (let at = (hash * 2) & mask;; at = (at + 2) & mask) {
      const there = this.#table[at] ?? 0;
      if (there === 0 || this.#isSame(there, key)) return at;
    }
  }

  #isSame(one: number, other: number): boolean {
    const outline = this.#outline;
    const [start, second] = [outline.start(one), outline.start(other)];
    const length = outline.end(one) - start;
    if (length !== outline.end(other) - second) return false;
    for (let i = length - 1; i >= 0; i--) {
      if (outline.bytes[start + i] !== outline.bytes[second + i]) return false;
    }
    return true;
  }

  #grow(): void {
    const old = this.#table;
    this.#table = new Int32Array(2 * old.length);
    this.#count = 0;
    for (let i = 0; i < old.length; i += 2) {
      const key = old[i] ?? 0;
      if (key !== 0) this.#put(key, old[i + 1] ?? 0);
    }
  }
}

/** Returns whether a value is a string without escapes. */
export function isPlainString(outline: Outline, value: number): boolean {
  if (!outline.isString(value)) return false;
  const end = outline.end(value);
  for (let i = outline.start(value); i < end; i++) {
    if (outline.bytes[i] === BACKSLASH) return false;
  }
  return true;
}
