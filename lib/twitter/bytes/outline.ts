/**
 * One pass over the bytes of a JSON text: whether it is valid, as strictly as for `strictlyParsed`, and where its
 * upper values lie. It makes no object and no string, which take most of the time for a tweet that is only stored.
 */

import { isUtf8 } from "node:buffer";
import type { LineTraits } from "../api.ts";
import type { Span } from "./raw_json.ts";
import { lines, memory, place, read, recorded, traits } from "./scan.wasm";

const QUOTE = 0x22;
const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;
const ZERO = 0x30;
const NINE = 0x39;

/**
 * The fields of a value: the place of its name, with its quotes, its own place, and the next value after all in it.
 */
const FIELDS = 5;
const [KEY_START, KEY_END, START, END, NEXT] = [0, 1, 2, 3, 4];
/** What a text may have: an object that is `protected`, half a character, a line break between its tokens. */
const [HAS_PROTECTED, HAS_HALF, HAS_BREAK] = [1, 2, 4];
/** The traits of lines by what was found: made once, as each line has them. */
const TRAITS: readonly LineTraits[] = [
  { isPublic: true, isWellFormed: true },
  { isWellFormed: true },
  { isPublic: true },
  {},
];
/** Values that there is room for at first. */
const FIRST_ROOM = 256;

/** The digits of the largest number of 64 bits. */
const LARGEST = textBytes(`${2n ** 64n - 1n}`);

/** A member's name, as `find` takes it. */
export type Name = Uint8Array;

/** Returns a name in the form of a JSON text. */
export function name(text: string): Name {
  return textBytes(JSON.stringify(text));
}

const ID = name("id");
const ID_STR = name("id_str");

/**
 * The upper values of a JSON text, by number: 0 is the whole. One outline is for many texts, one after the other, so
 * that none costs memory of its own; its results are for the last one.
 */
export class Outline {
  #bytes: Uint8Array = new Uint8Array();
  #values: Int32Array = new Int32Array(FIRST_ROOM * FIELDS);
  /** What the scanner found: the sum of those of the three below that hold. */
  #found = 0;

  /**
   * Reads a text, and records its values down to so many levels below the whole.
   * @returns False for a text that `strictlyParsed` would not accept, and where a recorded name would have an escape:
   * the caller then parses it.
   */
  read(bytes: Uint8Array, levels: number): boolean {
    this.#bytes = bytes;
    if (!isUtf8(bytes)) return false;
    const start = startInScanner(bytes);
    if (start < 0) return false;
    const count = read(start, bytes.length, levels) * FIELDS;
    if (count === 0) return false;
    this.#found = traits();
    this.#keep(recorded() / Int32Array.BYTES_PER_ELEMENT, count);
    return true;
  }

  /** Takes a text and its values from another scanner, which hold as long as both do. */
  show(bytes: Uint8Array, values: Int32Array): void {
    this.#bytes = bytes;
    this.#values = values;
    this.#found = 0;
  }

  /** Keeps the values of a text: the scanner's memory is for the next one. */
  #keep(start: number, count: number): void {
    if (count > this.#values.length) this.#values = new Int32Array(count * 2);
    const [from, values] = [numbersOfScanner(), this.#values];
    // A view of its own costs less than a loop then.
    if (count > FIRST_ROOM) return values.set(from.subarray(start, start + count));
    for (let i = 0; i < count; i++) values[i] = from[start + i] ?? 0;
  }

  /** The traits of its lines: whether any object, however deep, is `protected`, and whether any character is half. */
  get traits(): LineTraits {
    return TRAITS[this.#found & (HAS_PROTECTED | HAS_HALF)] ?? {};
  }

  /** Whether no line break is between its tokens: there is none within them. */
  get isOneLine(): boolean {
    return (this.#found & HAS_BREAK) === 0;
  }

  /** The text that was read last. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** Returns where the name of a member begins, behind its quote. */
  nameStart(value: number): number {
    return (this.#values[value * FIELDS + KEY_START] ?? 0) + 1;
  }

  /** Returns where the name of a member ends, before its quote. */
  nameEnd(value: number): number {
    return (this.#values[value * FIELDS + KEY_END] ?? 0) - 1;
  }

  /** Returns where a value begins. */
  start(value: number): number {
    return this.#values[value * FIELDS + START] ?? 0;
  }

  /** Returns where a value ends: the position after it. */
  end(value: number): number {
    return this.#values[value * FIELDS + END] ?? 0;
  }

  span(value: number): Span {
    return { start: this.start(value), end: this.end(value) };
  }

  isString(value: number): boolean {
    return this.#bytes[this.start(value)] === QUOTE;
  }

  isObject(value: number): boolean {
    return this.#bytes[this.start(value)] === OPEN_BRACE;
  }

  isArray(value: number): boolean {
    return this.#bytes[this.start(value)] === OPEN_BRACKET;
  }

  /** Returns whether it is a number in plain digits, of 64 bits at most. */
  isNumber(value: number): boolean {
    return this.#isId(this.start(value), this.end(value));
  }

  /** Returns the value after this one in the same object or array; -1 after the last one. */
  next(value: number, parent: number): number {
    const next = this.#values[value * FIELDS + NEXT] ?? 0;
    return next < (this.#values[parent * FIELDS + NEXT] ?? 0) ? next : -1;
  }

  /** Returns the number of the value after all that is in this one. */
  after(value: number): number {
    return this.#values[value * FIELDS + NEXT] ?? 0;
  }

  /** Returns the first recorded value in an object or array; -1 where there is none. */
  first(parent: number): number {
    return parent + 1 < (this.#values[parent * FIELDS + NEXT] ?? 0) ? parent + 1 : -1;
  }

  /** Returns the member of an object by its name; of several the last, as a parser does; -1 where there is none. */
  find(parent: number, name: Name): number {
    let found = -1;
    for (let value = this.first(parent); value >= 0; value = this.next(value, parent)) {
      if (this.#isNamed(value, name)) found = value;
    }
    return found;
  }

  /** Returns the member of an object that has the name of another member; -1 where there is none. */
  findLike(parent: number, member: number): number {
    const start = this.nameStart(member);
    const length = this.nameEnd(member) - start;
    const bytes = this.#bytes;
    for (let value = this.first(parent); value >= 0; value = this.next(value, parent)) {
      const other = this.nameStart(value);
      if (this.nameEnd(value) - other !== length) continue;
      let same = 0;
      while (same < length && bytes[start + same] === bytes[other + same]) same++;
      if (same === length) return value;
    }
    return -1;
  }

  /** Returns the id of an object, as `idAt` does; null where it is not one in plain digits. */
  id(parent: number): string | null {
    const given = this.find(parent, ID_STR);
    const value = given < 0 ? this.find(parent, ID) : given;
    return value < 0 ? null : this.digits(value);
  }

  /** Returns the digits of a number of 64 bits at most, or of a string of them; null for any other value. */
  digits(value: number): string | null {
    const quote = this.isString(value) ? 1 : 0;
    const [start, end] = [this.start(value) + quote, this.end(value) - quote];
    return this.#isId(start, end) ? latin1(this.#bytes, start, end) : null;
  }

  /** Returns whether there are plain digits, of a number of 64 bits at most. */
  #isId(start: number, end: number): boolean {
    const bytes = this.#bytes;
    if (end <= start || end - start > LARGEST.length) return false;
    if (bytes[start] === ZERO && end - start > 1) return false;
    for (let i = start; i < end; i++) if (!isDigit(bytes[i] ?? 0)) return false;
    return end - start < LARGEST.length || !isLarger(bytes, start);
  }

  #isNamed(value: number, name: Name): boolean {
    const at = value * FIELDS;
    const start = this.#values[at + KEY_START] ?? 0;
    const isAsLong = (this.#values[at + KEY_END] ?? 0) - start === name.length;
    return isAsLong && isAt(this.#bytes, start, name);
  }
}

/** The scanner's memory: other views, once it has grown. */
let [scannerBytes, scannerNumbers] = [new Uint8Array(memory.buffer), new Int32Array(memory.buffer)];

function bytesOfScanner(): Uint8Array {
  if (scannerBytes.length === 0) scannerBytes = new Uint8Array(memory.buffer);
  return scannerBytes;
}

function numbersOfScanner(): Int32Array {
  if (scannerNumbers.length === 0) scannerNumbers = new Int32Array(memory.buffer);
  return scannerNumbers;
}

/** The block whose lines lie in the scanner's memory, and where it begins and ends in its buffer. */
let placed: { buffer: ArrayBufferLike; start: number; end: number } | undefined;

/**
 * Returns the positions of all line feeds of a block; null for one that is too long. They are valid until anything else
 * is read, and until then the block's lines are read where they lie: it must not be altered.
 */
export function lineEnds(block: Uint8Array): Int32Array | null {
  if (copyToScanner(block) < 0) return null;
  const count = lines(block.length);
  if (count < 0) return null;
  const { buffer, byteOffset: start } = block;
  placed = { buffer, start, end: start + block.length };
  const first = recorded() / Int32Array.BYTES_PER_ELEMENT;
  return numbersOfScanner().subarray(first, first + count);
}

/** Returns where a text begins in the scanner's memory, which it is copied to unless it is there; -1 without room. */
function startInScanner(bytes: Uint8Array): number {
  const { buffer, byteOffset: start, length } = bytes;
  if (!placed || placed.buffer !== buffer) return copyToScanner(bytes);
  const isWithin = start >= placed.start && start + length <= placed.end;
  return isWithin ? start - placed.start : copyToScanner(bytes);
}

/** Copies bytes into the scanner's memory. @returns Where they begin; -1 without room */
function copyToScanner(bytes: Uint8Array): number {
  placed = undefined;
  const text = place(bytes.length);
  if (text === 0) return -1;
  bytesOfScanner().set(bytes, text);
  return 0;
}

function isAt(bytes: Uint8Array, start: number, name: Name): boolean {
  for (let i = 1; i < name.length; i++) if (bytes[start + i] !== name[i]) return false;
  return true;
}

/** Returns whether digits, as many as the largest number of 64 bits has, are more than that. */
function isLarger(bytes: Uint8Array, start: number): boolean {
  for (let i = 0; i < LARGEST.length; i++) {
    const difference = (bytes[start + i] ?? 0) - (LARGEST[i] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return false;
}

/** The characters of the id that was read last: a list for each would be most of the memory that a tweet takes. */
const codes: number[] = [];

/** Returns a text of at most some twenty ASCII characters. */
function latin1(bytes: Uint8Array, start: number, end: number): string {
  codes.length = end - start;
  for (let i = start; i < end; i++) codes[i - start] = bytes[i] ?? 0;
  // Spread arguments would take five times as long.
  return Reflect.apply(String.fromCharCode, null, codes);
}

/** Returns whether a byte is a digit. */
export function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE;
}

function textBytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
