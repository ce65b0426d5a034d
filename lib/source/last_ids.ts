/** The last ids of a sequence: a new one costs the same, however many are remembered. */

import { hashId, IdNumber } from "../base/id_number.ts";

type Halves = Pick<IdNumber, "low" | "high">;

/** Ids for which there is room at first. */
const FIRST = 16;

/**
 * Ids, in digits, each once, of which the oldest are forgotten when there are too many. Those of a stream come and go
 * for months: as strings in a set they were most of what waited for a garbage collection.
 */
export class LastIds {
  readonly #most: number;
  /** The low and the high half of each, two by two; where it is full, the next one replaces the oldest. */
  #ring = new Uint32Array(2 * FIRST);
  /** The place in the ring + 1 of each, at its hash or the next free slot; a power of two. */
  #slots = new Uint32Array(2 * FIRST);
  #added = 0;
  /** The id that was read last. */
  readonly #id = new IdNumber();
  #text: string | undefined;

  /** @param most How many are remembered. */
  constructor(most: number) {
    this.#most = most;
  }

  /** How many were added. */
  get addedCount(): number {
    return this.#added;
  }

  /** Whether an id is remembered. */
  has(id: string): boolean {
    this.#read(id);
    return this.#slots[this.#find(this.#id)] !== 0;
  }

  /** Adds an id that is not remembered. @returns The one that is forgotten for it, if any. */
  add(id: string): string | undefined {
    const place = this.#added % this.#most;
    const oldest = this.#added < this.#most ? undefined : this.#textAt(place);
    if (oldest !== undefined) this.#forget(place);
    else if (this.#added * 2 === this.#ring.length) this.#grow();
    this.#read(id);
    this.#ring[2 * place] = this.#id.low;
    this.#ring[2 * place + 1] = this.#id.high;
    this.#slots[this.#find(this.#id)] = place + 1;
    this.#added++;
    return oldest;
  }

  /**
   * Returns those that were added last, oldest first.
   * @param past How many of the very last are left out.
   */
  newest(count: number, past = 0): string[] {
    const remembered = Math.min(this.#added, this.#most);
    const wanted = Math.max(Math.min(count, remembered - past), 0);
    const first = this.#added - past - wanted;
    return Array.from({ length: wanted }, (_, i) => this.#textAt(first + i));
  }

  /** Returns the id that was added as the n-th, or that replaced it. */
  #textAt(n: number): string {
    const { low, high } = this.#halvesAt(n % this.#most);
    return `${BigInt(high) << 32n | BigInt(low)}`;
  }

  #halvesAt(place: number): Halves {
    return { low: this.#ring[2 * place] ?? 0, high: this.#ring[2 * place + 1] ?? 0 };
  }

  /** Reads an id's number: mostly that of the call before. */
  #read(id: string): void {
    if (id !== this.#text) this.#id.read(id);
    this.#text = id;
  }

  /** Returns the slot of a number, or the free one for it. */
  #find({ low, high }: Halves): number {
    const mask = this.#slots.length - 1;
    for (let slot = hashId({ low, high }) & mask;; slot = (slot + 1) & mask) {
      const place = (this.#slots[slot] ?? 0) - 1;
      if (place < 0) return slot;
      if (this.#ring[2 * place] !== low) continue;
      if (this.#ring[2 * place + 1] === high) return slot;
    }
  }

  /** Empties the slot of the id at a place, and moves those behind it that belong before it. */
  #forget(place: number): void {
    const mask = this.#slots.length - 1;
    let free = this.#find(this.#halvesAt(place));
    for (let slot = (free + 1) & mask; this.#slots[slot] !== 0; slot = (slot + 1) & mask) {
      const wanted = hashId(this.#halvesAt((this.#slots[slot] ?? 0) - 1)) & mask;
      if (((slot - wanted) & mask) < ((slot - free) & mask)) continue;
      this.#slots[free] = this.#slots[slot] ?? 0;
      free = slot;
    }
    this.#slots[free] = 0;
  }

  #grow(): void {
    const ring = new Uint32Array(2 * this.#ring.length);
    ring.set(this.#ring);
    this.#ring = ring;
    this.#slots = new Uint32Array(2 * this.#slots.length);
    for (let place = 0; place < this.#added; place++) {
      this.#slots[this.#find(this.#halvesAt(place))] = place + 1;
    }
  }
}
