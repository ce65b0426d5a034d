/**
 * JSON texts as JSON.stringify writes them, made of their bytes: nothing is parsed. Rows are put together of their
 * parts, in the memory where they are.
 */

import { type Name, Outline } from "./outline.ts";
import {
  ask,
  copy,
  markCount,
  marked,
  memory,
  place,
  reach,
  recorded,
  tidy,
  written,
  writtenEnd,
} from "./tidy.wasm";

/** The numbers of a mark: those of a value and of what it is in, and the kind of its name. */
const MARK = 3;
/** The kind of names with which a text is left to a parser, and of numbers that have to be looked at. */
const [STRANGE, NUMBER] = [1, 2];
/** The kind of the next name that is asked for. */
let nextKind = 3;
const decoder = new TextDecoder();

/** Asks for names, for all texts. @returns The kind of the first one; each other one has the next */
export function askFor(names: readonly string[]): number {
  const first = nextKind;
  for (const one of names) askOne(one, nextKind++);
  return first;
}

/** Leaves all texts to a parser that have members of these names. */
export function leaveOut(names: Iterable<string>): void {
  for (const one of names) askOne(one, STRANGE);
}

function askOne(name: string, kind: number): void {
  const bytes = new TextEncoder().encode(name);
  new Uint8Array(memory.buffer).set(bytes, place(bytes.length));
  ask(bytes.length, kind);
}

/** The text that was read last, with its values, and rows behind it. There is one for all. */
export class TidyText {
  /** Its values; of it as it was written. */
  readonly outline = new Outline();
  #bytes: Uint8Array = new Uint8Array(memory.buffer);
  #marks: Int32Array = new Int32Array(memory.buffer, 0, 0);
  #count = 0;
  #made = 0;
  #values = 0;
  #rows = 0;
  #at = 0;

  /** How many values have a name that is asked for. */
  marks = 0;
  /** Whether something was not added, as there was no more memory. */
  isFull = false;

  /**
   * Reads a valid text, down to so many levels below the whole.
   * @returns False for one that is left to a parser
   */
  read(bytes: Uint8Array, levels: number): boolean {
    const start = place(bytes.length);
    if (start === 0) return false;
    new Uint8Array(memory.buffer).set(bytes, start);
    this.#count = tidy(levels);
    if (this.#count === 0) return false;
    this.isFull = false;
    this.#made = written();
    this.#values = recorded();
    this.marks = markCount();
    this.#look();
    this.#rows = this.#at = this.#values + this.#count * 20;
    return this.#checkNumbers();
  }

  /** Removes the marks of numbers. @returns False where JavaScript would write one of them otherwise */
  #checkNumbers(): boolean {
    let kept = 0;
    for (let i = 0; i < this.marks; i++) {
      if (this.kind(i) !== NUMBER) this.#marks.copyWithin(MARK * kept++, MARK * i, MARK * (i + 1));
      else if (!this.#isPlain(this.value(i))) return false;
    }
    this.marks = kept;
    return true;
  }

  /** Returns the value of a mark. */
  value(mark: number): number {
    return this.#marks[mark * MARK] ?? 0;
  }

  /** Returns what the value of a mark is in. */
  parent(mark: number): number {
    return this.#marks[mark * MARK + 1] ?? 0;
  }

  /** Returns the kind of a mark's name. */
  kind(mark: number): number {
    return this.#marks[mark * MARK + 2] ?? 0;
  }

  /** Returns the first mark of which the value is not before one. */
  firstMark(value: number): number {
    let [low, high] = [0, this.marks];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.value(middle) < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Where the next byte of a row goes. */
  get end(): number {
    return this.#at;
  }

  /** Returns the rows; they hold until something is added, or another text is read. */
  get rows(): Uint8Array {
    return this.#bytes.subarray(this.#rows, this.#at);
  }

  /** Adds a part of the text. */
  add(start: number, end: number): void {
    this.addAgain(this.#made + start, this.#made + end);
  }

  /** Adds again what was added before, from and to where `end` was. */
  addAgain(start: number, end: number): void {
    const length = end - start;
    if (length <= 0 || !this.#hasRoom(length)) return;
    copy(this.#at, start, length);
    this.#at += length;
  }

  /** Adds what a name holds. */
  addBytes(bytes: Name): void {
    if (!this.#hasRoom(bytes.length)) return;
    for (let i = 0; i < bytes.length; i++) this.#bytes[this.#at++] = bytes[i] ?? 0;
  }

  addByte(byte: number): void {
    if (this.#hasRoom(1)) this.#bytes[this.#at++] = byte;
  }

  #hasRoom(more: number): boolean {
    if (this.#at + more <= this.#bytes.length) return true;
    if (this.isFull || !reach(this.#at + more)) {
      this.isFull = true;
      return false;
    }
    this.#look();
    return true;
  }

  /** Looks at the memory: anew, once it has grown. */
  #look(): void {
    const { buffer } = memory;
    this.#bytes = new Uint8Array(buffer);
    this.#marks = new Int32Array(buffer, marked(), this.marks * MARK);
    this.outline.show(
      this.#bytes.subarray(this.#made, writtenEnd()),
      new Int32Array(buffer, this.#values, this.#count * 5),
    );
  }

  /** Returns whether JavaScript writes a number as it is. */
  #isPlain(value: number): boolean {
    const { bytes } = this.outline;
    const text = decoder.decode(bytes.subarray(this.outline.start(value), this.outline.end(value)));
    return `${JSON.parse(text)}` === text;
  }
}
