/** Where the strings, numbers and literals of a JSON text end, found over its bytes (RFC 8259). */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;
const ZERO = 0x30;
const SMALL_C = 0x63;
const SMALL_D = 0x64;
const SMALL_U = 0x75;

/** Bytes that may follow a backslash, but for `u`. */
const ESCAPED = table('"\\/bfnrt');
const HEX = table("0123456789abcdefABCDEF");
const LITERALS = ["true", "false", "null"].map((text) => new TextEncoder().encode(text));

/** The findings in strings. */
export interface Found {
  /** Whether there is half a character: an escape of one without that of the other half. */
  half: boolean;
}

/** Returns the position after a string whose inside begins at `i`; -1 where it has no end, or is not valid JSON. */
export function stringEnd(bytes: Uint8Array, i: number, found: Found): number {
  const length = bytes.length;
  while (i < length) {
    const byte = bytes[i] ?? 0;
    i++;
    if (byte > QUOTE && byte !== BACKSLASH) continue;
    if (byte === QUOTE) return i;
    if (byte < 0x20) return -1;
    if (byte !== BACKSLASH) continue;
    i = escapeEnd(bytes, i, found);
    if (i < 0) return -1;
  }
  return -1;
}

function escapeEnd(bytes: Uint8Array, i: number, found: Found): number {
  const byte = bytes[i] ?? 0;
  if (ESCAPED[byte] === 1) return i + 1;
  const end = codeEnd(bytes, i);
  if (end < 0 || !isHalf(bytes, i)) return end;
  const both = isSecondHalf(bytes, i) || bytes[end] !== BACKSLASH ? -1 : codeEnd(bytes, end + 1);
  if (both >= 0 && isSecondHalf(bytes, end + 1)) return both;
  found.half = true;
  return end;
}

/** Returns the position after the four digits of an escape whose `u` is at `i`; -1 where it is no such escape. */
function codeEnd(bytes: Uint8Array, i: number): number {
  if (bytes[i] !== SMALL_U || i + 4 >= bytes.length) return -1;
  for (let at = i + 1; at <= i + 4; at++) if (HEX[bytes[at] ?? 0] !== 1) return -1;
  return i + 5;
}

/** Returns whether an escape whose `u` is at `i` is half a character: U+D800 to U+DFFF. */
function isHalf(bytes: Uint8Array, i: number): boolean {
  return ((bytes[i + 1] ?? 0) | 0x20) === SMALL_D && (bytes[i + 2] ?? 0) >= 0x38;
}

/** Returns whether it is the second half of one: U+DC00 to U+DFFF. */
function isSecondHalf(bytes: Uint8Array, i: number): boolean {
  return isHalf(bytes, i) && ((bytes[i + 2] ?? 0) | 0x20) >= SMALL_C;
}

/** Returns the position after a number or a literal; -1 for neither. */
export function plainEnd(bytes: Uint8Array, i: number): number {
  const byte = bytes[i] ?? 0;
  if (byte === MINUS || isDigit(byte)) return numberEnd(bytes, i);
  for (const literal of LITERALS) {
    if (byte !== literal[0]) continue;
    if (i + literal.length > bytes.length) return -1;
    for (let at = 1; at < literal.length; at++) if (bytes[i + at] !== literal[at]) return -1;
    return i + literal.length;
  }
  return -1;
}

function numberEnd(bytes: Uint8Array, i: number): number {
  const length = bytes.length;
  let at = bytes[i] === MINUS ? i + 1 : i;
  const whole = at;
  at = digitsEnd(bytes, at);
  if (at === whole || bytes[whole] === ZERO && at > whole + 1) return -1;
  if (at < length && bytes[at] === 0x2e) {
    const part = at + 1;
    at = digitsEnd(bytes, part);
    if (at === part) return -1;
  }
  if (at < length && (bytes[at] === 0x65 || bytes[at] === 0x45)) {
    at++;
    if (at < length && (bytes[at] === 0x2b || bytes[at] === MINUS)) at++;
    const power = at;
    at = digitsEnd(bytes, power);
    if (at === power) return -1;
  }
  return at;
}

function digitsEnd(bytes: Uint8Array, i: number): number {
  while (i < bytes.length && isDigit(bytes[i] ?? 0)) i++;
  return i;
}

/** Returns whether a byte is a digit. */
export function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= 0x39;
}

function table(characters: string): Uint8Array {
  const flags = new Uint8Array(256);
  for (const byte of new TextEncoder().encode(characters)) flags[byte] = 1;
  return flags;
}
