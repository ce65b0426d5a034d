/** Counts of names, which are found by their bytes in JSON texts: no string is made of one that is known. */

import { Buffer } from "node:buffer";

const FIRST_BYTES = 2 ** 12;
const FIRST_PLACES = 2 ** 8;

/** Texts, each with a number, by their bytes. */
export class ByteTexts {
  #bytes = new Uint8Array(FIRST_BYTES);
  /** Where each text ends. */
  #ends: number[] = [];
  /** A text's number and 1, at the place that its bytes give, or behind it; 0 for none. */
  #table = new Int32Array(FIRST_PLACES);

  get size(): number {
    return this.#ends.length;
  }

  /** Returns the number of the text that lies from `start` to `end`: that of a new one is the size before. */
  find(bytes: Uint8Array, start: number, end: number): number {
    const mask = this.#table.length - 1;
    let at = hash(bytes, start, end) & mask;
    for (let number = this.#table[at] ?? 0; number > 0; number = this.#table[at] ?? 0) {
      if (this.#isSame(number - 1, bytes, start, end)) return number - 1;
      at = (at + 1) & mask;
    }
    this.#table[at] = this.#add(bytes, start, end) + 1;
    if (2 * this.size > this.#table.length) this.#grow();
    return this.size - 1;
  }

  /** Returns the text of a number. */
  text(number: number): string {
    const [start, end] = [this.#start(number), this.#ends[number] ?? 0];
    return Buffer.from(this.#bytes.buffer, start, end - start).toString();
  }

  #start(number: number): number {
    return this.#ends[number - 1] ?? 0;
  }

  #isSame(number: number, bytes: Uint8Array, start: number, end: number): boolean {
    const own = this.#start(number);
    if ((this.#ends[number] ?? 0) - own !== end - start) return false;
    for (let i = end - start - 1; i >= 0; i--) {
      if (this.#bytes[own + i] !== bytes[start + i]) return false;
    }
    return true;
  }

  #add(bytes: Uint8Array, start: number, end: number): number {
    const from = this.#ends.at(-1) ?? 0;
    const to = from + end - start;
    if (to > this.#bytes.length) {
      const larger = new Uint8Array(2 * to);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    for (let i = start; i < end; i++) this.#bytes[from + i - start] = bytes[i] ?? 0;
    return this.#ends.push(to) - 1;
  }

  #grow(): void {
    this.#table = new Int32Array(4 * this.#table.length);
    const mask = this.#table.length - 1;
    for (const [number, end] of this.#ends.entries()) {
      let at = hash(this.#bytes, this.#start(number), end) & mask;
      while (this.#table[at] !== 0) at = (at + 1) & mask;
      this.#table[at] = number + 1;
    }
  }
}

function hash(bytes: Uint8Array, start: number, end: number): number {
  let mixed = end - start;
  for (let i = start; i < end; i++) mixed = Math.imul(mixed ^ (bytes[i] ?? 0), 0x01000193);
  return mixed ^ (mixed >>> 15);
}

/** Returns a name for what a JSON string says. */
export type ToName = (text: string) => string;

/** Names, each with a number and a count, in the order that they came in. */
export class Counter {
  readonly #texts = new ByteTexts();
  /** The name of each text. */
  readonly #nameOf: number[] = [];
  readonly #names = new Map<string, number>();
  readonly #counts: number[] = [];
  /** The turn in which each name was counted last. */
  readonly #turns: number[] = [];

  /**
   * Returns the number of a name by the string that lies from `start` to `end` in a JSON text, without its quotes.
   * @param toName Called for a string that is new.
   */
  find(bytes: Uint8Array, start: number, end: number, toName?: ToName): number {
    const text = this.#texts.find(bytes, start, end);
    const known = this.#nameOf[text];
    if (known !== undefined) return known;
    const said: string = JSON.parse(`"${this.#texts.text(text)}"`);
    return this.#nameOf[text] = this.number(toName ? toName(said) : said);
  }

  /** Returns the number of a name. */
  number(name: string): number {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    const number = this.#counts.push(0) - 1;
    this.#turns.push(-1);
    this.#names.set(name, number);
    return number;
  }

  add(number: number): void {
    this.#counts[number] = (this.#counts[number] ?? 0) + 1;
  }

  addName(name: string): void {
    this.add(this.number(name));
  }

  /** Counts a name, once in each turn. */
  addOnce(number: number, turn: number): void {
    if (this.#turns[number] === turn) return;
    this.#turns[number] = turn;
    this.add(number);
  }

  /** Yields each name that was counted, with its count and its number. */
  *counts(): Generator<[name: string, count: number, number: number]> {
    for (const [name, number] of this.#names) {
      const count = this.#counts[number] ?? 0;
      if (count > 0) yield [name, count, number];
    }
  }
}
