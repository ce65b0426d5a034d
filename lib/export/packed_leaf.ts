/** The values of a leaf of a Parquet column in a row group, packed: an object for each would be garbage. */

import type { ParquetType } from "hyparquet";
import { addCharacter, escapedAt, escapeLength } from "./escapes.ts";

const BACKSLASH = 0x5c;
const FIRST_ROOM = 1_024;
/** Bytes at either end of a long text by which its place is found. */
const TELLING = 16;
/** Characters of a text up to which a loop is quicker than the encoder. */
const SHORT = 64;

/** Bytes of a text's length, which are in front of it in Parquet's files. */
export const PREFIX = 4;

const encoder = new TextEncoder();

/** How far a value is there: of a list itself, and of an empty one. */
const [NONE, EMPTY] = [0, 1];

/** A leaf of a column: with the levels of its values, which say what of a list or of an object is there. */
export class Leaf {
  readonly path: readonly string[];
  readonly type: ParquetType;
  /** The level of a value that is there; one of a list has a level of its own. */
  readonly full: number;
  readonly isRepeated: boolean;
  #definitions = new Uint8Array(FIRST_ROOM);
  #repetitions = new Uint8Array(FIRST_ROOM);
  #levels = 0;
  #repetition = 0;
  /** How many values are there. */
  count = 0;

  /** @param path Its names in the schema, below the root. */
  constructor(path: readonly string[], type: ParquetType, { full }: { full: number }) {
    this.path = path;
    this.type = type;
    this.full = full;
    this.isRepeated = full > 1;
  }

  get definitions(): Uint8Array {
    return this.#definitions.subarray(0, this.#levels);
  }

  get repetitions(): Uint8Array {
    return this.#repetitions.subarray(0, this.#levels);
  }

  /** Begins a list. */
  begin(): void {
    this.#repetition = 0;
  }

  /** Ends a list. */
  end(): void {
    if (this.#repetition === 0) this.addNone(EMPTY);
  }

  /** Adds a value that is not there. @param level How far what it would be in is there */
  addNone(level = NONE): void {
    if (this.#levels === this.#definitions.length) {
      this.#definitions = grown(this.#definitions);
      this.#repetitions = grown(this.#repetitions);
    }
    if (this.isRepeated) {
      this.#repetitions[this.#levels] = this.#repetition;
      this.#repetition = 1;
    }
    this.#definitions[this.#levels++] = level;
  }

  /** Forgets all values. */
  clear(): void {
    this.#levels = this.count = 0;
  }

  /** Counts a value. */
  protected take(): number {
    this.addNone(this.full);
    return this.count++;
  }
}

/** Numbers: of INT64 whole ones; booleans are 0 and 1. */
export class NumberLeaf extends Leaf {
  #values = new Float64Array(FIRST_ROOM);

  get values(): Float64Array {
    return this.#values.subarray(0, this.count);
  }

  /** Adds a number; none for undefined and null. */
  add(value: number | null | undefined, level = NONE): void {
    if (value === undefined || value === null) return this.addNone(level);
    const at = this.take();
    if (at === this.#values.length) this.#values = grown(this.#values);
    this.#values[at] = value;
  }
}

/** Texts, each once where several are the same. */
export class TextLeaf extends Leaf {
  /** The texts one after the other, each as UTF-8 behind its length, and where each ends. */
  #bytes = new Uint8Array(FIRST_ROOM);
  #length = PREFIX;
  #ends = new Int32Array(FIRST_ROOM);
  /** The number of each value's text. */
  #numbers = new Int32Array(FIRST_ROOM);
  /** The numbers of texts and 1, at the places that their bytes give, or behind these. */
  #table = new Int32Array(2 * FIRST_ROOM);
  #last: { text: string; number: number } | undefined;
  /** How many texts there are. */
  texts = 0;
  /** Bytes of all values, with their lengths. */
  total = 0;
  /** Whether texts are not looked for: most of the group before were different. */
  #isMixed = false;

  /** The texts, each behind its length. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.endOf(this.texts - 1));
  }

  /** Whether each value has a text of its own, in their order. */
  get isInOrder(): boolean {
    return this.texts === this.count;
  }

  get numbers(): Int32Array {
    return this.#numbers.subarray(0, this.count);
  }

  /** Returns where a text ends; of -1 where the length of the first one begins. */
  endOf(text: number): number {
    return text < 0 ? 0 : this.#ends[text] ?? 0;
  }

  /** Adds what a string says whose inside lies from `start` to `end` in a JSON text. */
  addJson(json: Uint8Array, start: number, end: number): void {
    this.pieceJson(json, start, end);
    this.finish();
  }

  /** Adds a text; none for undefined and null. */
  addText(text: string | null | undefined, level = NONE): void {
    if (text === undefined || text === null) return this.addNone(level);
    if (text === this.#last?.text) {
      const { number } = this.#last;
      return this.#addNumber(number, this.endOf(number) - this.endOf(number - 1));
    }
    this.pieceText(text);
    const number = this.finish();
    this.#last = { text, number };
  }

  /** Begins the next text with a part, or goes on with it. */
  pieceJson(json: Uint8Array, start: number, end: number): void {
    this.#reserve(end - start);
    const bytes = this.#bytes;
    let at = this.#length;
    for (let i = start; i < end; i++) {
      const byte = json[i] ?? 0;
      if (byte === BACKSLASH) {
        const code = escapedAt(json, i);
        i += escapeLength(json, i, code) - 1;
        at = addCharacter(bytes, at, code);
      } else bytes[at++] = byte;
    }
    this.#length = at;
  }

  /** Begins the next text with a part, or goes on with it; half a character becomes U+FFFD. */
  pieceText(text: string): void {
    this.#reserve(text.length * 3);
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code >= 0x80 || i === SHORT) {
        const rest = this.#bytes.subarray(this.#length);
        this.#length += encoder.encodeInto(text.slice(i), rest).written;
        return;
      }
      this.#bytes[this.#length++] = code;
    }
  }

  /** Ends the text. @returns Its number */
  finish(): number {
    const start = this.endOf(this.texts - 1) + PREFIX;
    const length = this.#length - start;
    const number = this.#isMixed ? this.#put(start) : this.#find(start, length);
    this.#addNumber(number, length + PREFIX);
    this.#length = this.endOf(this.texts - 1) + PREFIX;
    return number;
  }

  override clear(): void {
    this.#isMixed = this.texts > this.count * 0.7;
    super.clear();
    this.#length = PREFIX;
    this.texts = this.total = 0;
    this.#table.fill(0);
    this.#last = undefined;
  }

  #addNumber(number: number, length: number): void {
    const at = this.take();
    if (at === this.#numbers.length) this.#numbers = grown(this.#numbers);
    this.#numbers[at] = number;
    this.total += length;
  }

  /** Keeps the text at the end. */
  #put(start: number): number {
    if (this.texts === this.#ends.length) this.#ends = grown(this.#ends);
    this.#ends[this.texts] = this.#length;
    const length = this.#length - start;
    for (let i = 0; i < PREFIX; i++) this.#bytes[start - PREFIX + i] = (length >> (8 * i)) & 0xff;
    return this.texts++;
  }

  /** Returns the number of the text at the end, which is kept where it is new. */
  #find(start: number, length: number): number {
    if (2 * this.texts >= this.#table.length) this.#growTable();
    const mask = this.#table.length - 1;
    for (let at = this.#hash(start, length) & mask;; at = (at + 1) & mask) {
      const number = (this.#table[at] ?? 0) - 1;
      if (number < 0) return (this.#table[at] = this.#put(start) + 1) - 1;
      if (this.#isSame(number, start, length)) return number;
    }
  }

  #growTable(): void {
    this.#table = new Int32Array(2 * this.#table.length);
    const mask = this.#table.length - 1;
    for (let number = 0; number < this.texts; number++) {
      const start = this.endOf(number - 1) + PREFIX;
      let at = this.#hash(start, this.endOf(number) - start) & mask;
      while (this.#table[at] !== 0) at = (at + 1) & mask;
      this.#table[at] = number + 1;
    }
  }

  #hash(start: number, length: number): number {
    const bytes = this.#bytes;
    const end = start + length;
    let hash = length;
    for (let i = start; i < end; i++) {
      if (i === start + TELLING && length > 2 * TELLING) i = end - TELLING;
      hash = Math.imul(hash ^ (bytes[i] ?? 0), 0x01000193);
    }
    return hash ^ (hash >>> 15);
  }

  #isSame(number: number, start: number, length: number): boolean {
    const there = this.endOf(number - 1) + PREFIX;
    if (this.endOf(number) - there !== length) return false;
    const bytes = this.#bytes;
    for (let i = length - 1; i >= 0; i--) if (bytes[there + i] !== bytes[start + i]) return false;
    return true;
  }

  #reserve(more: number): void {
    // The length of the next one has room as well.
    while (this.#length + more + PREFIX > this.#bytes.length) this.#bytes = grown(this.#bytes);
  }
}

type Packed = Uint8Array<ArrayBuffer> | Int32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

function grown(values: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>;
function grown(values: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer>;
function grown(values: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer>;
function grown(values: Packed): Packed {
  const larger = values instanceof Uint8Array
    ? new Uint8Array(2 * values.length)
    : values instanceof Int32Array
    ? new Int32Array(2 * values.length)
    : new Float64Array(2 * values.length);
  larger.set(values);
  return larger;
}
