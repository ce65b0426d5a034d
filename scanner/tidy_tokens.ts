/** The tokens of a JSON text, as `tidy.ts` writes them, one after the other: strings, numbers, literals. */

import {
  BACKSLASH,
  MINUS,
  NINE,
  POINT,
  QUOTE,
  SLASH,
  SMALL_A,
  SMALL_E,
  SMALL_F,
  SMALL_U,
  ZERO,
} from "./bytes";
/** Digits of which each number has a 64-bit floating point number of its own. */
const MOST_DIGITS: i32 = 15;

/** Where the next byte goes. */
export let o: i32 = 0;
/** Whether JavaScript may write the number otherwise that was written last. */
export let isOdd: bool = false;

/** Writes to another place from now on. */
export function writeTo(place: i32): void {
  o = place;
}

/** Writes a byte. */
export function put(byte: u8): void {
  store<u8>(o, byte);
  o++;
}

/** Writes a string. @returns Where it ends. */
export function pastString(i: i32): i32 {
  put(QUOTE);
  i = pastUnescaped(i + 1);
  while (load<u8>(i) != QUOTE) i = pastUnescaped(pastEscape(i + 1));
  put(QUOTE);
  return i + 1;
}

/** Writes a part of a string. @returns Where the next quote or backslash is, which is not written. */
export function pastUnescaped(i: i32): i32 {
  while (true) {
    const part = v128.load(i);
    v128.store(o, part);
    const specials = i8x16.bitmask(
      v128.or(
        i8x16.eq(part, i8x16.splat(QUOTE)),
        i8x16.eq(part, i8x16.splat(BACKSLASH)),
      ),
    );
    if (specials != 0) {
      o += ctz(specials);
      return i + ctz(specials);
    }
    i += 16;
    o += 16;
  }
}

/** Writes what an escape stands for whose letter is at `i`. @returns Where it ends. */
function pastEscape(i: i32): i32 {
  const letter = load<u8>(i);
  if (letter != SMALL_U) {
    if (letter != SLASH) put(BACKSLASH);
    put(letter);
    return i + 1;
  }
  const code = codeAt(i + 1);
  i += 5;
  if ((code & 0xf800) != 0xd800) {
    putCode(code);
    return i;
  }
  if (code < 0xdc00 && load<u16>(i) == 0x755c) {
    const half = codeAt(i + 2);
    if ((half & 0xfc00) == 0xdc00) {
      const whole = 0x10000 + ((code - 0xd800) << 10) + (half - 0xdc00);
      put(u8(0xf0 | (whole >> 18)));
      put(u8(0x80 | ((whole >> 12) & 0x3f)));
      put(u8(0x80 | ((whole >> 6) & 0x3f)));
      put(u8(0x80 | (whole & 0x3f)));
      return i + 6;
    }
  }
  putEscaped(0xfffd);
  return i;
}

function putCode(code: i32): void {
  if (code >= 0x800) {
    put(u8(0xe0 | (code >> 12)));
    put(u8(0x80 | ((code >> 6) & 0x3f)));
    return put(u8(0x80 | (code & 0x3f)));
  }
  if (code >= 0x80) {
    put(u8(0xc0 | (code >> 6)));
    return put(u8(0x80 | (code & 0x3f)));
  }
  if (code >= 0x20) {
    if (code == QUOTE || code == BACKSLASH) put(BACKSLASH);
    return put(u8(code));
  }
  let letter: u8 = 0;
  if (code == 0x08) letter = 0x62;
  else if (code == 0x09) letter = 0x74;
  else if (code == 0x0a) letter = 0x6e;
  else if (code == 0x0c) letter = 0x66;
  else if (code == 0x0d) letter = 0x72;
  if (letter == 0) return putEscaped(code);
  put(BACKSLASH);
  put(letter);
}

/** Writes an escape of four digits. */
function putEscaped(code: i32): void {
  put(BACKSLASH);
  put(SMALL_U);
  for (let bits = 12; bits >= 0; bits -= 4) {
    const digit = u8((code >> bits) & 15);
    put(digit < 10 ? ZERO + digit : SMALL_A + digit - 10);
  }
}

function codeAt(i: i32): i32 {
  let code = 0;
  for (let at = i; at < i + 4; at++) {
    const byte = load<u8>(at);
    code = code << 4 | i32(byte <= NINE ? byte - ZERO : (byte | 0x20) - SMALL_A + 10);
  }
  return code;
}

/** Writes a number or a literal. @returns Where it ends. */
export function pastPlain(i: i32): i32 {
  isOdd = false;
  const first = load<u8>(i);
  if (first < SMALL_A) return pastNumber(i);
  store<u32>(o, load<u32>(i));
  if (first == SMALL_F) store<u8>(o + 4, SMALL_E);
  const length = first == SMALL_F ? 5 : 4;
  o += length;
  return i + length;
}

/** Writes a number: as JavaScript does, or as it is. */
function pastNumber(i: i32): i32 {
  const start = o;
  if (load<u8>(i) == MINUS) {
    put(MINUS);
    i++;
  }
  const digits = o;
  i = pastDigits(i);
  const whole = o;
  if (load<u8>(i) == POINT) {
    put(POINT);
    i = pastDigits(i + 1);
  }
  if ((load<u8>(i) | 0x20) == SMALL_E) {
    isOdd = true;
    return pastPower(i);
  }
  if (o > whole && !shorten(digits, whole)) isOdd = true;
  // JSON.stringify writes no negative zero.
  if (o == digits + 1 && load<u8>(digits) == ZERO) {
    o = start;
    put(ZERO);
  }
  return i;
}

/**
 * Takes back the zeros at the end of a fraction, and its point with them.
 * @returns False for one that may have a shorter form, or is so small that it may be written with an exponent
 */
function shorten(digits: i32, whole: i32): bool {
  if (o - digits > MOST_DIGITS + 1) return false;
  while (load<u8>(o - 1) == ZERO) o--;
  if (o == whole + 1) o = whole;
  return o == whole || load<u8>(digits) != ZERO || load<u8>(whole + 1) != ZERO;
}

/** Writes an exponent as it is. */
function pastPower(i: i32): i32 {
  put(load<u8>(i));
  i++;
  if (load<u8>(i) < ZERO) {
    put(load<u8>(i));
    i++;
  }
  return pastDigits(i);
}

function pastDigits(i: i32): i32 {
  while (true) {
    const byte = load<u8>(i);
    if (byte < ZERO || byte > NINE) return i;
    put(byte);
    i++;
  }
}
