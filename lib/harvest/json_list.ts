/** A list that grows during a harvest, as JSON text. */

const encoder = new TextEncoder();
/** Bytes of the first block, and the most of any, unless one value is longer. */
const [FIRST_SIZE, BLOCK] = [4_096, 2 ** 17];

/** A list as it was at one moment. */
export interface JsonListCut {
  /** Grows with the list: equal for equal content. */
  bytes: number;
  /** The list as JSON, one value a line; rendered at each call. */
  content: () => Uint8Array;
}

/** A list of JSON values that takes no more memory than their text. */
export class JsonList {
  /** Full blocks, and the one that is being filled: as one they would be in memory twice to grow. */
  readonly #full: Uint8Array[] = [];
  #block = new Uint8Array(FIRST_SIZE);
  #filled = 0;
  #length = 0;

  /** Adds a value at the end. */
  add(value: unknown): void {
    const added = encoder.encode(`${this.#length === 0 ? "[" : ","}\n${JSON.stringify(value)}`);
    if (this.#filled + added.length > this.#block.length) {
      this.#full.push(this.#block.subarray(0, this.#filled));
      this.#block = new Uint8Array(Math.max(added.length, Math.min(this.#block.length * 2, BLOCK)));
      this.#filled = 0;
    }
    this.#block.set(added, this.#filled);
    this.#filled += added.length;
    this.#length += added.length;
  }

  /** Returns the list as it is now, whatever is added later. */
  soFar(): JsonListCut {
    const bytes = this.#length;
    return { bytes, content: () => this.#first(bytes) };
  }

  #first(bytes: number): Uint8Array {
    const end = encoder.encode(bytes === 0 ? "[]\n" : "\n]\n");
    const content = new Uint8Array(bytes + end.length);
    let at = 0;
    for (const block of [...this.#full, this.#block]) {
      content.set(block.subarray(0, bytes - at), at);
      at = Math.min(at + block.length, bytes);
    }
    content.set(end, bytes);
    return content;
  }
}
