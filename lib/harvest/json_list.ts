/** A list that grows during a harvest, as JSON text. */

const encoder = new TextEncoder();
const FIRST_SIZE = 4_096;

/** A list as it was at one moment. */
export interface JsonListCut {
  /** Grows with the list: equal for equal content. */
  bytes: number;
  /** The list as JSON, one value a line; rendered at each call. */
  content: () => Uint8Array;
}

/** A list of JSON values that takes no more memory than their text. */
export class JsonList {
  #text = new Uint8Array(FIRST_SIZE);
  #length = 0;

  /** Adds a value at the end. */
  add(value: unknown): void {
    const added = encoder.encode(`${this.#length === 0 ? "[" : ","}\n${JSON.stringify(value)}`);
    const length = this.#length + added.length;
    if (length > this.#text.length) {
      this.#text = new Uint8Array(this.#text.buffer.transfer(length + (length >> 2)));
    }
    this.#text.set(added, this.#length);
    this.#length = length;
  }

  /** Returns the list as it is now, whatever is added later. */
  soFar(): JsonListCut {
    const bytes = this.#length;
    return { bytes, content: () => this.#first(bytes) };
  }

  #first(bytes: number): Uint8Array {
    const end = encoder.encode(bytes === 0 ? "[]\n" : "\n]\n");
    const content = new Uint8Array(bytes + end.length);
    content.set(this.#text.subarray(0, bytes));
    content.set(end, bytes);
    return content;
  }
}
