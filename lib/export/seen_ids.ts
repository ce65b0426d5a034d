/** The ids that were exported: each tweet is exported once. */

/** Slots to begin with; always a power of two. */
const FIRST_SLOTS = 2 ** 12;

/** A set of ids of 64 bits that takes 8 bytes a slot, up to 16 an id: a million take 16 MB. */
export class SeenIds {
  #slots = new BigUint64Array(FIRST_SLOTS);
  #hasZero = false;
  #count = 0;

  /** How many ids there are. */
  get size(): number {
    return this.#count;
  }

  /** Adds an id, in digits; false where it is there already. */
  add(id: string): boolean {
    const number = BigInt.asUintN(64, BigInt(id));
    if (number === 0n) return this.#addZero();
    const at = this.#find(number);
    if (this.#slots[at] === number) return false;
    this.#slots[at] = number;
    if (++this.#count * 3 > this.#slots.length * 2) this.#grow();
    return true;
  }

  /** Returns whether an id, in digits, is there. */
  has(id: string): boolean {
    const number = BigInt.asUintN(64, BigInt(id));
    return number === 0n ? this.#hasZero : this.#slots[this.#find(number)] === number;
  }

  /** An empty slot is 0. */
  #addZero(): boolean {
    if (this.#hasZero) return false;
    this.#count++;
    return this.#hasZero = true;
  }

  /** Returns the slot of a number, or the free one for it. */
  #find(number: bigint): number {
    const mask = this.#slots.length - 1;
    const mixed = Math.imul(Number(number & 0xffffffffn) ^ Number(number >> 32n), 0x9e3779b1);
    let at = (mixed ^ (mixed >>> 15)) & mask;
    for (;;) {
      const there = this.#slots[at];
      if (there === 0n || there === number) return at;
      at = (at + 1) & mask;
    }
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new BigUint64Array(old.length * 2);
    for (const number of old) if (number !== 0n) this.#slots[this.#find(number)] = number;
  }
}
