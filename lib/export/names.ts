/** Names of members, found by their bytes in a JSON text: no string is made of them. */

/** Places for each name, so that most have one of their own. */
const PLACES = 4;

const encoder = new TextEncoder();

/** A list of names. */
export class Names {
  readonly #names: Uint8Array[];
  /** A name's number and 1, at the place that its bytes give, or behind it; 0 for none. */
  readonly #table: Uint16Array;
  readonly #mask: number;

  constructor(names: readonly string[]) {
    this.#names = names.map((name) => encoder.encode(name));
    const size = 2 ** Math.ceil(Math.log2(names.length * PLACES + 1));
    this.#table = new Uint16Array(size);
    this.#mask = size - 1;
    for (const [i, name] of this.#names.entries()) {
      let at = this.#place(name, 0, name.length);
      while (this.#table[at] !== 0) at = (at + 1) & this.#mask;
      this.#table[at] = i + 1;
    }
  }

  /** Returns the number of the name that lies from `start` to `end`; -1 for one that is not in the list. */
  find(bytes: Uint8Array, start: number, end: number): number {
    for (let at = this.#place(bytes, start, end);; at = (at + 1) & this.#mask) {
      const number = (this.#table[at] ?? 0) - 1;
      if (number < 0 || isSame(this.#names[number], bytes, start, end)) return number;
    }
  }

  #place(bytes: Uint8Array, start: number, end: number): number {
    const [first = 0, middle = 0, last = 0] = [
      bytes[start],
      bytes[(start + end) >> 1],
      bytes[end - 1],
    ];
    return (Math.imul(end - start, 29) + Math.imul(first, 7) + Math.imul(middle, 3) + last) &
      this.#mask;
  }
}

function isSame(
  name: Uint8Array | undefined,
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  if (name?.length !== end - start) return false;
  for (let i = 0; i < name.length; i++) if (name[i] !== bytes[start + i]) return false;
  return true;
}
