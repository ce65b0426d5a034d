/**
 * One pass over the bytes of a JSON text: whether it is valid, as strictly as for `strictlyParsed`, and where its
 * upper values lie. It makes no object and no string, which take most of the time for a tweet that is only stored.
 */

import { isUtf8 } from "node:buffer";
import type { LineTraits } from "../api.ts";
import type { Span } from "./raw_json.ts";
import { DEEPEST } from "./strict_json.ts";
import { type Found, isDigit, plainEnd, stringEnd } from "./tokens.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const ZERO = 0x30;

/**
 * The fields of a value: the place of its name, with its quotes, its own place, and the next value after all in it.
 */
const FIELDS = 5;
const [KEY_START, KEY_END, START, END, NEXT] = [0, 1, 2, 3, 4];
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

const PROTECTED = name("protected");
const T = 0x74;
const ID = name("id");
const ID_STR = name("id_str");

/**
 * The upper values of a JSON text, by number: 0 is the whole. One outline is for many texts, one after the other, so
 * that none costs memory of its own; its results are for the last one.
 */
export class Outline {
  #bytes: Uint8Array = new Uint8Array();
  #values = new Int32Array(FIRST_ROOM * FIELDS);
  #count = 0;
  #keyStart = 0;
  #keyEnd = 0;
  #hasProtected = false;
  #isOneLine = true;
  readonly #found: Found = { half: false };
  readonly #open = new Int32Array(DEEPEST);
  readonly #isObject = new Uint8Array(DEEPEST);

  /**
   * Reads a text, and records its values down to so many levels below the whole.
   * @returns False for a text that `strictlyParsed` would not accept, and where a recorded name would have an escape:
   * the caller then parses it.
   */
  read(bytes: Uint8Array, levels: number): boolean {
    this.#bytes = bytes;
    this.#count = 0;
    this.#hasProtected = false;
    this.#isOneLine = true;
    this.#found.half = false;
    return isUtf8(bytes) && this.#scan(bytes, levels);
  }

  /** The traits of its lines: whether any object, however deep, is `protected`, and whether any character is half. */
  get traits(): LineTraits {
    return {
      ...(this.#hasProtected ? {} : { isPublic: true }),
      ...(this.#found.half ? {} : { isWellFormed: true }),
    };
  }

  /** Whether no line break is between its tokens: there is none within them. */
  get isOneLine(): boolean {
    return this.#isOneLine;
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
    return isDigit(this.#bytes[this.start(value)] ?? 0) && this.digits(value) !== null;
  }

  /** Returns the value after this one in the same object or array; -1 after the last one. */
  next(value: number, parent: number): number {
    const next = this.#values[value * FIELDS + NEXT] ?? 0;
    return next < (this.#values[parent * FIELDS + NEXT] ?? 0) ? next : -1;
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

  /** Returns the id of an object, as `idAt` does; null where it is not one in plain digits. */
  id(parent: number): string | null {
    const given = this.find(parent, ID_STR);
    const value = given < 0 ? this.find(parent, ID) : given;
    return value < 0 ? null : this.digits(value);
  }

  /** Returns the digits of a number of 64 bits at most, or of a string of them; null for any other value. */
  digits(value: number): string | null {
    const bytes = this.#bytes;
    const isString = bytes[this.start(value)] === QUOTE;
    const start = this.start(value) + (isString ? 1 : 0);
    const end = this.end(value) - (isString ? 1 : 0);
    if (end <= start || end - start > LARGEST.length) return null;
    if (bytes[start] === ZERO && end - start > 1) return null;
    for (let i = start; i < end; i++) if (!isDigit(bytes[i] ?? 0)) return null;
    if (end - start === LARGEST.length && isLarger(bytes, start)) return null;
    return latin1(bytes, start, end);
  }

  #isNamed(value: number, name: Name): boolean {
    const at = value * FIELDS;
    const start = this.#values[at + KEY_START] ?? 0;
    const isAsLong = (this.#values[at + KEY_END] ?? 0) - start === name.length;
    return isAsLong && isAt(this.#bytes, start, name);
  }

  /** Records that a value begins. @returns Its number. */
  #begin(start: number): number {
    const value = this.#count++;
    const at = value * FIELDS;
    if (at + FIELDS > this.#values.length) {
      const more = new Int32Array(this.#values.length * 2);
      more.set(this.#values);
      this.#values = more;
    }
    this.#values[at + KEY_START] = this.#keyStart;
    this.#values[at + KEY_END] = this.#keyEnd;
    this.#values[at + START] = start;
    return value;
  }

  #end(value: number, end: number): void {
    this.#values[value * FIELDS + END] = end;
    this.#values[value * FIELDS + NEXT] = this.#count;
  }

  /** RFC 8259, in one loop: a value, then what may follow it. */
  #scan(bytes: Uint8Array, levels: number): boolean {
    const length = bytes.length;
    this.#keyStart = this.#keyEnd = 0;
    let depth = 0;
    let i = this.#pastSpace(bytes, 0);
    for (;;) {
      if (i >= length) return false;
      let value = depth <= levels ? this.#begin(i) : -1;
      const byte = bytes[i];
      if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
        if (depth === DEEPEST) return false;
        const isObject = byte === OPEN_BRACE;
        this.#open[depth] = value;
        this.#isObject[depth] = isObject ? 1 : 0;
        depth++;
        i = this.#pastSpace(bytes, i + 1);
        if (i >= length) return false;
        if (bytes[i] !== (isObject ? CLOSE_BRACE : CLOSE_BRACKET)) {
          i = isObject ? this.#pastKey(bytes, i, depth <= levels) : this.#pastNone(i);
          if (i < 0) return false;
          continue;
        }
        depth--;
        i++;
      } else {
        i = byte === QUOTE ? stringEnd(bytes, i + 1, this.#found) : plainEnd(bytes, i);
        if (i < 0) return false;
      }
      for (;;) {
        if (value >= 0) this.#end(value, i);
        i = this.#pastSpace(bytes, i);
        if (depth === 0) return i === length;
        if (i >= length) return false;
        const isObject = this.#isObject[depth - 1] === 1;
        const follows = bytes[i];
        if (follows === COMMA) {
          i = this.#pastSpace(bytes, i + 1);
          i = isObject ? this.#pastKey(bytes, i, depth <= levels) : this.#pastNone(i);
          if (i < 0) return false;
          break;
        }
        if (follows !== (isObject ? CLOSE_BRACE : CLOSE_BRACKET)) return false;
        depth--;
        value = this.#open[depth] ?? -1;
        i++;
      }
    }
  }

  /** Returns the position of the value whose name begins at `i`; -1 where there is none. */
  #pastKey(bytes: Uint8Array, i: number, isPlain: boolean): number {
    const end = bytes[i] === QUOTE ? stringEnd(bytes, i + 1, this.#found) : -1;
    if (end < 0 || (isPlain && hasEscape(bytes, i, end))) return -1;
    const value = this.#pastColon(bytes, end);
    if (value < 0) return -1;
    this.#keyStart = i;
    this.#keyEnd = end;
    if (end - i === PROTECTED.length && value < bytes.length && bytes[value] === T) {
      this.#hasProtected ||= isAt(bytes, i, PROTECTED);
    }
    return value;
  }

  /** Returns the position of the value after the colon at `i`; -1 without one. */
  #pastColon(bytes: Uint8Array, i: number): number {
    const at = this.#pastSpace(bytes, i);
    return at < bytes.length && bytes[at] === COLON ? this.#pastSpace(bytes, at + 1) : -1;
  }

  #pastSpace(bytes: Uint8Array, i: number): number {
    for (; i < bytes.length; i++) {
      const byte = bytes[i] ?? 0;
      if (byte > 0x20) return i;
      if (byte === LINE_FEED || byte === CARRIAGE_RETURN) this.#isOneLine = false;
      else if (byte !== 0x20 && byte !== 0x09) return i;
    }
    return i;
  }

  /** Returns the position of an element, which has no name. */
  #pastNone(i: number): number {
    this.#keyStart = this.#keyEnd = i;
    return i;
  }
}

function isAt(bytes: Uint8Array, start: number, name: Name): boolean {
  for (let i = 1; i < name.length; i++) if (bytes[start + i] !== name[i]) return false;
  return true;
}

function hasEscape(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i] === BACKSLASH) return true;
  return false;
}

/** Returns whether digits, as many as the largest number of 64 bits has, are more than that. */
function isLarger(bytes: Uint8Array, start: number): boolean {
  for (let i = 0; i < LARGEST.length; i++) {
    const difference = (bytes[start + i] ?? 0) - (LARGEST[i] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return false;
}

/** Returns a text of at most some twenty ASCII characters. */
function latin1(bytes: Uint8Array, start: number, end: number): string {
  // Spread arguments would take five times as long.
  return Reflect.apply(String.fromCharCode, null, bytes.subarray(start, end));
}

function textBytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
