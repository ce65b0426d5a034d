/** The ids that were exported: each tweet is exported once. */

/** Slots to begin with; always a power of two. */
const FIRST_SLOTS = 2 ** 12;
const WORD = 2 ** 32;
const ZERO = 0x30;

/**
 * A set of ids of 64 bits that takes 8 bytes a slot, 12 to 24 an id: a million take 16 MB. Numbers are kept as two
 * halves of 32 bits, as each BigInt would be garbage.
 */
export class SeenIds {
  /** The low and the high half of each number, two by two; an empty slot has none of either. */
  #slots = new Uint32Array(2 * FIRST_SLOTS);
  #hasZero = false;
  #count = 0;
  #low = 0;
  #high = 0;

  /** How many ids there are. */
  get size(): number {
    return this.#count;
  }

  /** Adds an id, in digits; false where it is there already. */
  add(id: string): boolean {
    this.#read(id);
    if (this.#low === 0 && this.#high === 0) return this.#addZero();
    const at = this.#find();
    if (this.#isAt(at)) return false;
    this.#put(at);
    if (++this.#count * 3 > this.#slots.length) this.#grow();
    return true;
  }

  /** Returns whether an id, in digits, is there. */
  has(id: string): boolean {
    this.#read(id);
    return this.#low === 0 && this.#high === 0 ? this.#hasZero : this.#isAt(this.#find());
  }

  /** An empty slot is 0. */
  #addZero(): boolean {
    if (this.#hasZero) return false;
    this.#count++;
    return this.#hasZero = true;
  }

  /** Reads the halves of a number from its digits. */
  #read(id: string): void {
    let [low, high] = [0, 0];
    for (let i = 0; i < id.length; i++) {
      low = low * 10 + id.charCodeAt(i) - ZERO;
      high = (high * 10 + Math.floor(low / WORD)) % WORD;
      low %= WORD;
    }
    this.#low = low;
    this.#high = high;
  }

  /** Returns the slot of the number that was read, or the free one for it. */
  #find(): number {
    const mask = this.#slots.length - 2;
    const mixed = Math.imul(this.#low ^ this.#high, 0x9e3779b1);
    let at = ((mixed ^ (mixed >>> 15)) << 1) & mask;
    while (!this.#isAt(at) && !this.#isFree(at)) at = (at + 2) & mask;
    return at;
  }

  #isAt(at: number): boolean {
    return this.#slots[at] === this.#low && this.#slots[at + 1] === this.#high;
  }

  #isFree(at: number): boolean {
    return this.#slots[at] === 0 && this.#slots[at + 1] === 0;
  }

  #put(at: number): void {
    this.#slots[at] = this.#low;
    this.#slots[at + 1] = this.#high;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Uint32Array(old.length * 2);
    for (let i = 0; i < old.length; i += 2) {
      this.#low = old[i] ?? 0;
      this.#high = old[i + 1] ?? 0;
      if (this.#low !== 0 || this.#high !== 0) this.#put(this.#find());
    }
  }
}
