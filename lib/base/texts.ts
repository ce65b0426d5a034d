/** Many texts, in the order in which they were added, outside of V8's heap. */

import type { BlockFile } from "./block_file.ts";

/** Most bytes of a block of text, unless one text is longer; as one block they would be in memory twice to grow. */
const BLOCK = 2 ** 17;
/** Full blocks in memory if the others are in a file: who asks nearly in order needs two. */
const KEPT = 4;
/** Initial bytes and texts. */
const [FIRST_BYTES, FIRST_TEXTS] = [4_096, 64];

/** A block of texts one after the other. */
interface Block {
  /** Undefined while it is in the file only. */
  bytes: Uint8Array<ArrayBuffer> | undefined;
  filled: number;
  /** Its place in the file, once it was written. */
  at?: number;
}

/** Texts by number, in blocks; a large number of them is in a temporary file, if there is one. */
export class Texts {
  readonly #blocks: Block[] = [{ bytes: new Uint8Array(FIRST_BYTES), filled: 0 }];
  readonly #file: BlockFile | undefined;
  /** The full blocks in memory if there is a file, the one that was asked for last at the end. */
  readonly #kept: number[] = [];
  /** Memory of a block that is in the file only. */
  #spare: Uint8Array<ArrayBuffer> | undefined;
  /** Block of each text, and offset in it. */
  #places = new Uint16Array(FIRST_TEXTS);
  #starts = new Uint32Array(FIRST_TEXTS);
  /** The number of texts. */
  count = 0;
  /** Their bytes. */
  length = 0;

  /** @param file For full blocks, which are in memory otherwise; it is open as long as texts are asked for. */
  constructor(file?: BlockFile) {
    this.#file = file;
  }

  /** Adds a text. @returns Its number, from 0 on. @throws UserError where the disk is full. */
  append(text: Uint8Array): number {
    if (this.count === this.#starts.length) {
      this.#places = growNumbers(this.#places, new Uint16Array(this.count * 2));
      this.#starts = growNumbers(this.#starts, new Uint32Array(this.count * 2));
    }
    const block = this.#blockFor(text.length);
    this.#places[this.count] = this.#blocks.length - 1;
    this.#starts[this.count] = block.filled;
    block.bytes?.set(text, block.filled);
    block.filled += text.length;
    this.length += text.length;
    return this.count++;
  }

  /** Returns whether a text and the next are in the same block. */
  isBeside(text: number): boolean {
    return text + 1 < this.count && this.#places[text] === this.#places[text + 1];
  }

  /** Returns the length of a text. */
  lengthAt(text: number): number {
    const place = this.#places[text] ?? 0;
    return this.#endOf(text, this.#blocks[place]) - (this.#starts[text] ?? 0);
  }

  /**
   * Returns a text, or all from one to another that are beside each other, valid until others are asked for or added.
   * @throws DiskError if the disk fails.
   */
  at(first: number, last = first): Uint8Array {
    const place = this.#places[first] ?? 0;
    const block = this.#blocks[place];
    return this.#bytesOf(place).subarray(this.#starts[first], this.#endOf(last, block));
  }

  #endOf(text: number, block: Block | undefined): number {
    return (this.isBeside(text) ? this.#starts[text + 1] : block?.filled) ?? 0;
  }

  /** Returns a block's bytes, from the file if they are not in memory. */
  #bytesOf(place: number): Uint8Array<ArrayBuffer> {
    const block = this.#blocks[place] ?? NONE;
    const isOpen = place === this.#blocks.length - 1;
    if (this.#file && !isOpen && place !== this.#kept.at(-1)) this.#keep(place, block);
    return block.bytes ?? NOTHING;
  }

  /** Makes a full block the last one that memory is taken from. */
  #keep(place: number, block: Block): void {
    const at = this.#kept.indexOf(place);
    if (at >= 0) this.#kept.splice(at, 1);
    else if (this.#kept.length >= KEPT) this.#spill(this.#kept.shift() ?? 0);
    if (!block.bytes) {
      const bytes = this.#take(block.filled);
      this.#file?.read(block.at ?? 0, bytes.subarray(0, block.filled));
      block.bytes = bytes;
    }
    this.#kept.push(place);
  }

  /** Takes a block's memory, once the file has it. */
  #spill(place: number): void {
    const block = this.#blocks[place];
    if (!block?.bytes) return;
    block.at ??= this.#file?.append(block.bytes.subarray(0, block.filled)) ?? 0;
    [this.#spare, block.bytes] = [block.bytes, undefined];
  }

  /** Returns the last block with room for this many bytes, or a new one. */
  #blockFor(length: number): Block {
    const last = this.#blocks.at(-1) ?? NONE;
    const needed = last.filled + length;
    if (last.bytes && needed <= last.bytes.length) return last;
    if (last.bytes && needed <= BLOCK) {
      const size = Math.min(BLOCK, Math.max(needed, last.bytes.length * 2));
      last.bytes = new Uint8Array(last.bytes.buffer.transfer(size));
      return last;
    }
    if (this.#file) this.#keep(this.#blocks.length - 1, last);
    const block = { bytes: this.#take(Math.max(BLOCK, length)), filled: 0 };
    this.#blocks.push(block);
    return block;
  }

  /** Returns memory for a block: that of another one, if it has this many bytes and not many more. */
  #take(length: number): Uint8Array<ArrayBuffer> {
    const spare = this.#spare;
    this.#spare = undefined;
    const fits = spare && spare.length >= length && spare.length <= Math.max(BLOCK, length);
    return fits ? spare : new Uint8Array(length);
  }
}

const NOTHING = new Uint8Array();
const NONE: Block = { bytes: NOTHING, filled: 0 };

/** Returns numbers with room for more. */
export function growNumbers<T extends Uint16Array | Uint32Array>(numbers: T, more: T): T {
  more.set(numbers);
  return more;
}
