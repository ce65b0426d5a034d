/**
 * Rewrites a valid JSON text as JSON.stringify writes it, for `lib/twitter/bytes/tidy_text.ts`, in AssemblyScript: without
 * the spaces between its tokens, with the shortest escapes, and with U+FFFD in place of half a character. It records
 * the values of what it wrote, and marks those whose names are asked for.
 *
 * Memory: the text, with `SPARE` bytes behind it; what is written; the marks; the values, as `scan.ts` has them; rows,
 * which are put together of all these.
 */

import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  NINE,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  SPACE,
  ZERO,
} from "./bytes";
import { addName, askFor, forget, top } from "./tidy_names";
import { isOdd, o, pastPlain, pastString, pastUnescaped, put, writeTo } from "./tidy_tokens";

/** The two parts of a string that a parser of lines may put another one in place of: `"reposted"`. */
const REPOSTE: u64 = 0x6574736f70657222;
const D: u16 = 0x2264;

const DEEPEST: i32 = 200;
const SPARE: i32 = 32;
/** Bytes of the longest text. */
const LONGEST: i32 = 1 << 23;
/** Bytes of a value, of a mark, and of the shortest number that is marked, with a comma. */
const VALUE: i32 = 20;
const MARK: i32 = 12;
const MARKED: i32 = 4;

/** The kind of a name with which a text is left to a parser, and of numbers that JavaScript may write otherwise. */
const STRANGE: i32 = 1;
const NUMBER: i32 = 2;

/** Of each open object or array: its value, doubled, and one more for an object; where its names begin. */
const OPEN: i32 = i32(memory.data(8 * DEEPEST));
const text: i32 = (i32(__heap_base) + 15) & ~15;

/** Where what is written begins. */
let made: i32 = 0;
let marks: i32 = 0;
let freeMark: i32 = 0;
let values: i32 = 0;
let free: i32 = 0;
let end: i32 = 0;
let keyStart: i32 = 0;
let keyEnd: i32 = 0;
/** The kind of the name that was read last. */
let kind: i32 = 0;

/** Makes room for a text of so many bytes. @returns Where it is to lie; 0 where there is no room. */
export function place(length: i32): i32 {
  if (u32(length) > u32(LONGEST)) return 0;
  made = (text + length + SPARE + 15) & ~15;
  marks = (made + length + SPARE + 15) & ~15;
  values = marks + (length / MARKED + 1) * MARK;
  if (!reach(values)) return 0;
  memory.fill(text + length, 0, SPARE);
  return text;
}

/** Asks for a name that lies in the place of a text. */
export function ask(length: i32, kind: i32): void {
  askFor(text, length, kind);
}

/**
 * Rewrites the text that lies in its place, and records its values down to so many levels below the whole.
 * @returns The number of values; 0 for a text that is left to a parser, or for which there is no room.
 */
export function tidy(levels: i32): i32 {
  writeTo(made);
  forget();
  free = values;
  freeMark = marks;
  keyStart = keyEnd = made;
  kind = 0;
  return rewrite(levels) ? (free - values) / VALUE : 0;
}

/** Returns where what was written begins. */
export function written(): i32 {
  return made;
}

/** Returns where it ends. */
export function writtenEnd(): i32 {
  return o;
}

/** Returns where the values lie; rows can lie behind them. */
export function recorded(): i32 {
  return values;
}

/** Returns where the marks lie: the number of a value, of that which it is in, and the kind of its name. */
export function marked(): i32 {
  return marks;
}

/** Returns the number of marks. */
export function markCount(): i32 {
  return (freeMark - marks) / MARK;
}

/** Grows the memory until it ends behind a place. @returns False where it cannot. */
export function reach(last: i32): bool {
  end = memory.size() << 16;
  if (last < end) return true;
  const needed = ((last - end) >> 16) + 1;
  if (memory.grow(needed + (memory.size() >> 2)) < 0 && memory.grow(needed) < 0) return false;
  end = memory.size() << 16;
  return true;
}

/** Copies bytes. */
export function copy(to: i32, from: i32, length: i32): void {
  memory.copy(to, from, length);
}

function rewrite(levels: i32): bool {
  let depth = 0;
  let i = pastSpace(text);
  while (true) {
    const byte = load<u8>(i);
    let value = 0;
    if (depth <= levels) {
      value = begin();
      if (value == 0) return false;
    }
    if (kind != 0 && !mark(value, kind, depth)) return false;
    if (byte == OPEN_BRACE || byte == OPEN_BRACKET) {
      const isObject = byte == OPEN_BRACE;
      store<i32>(OPEN + (depth << 3), value << 1 | i32(isObject));
      store<i32>(OPEN + (depth << 3), top, 4);
      depth++;
      put(byte);
      i = pastSpace(i + 1);
      const next = load<u8>(i);
      if (next != (isObject ? CLOSE_BRACE : CLOSE_BRACKET)) {
        i = isObject ? pastName(i, depth - 1) : pastNone(i);
        if (i == 0) return false;
        continue;
      }
      depth--;
      put(next);
      i++;
    } else if (byte == QUOTE) {
      const start = o;
      i = pastString(i);
      if (o - start == 10 && load<u64>(start) == REPOSTE && load<u16>(start + 8) == D) return false;
    } else {
      i = pastPlain(i);
      if (isOdd && !mark(value, NUMBER, depth)) return false;
    }
    while (true) {
      if (value != 0) close(value);
      i = pastSpace(i);
      if (depth == 0) return true;
      const open = load<i32>(OPEN + ((depth - 1) << 3));
      const byte = load<u8>(i);
      put(byte);
      if (byte == COMMA) {
        i = pastSpace(i + 1);
        i = (open & 1) != 0 ? pastName(i, depth - 1) : pastNone(i);
        if (i == 0) return false;
        break;
      }
      i++;
      depth--;
      forget(load<i32>(OPEN + (depth << 3), 4));
      value = open >> 1;
    }
  }
}

function begin(): i32 {
  const value = free;
  if (free + VALUE > end && !reach(free + VALUE)) return 0;
  free += VALUE;
  store<i32>(value, keyStart - made);
  store<i32>(value, keyEnd - made, 4);
  store<i32>(value, o - made, 8);
  return value;
}

function close(value: i32): void {
  store<i32>(value, o - made, 12);
  store<i32>(value, (free - values) / VALUE, 16);
}

/** Marks a value. @returns False where it is not recorded, nor what it is in. */
function mark(value: i32, kind: i32, depth: i32): bool {
  const parent = depth > 0 ? load<i32>(OPEN + ((depth - 1) << 3)) >> 1 : values;
  if (value == 0 || parent == 0) return false;
  store<i32>(freeMark, (value - values) / VALUE);
  store<i32>(freeMark, (parent - values) / VALUE, 4);
  store<i32>(freeMark, kind, 8);
  freeMark += MARK;
  return true;
}

/**
 * Writes a name and its colon. @returns Where its value begins; 0 for a name that a parser may put elsewhere, or that
 * came before in the same object.
 */
function pastName(i: i32, depth: i32): i32 {
  keyStart = o;
  put(QUOTE);
  i++;
  const first = load<u8>(i);
  if (first >= ZERO && first <= NINE) return 0;
  i = pastUnescaped(i);
  if (load<u8>(i) != QUOTE) return 0;
  put(QUOTE);
  keyEnd = o;
  kind = addName(keyStart + 1, keyEnd - keyStart - 2, load<i32>(OPEN + (depth << 3), 4));
  if (kind == STRANGE || kind < 0) return 0;
  i = pastSpace(i + 1);
  put(COLON);
  return pastSpace(i + 1);
}

/** Notes that an element has no name. */
function pastNone(i: i32): i32 {
  keyStart = keyEnd = o;
  kind = 0;
  return i;
}

function pastSpace(i: i32): i32 {
  while (load<u8>(i) - 1 < SPACE) i++;
  return i;
}
