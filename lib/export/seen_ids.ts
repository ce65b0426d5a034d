/** The ids that were exported: each tweet is exported once. */

import { hashId, IdNumber } from "../base/id_number.ts";

/** Slots to begin with; always a power of two. */
const FIRST_SLOTS = 2 ** 12;

/**
 * A set of ids of 64 bits that takes 8 bytes a slot, 12 to 24 an id: a million take 16 MB. Numbers are kept as two
 * halves of 32 bits, as each BigInt would be garbage.
 */
export class SeenIds {
  /** The low and the high half of each number, two by two; an empty slot has none of either. */
  #slots = new Uint32Array(2 * FIRST_SLOTS);
  #hasZero = false;
  #count = 0;
  readonly #id = new IdNumber();

  /** How many ids there are. */
  get size(): number {
    return this.#count;
  }

  /** Adds an id, in digits; false where it is there already. */
  add(id: string): boolean {
    this.#id.read(id);
    if (this.#id.low === 0 && this.#id.high === 0) return this.#addZero();
    const at = this.#find();
    if (this.#isAt(at)) return false;
    this.#put(at);
    if (++this.#count * 3 > this.#slots.length) this.#grow();
    return true;
  }

  /** Returns whether an id, in digits, is there. */
  has(id: string): boolean {
    this.#id.read(id);
    return this.#id.low === 0 && this.#id.high === 0 ? this.#hasZero : this.#isAt(this.#find());
  }

  /** An empty slot is 0. */
  #addZero(): boolean {
    if (this.#hasZero) return false;
    this.#count++;
    return this.#hasZero = true;
  }

  /** Returns the slot of the number that was read, or the free one for it. */
  #find(): number {
    const mask = this.#slots.length - 2;
    let at = (hashId(this.#id) << 1) & mask;
    while (!this.#isAt(at) && !this.#isFree(at)) at = (at + 2) & mask;
    return at;
  }

  #isAt(at: number): boolean {
    return this.#slots[at] === this.#id.low && this.#slots[at + 1] === this.#id.high;
  }

  #isFree(at: number): boolean {
    return this.#slots[at] === 0 && this.#slots[at + 1] === 0;
  }

  #put(at: number): void {
    this.#slots[at] = this.#id.low;
    this.#slots[at + 1] = this.#id.high;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Uint32Array(old.length * 2);
    for (let i = 0; i < old.length; i += 2) {
      this.#id.low = old[i] ?? 0;
      this.#id.high = old[i + 1] ?? 0;
      if (this.#id.low !== 0 || this.#id.high !== 0) this.#put(this.#find());
    }
  }
}
