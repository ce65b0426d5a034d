/**
 * The pass over a JSON text that `lib/twitter/bytes/outline.ts` describes, in AssemblyScript: 16 bytes of a string at a time, which
 * JavaScript cannot. `deno task build-scanner` makes `lib/twitter/bytes/scan.wasm` of it.
 *
 * The text lies from `text` on, with `SPARE` bytes of 0 behind it, which end every loop: they are in no JSON text. Of a
 * block of lines one is read at a time, with a 0 for its end. The values lie behind the text, five numbers each: where
 * the name and the value begin and end, as distances from the beginning of what is read, and the number of the next
 * value after all in it.
 */

import {
  BACKSLASH,
  CARRIAGE_RETURN,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  LINE_FEED,
  MINUS,
  NINE,
  OPEN_BRACE,
  OPEN_BRACKET,
  PLUS,
  POINT,
  QUOTE,
  SMALL_C,
  SMALL_D,
  SMALL_E,
  SMALL_U,
  SPACE,
  TAB,
  ZERO,
} from "./bytes";

/** The first bytes of literals and of a name, as numbers of the machine, which is little-endian. */
const TRUE: u32 = 0x65757274;
const FALS: u32 = 0x736c6166;
const NULL: u32 = 0x6c6c756e;
const PROTECTE: u64 = 0x65746365746f7270;

/** Levels of brackets, as in `lib/twitter/bytes/strict_json.ts`. */
const DEEPEST: i32 = 200;
/** Bytes behind a text. */
const SPARE: i32 = 32;
/** Bytes of the longest text, so that no sum of them is more than a number holds. */
const LONGEST: i32 = 1 << 25;
/** Bytes of a value. */
const VALUE: i32 = 20;
/** Bytes of the numbers of as many lines as can end in 16 bytes. */
const LINES: i32 = 64;
const PAGE_BITS: i32 = 16;

/** What may follow a backslash, but for `u`, and what is a digit of four after that. */
const ESCAPED: u8 = 1;
const HEX: u8 = 2;
const KINDS: usize = memory.data(256);
/** The number of each open object or array, doubled, and one more for an object. */
const OPEN: usize = memory.data(4 * DEEPEST);

for (let i = 0; i < 8; i++) {
  mark(load<u8>(memory.data<u8>([0x22, 0x5c, 0x2f, 0x62, 0x66, 0x6e, 0x72, 0x74]) + i), ESCAPED);
}
for (let byte: u8 = 0x30; byte <= 0x39; byte++) mark(byte, HEX);
for (let byte: u8 = 0x41; byte <= 0x46; byte++) {
  mark(byte, HEX);
  mark(byte | 0x20, HEX);
}

function mark(byte: u8, kind: u8): void {
  store<u8>(KINDS + byte, load<u8>(KINDS + byte) | kind);
}

const text: i32 = (i32(__heap_base) + 15) & ~15;

/** Where the part of the text that is read begins. */
let from: i32 = text;

/** Where the values of the last text lie. */
let values: i32 = 0;
/** What was found in the last text: the sum of those of the three that hold. */
let found: i32 = 0;
/** An object of it, however deep, is `protected`. */
const HAS_PROTECTED: i32 = 1;
/** A string of it has half a character. */
const HAS_HALF: i32 = 2;
/** A line break is between its tokens. */
const HAS_BREAK: i32 = 4;

let keyStart: i32 = 0;
let keyEnd: i32 = 0;
let hasEscape: bool = false;
/** Where the next value is recorded, and where memory ends. */
let free: i32 = 0;
let end: i32 = 0;

/** Makes room for a text of so many bytes. @returns Where it is to lie; 0 where there is no room. */
export function place(length: i32): i32 {
  if (u32(length) > u32(LONGEST)) return 0;
  values = (text + length + SPARE + 3) & ~3;
  if (!reach(values)) return 0;
  memory.fill(text + length, 0, SPARE);
  return text;
}

/**
 * Reads a part of the text that lies in its place, and records its values down to so many levels below the whole.
 * @returns The number of values; 0 where it is not valid, or there is no room for them.
 */
export function read(start: i32, length: i32, levels: i32): i32 {
  found = 0;
  free = values;
  from = text + start;
  keyStart = from;
  keyEnd = from;
  const last = from + length;
  const behind = load<u8>(last);
  store<u8>(last, 0);
  const isValid = scan(last, levels);
  store<u8>(last, behind);
  return isValid ? (free - values) / VALUE : 0;
}

/**
 * Records where the lines of a text end that lies in its place: numbers, in place of values.
 * @returns How many there are; -1 where there is no room for them.
 */
export function lines(length: i32): i32 {
  free = values;
  for (let i = text; i < text + length; i += 16) {
    let ends = i8x16.bitmask(i8x16.eq(v128.load(i), i8x16.splat(LINE_FEED)));
    if (ends != 0 && free + LINES > end && !reach(free + LINES)) return -1;
    for (; ends != 0; ends &= ends - 1) {
      store<i32>(free, i + ctz(ends) - text);
      free += 4;
    }
  }
  return (free - values) >> 2;
}

/** Returns where the values of the last text lie. */
export function recorded(): i32 {
  return values;
}

/** Returns what was found in the last text. */
export function traits(): i32 {
  return found;
}

/** Grows the memory until it ends behind a place. @returns False where it cannot. */
function reach(last: i32): bool {
  end = memory.size() << PAGE_BITS;
  if (last < end) return true;
  const needed = ((last - end) >> PAGE_BITS) + 1;
  const spare = memory.size() >> 1;
  if (memory.grow(needed + spare) < 0 && memory.grow(needed) < 0) return false;
  end = memory.size() << PAGE_BITS;
  return true;
}

/** RFC 8259, in one loop: a value, then what may follow it. */
function scan(last: i32, levels: i32): bool {
  let depth = 0;
  let i = pastSpace(from);
  while (true) {
    let value = 0;
    if (depth <= levels) {
      value = begin(i);
      if (value == 0) return false;
    }
    const byte = load<u8>(i);
    if (byte == OPEN_BRACE || byte == OPEN_BRACKET) {
      if (depth == DEEPEST) return false;
      const isObject = byte == OPEN_BRACE;
      store<i32>(OPEN + (depth << 2), value << 1 | i32(isObject));
      depth++;
      i = pastSpace(i + 1);
      if (load<u8>(i) != (isObject ? CLOSE_BRACE : CLOSE_BRACKET)) {
        i = isObject ? pastKey(i, depth <= levels) : pastNone(i);
        if (i == 0) return false;
        continue;
      }
      depth--;
      i++;
    } else {
      i = byte == QUOTE ? stringEnd(i + 1) : plainEnd(i);
      if (i == 0) return false;
    }
    while (true) {
      if (value != 0) close(value, i);
      if (load<u8>(i) <= SPACE) i = pastSpace(i);
      if (depth == 0) return i == last;
      const open = load<i32>(OPEN + ((depth - 1) << 2));
      const isObject = (open & 1) != 0;
      const follows = load<u8>(i);
      if (follows == COMMA) {
        i = pastSpace(i + 1);
        i = isObject ? pastKey(i, depth <= levels) : pastNone(i);
        if (i == 0) return false;
        break;
      }
      if (follows != (isObject ? CLOSE_BRACE : CLOSE_BRACKET)) return false;
      depth--;
      value = open >> 1;
      i++;
    }
  }
}

/** Records that a value begins. @returns Where; 0 where there is no room. */
function begin(start: i32): i32 {
  const value = free;
  if (free + VALUE > end && !reach(free + VALUE)) return 0;
  free += VALUE;
  store<i32>(value, keyStart - from);
  store<i32>(value, keyEnd - from, 4);
  store<i32>(value, start - from, 8);
  return value;
}

function close(value: i32, last: i32): void {
  store<i32>(value, last - from, 12);
  store<i32>(value, (free - values) / VALUE, 16);
}

/** Returns where the value whose name begins at `i` begins; 0 where there is none. */
function pastKey(i: i32, isPlain: bool): i32 {
  if (load<u8>(i) != QUOTE) return 0;
  hasEscape = false;
  let at = stringEnd(i + 1);
  if (at == 0 || (isPlain && hasEscape)) return 0;
  keyStart = i;
  keyEnd = at;
  at = pastSpace(at);
  if (load<u8>(at) != COLON) return 0;
  at = pastSpace(at + 1);
  if (
    keyEnd - i == 11 && load<u8>(at) == 0x74 && load<u64>(i + 1) == PROTECTE &&
    load<u8>(i + 9) == SMALL_D
  ) {
    found |= HAS_PROTECTED;
  }
  return at;
}

/** Returns where an element begins, which has no name. */
function pastNone(i: i32): i32 {
  keyStart = i;
  keyEnd = i;
  return i;
}

function pastSpace(i: i32): i32 {
  while (true) {
    const byte = load<u8>(i);
    if (byte > SPACE) return i;
    if (byte == LINE_FEED || byte == CARRIAGE_RETURN) found |= HAS_BREAK;
    else if (byte != SPACE && byte != TAB) return i;
    i++;
  }
}

/** Returns where a string ends whose inside begins at `i`; 0 where it has no end, or is not valid JSON. */
function stringEnd(i: i32): i32 {
  while (true) {
    const part = v128.load(i);
    const isSpecial = v128.or(
      v128.or(i8x16.eq(part, i8x16.splat(QUOTE)), i8x16.eq(part, i8x16.splat(BACKSLASH))),
      i8x16.lt_u(part, i8x16.splat(SPACE)),
    );
    const specials = i8x16.bitmask(isSpecial);
    if (specials == 0) {
      i += 16;
      continue;
    }
    i += ctz(specials);
    const byte = load<u8>(i);
    if (byte == QUOTE) return i + 1;
    if (byte != BACKSLASH) return 0;
    hasEscape = true;
    i = escapeEnd(i + 1);
    if (i == 0) return 0;
  }
}

function escapeEnd(i: i32): i32 {
  if (load<u8>(KINDS + load<u8>(i)) & ESCAPED) return i + 1;
  const last = codeEnd(i);
  if (last == 0 || !isHalf(i)) return last;
  const both = isSecondHalf(i) || load<u8>(last) != BACKSLASH ? 0 : codeEnd(last + 1);
  if (both != 0 && isSecondHalf(last + 1)) return both;
  found |= HAS_HALF;
  return last;
}

/** Returns where the four digits of an escape end whose `u` is at `i`; 0 where it is no such escape. */
function codeEnd(i: i32): i32 {
  if (load<u8>(i) != SMALL_U) return 0;
  for (let at = i + 1; at <= i + 4; at++) if (!(load<u8>(KINDS + load<u8>(at)) & HEX)) return 0;
  return i + 5;
}

/** Returns whether an escape whose `u` is at `i` is half a character: U+D800 to U+DFFF. */
function isHalf(i: i32): bool {
  return u8(load<u8>(i + 1) | 0x20) == SMALL_D && load<u8>(i + 2) >= 0x38;
}

/** Returns whether it is the second half of one: U+DC00 to U+DFFF. */
function isSecondHalf(i: i32): bool {
  return isHalf(i) && u8(load<u8>(i + 2) | 0x20) >= SMALL_C;
}

/** Returns where a number or a literal ends; 0 for neither. */
function plainEnd(i: i32): i32 {
  const byte = load<u8>(i);
  if (byte == MINUS || isDigit(byte)) return numberEnd(i);
  const first = load<u32>(i);
  if (first == TRUE || first == NULL) return i + 4;
  return first == FALS && load<u8>(i + 4) == SMALL_E ? i + 5 : 0;
}

function numberEnd(i: i32): i32 {
  const whole = load<u8>(i) == MINUS ? i + 1 : i;
  let at = digitsEnd(whole);
  if (at == whole || (load<u8>(whole) == ZERO && at > whole + 1)) return 0;
  if (load<u8>(at) == POINT) {
    const part = at + 1;
    at = digitsEnd(part);
    if (at == part) return 0;
  }
  if (u8(load<u8>(at) | 0x20) == SMALL_E) {
    at++;
    if (load<u8>(at) == PLUS || load<u8>(at) == MINUS) at++;
    const power = at;
    at = digitsEnd(power);
    if (at == power) return 0;
  }
  return at;
}

function digitsEnd(i: i32): i32 {
  while (isDigit(load<u8>(i))) i++;
  return i;
}

function isDigit(byte: u8): bool {
  return byte >= ZERO && byte <= NINE;
}
