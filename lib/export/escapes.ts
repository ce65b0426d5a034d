/** The escapes in the strings of a JSON text. */

const BACKSLASH = 0x5c;
const SMALL_U = 0x75;
/** Stands for half a character in UTF-8. */
const REPLACEMENT = 0xfffd;
/** The bytes that escapes stand for, by the character behind the backslash; 0 for no such escape. */
const ESCAPES = escapes({
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
});

/** Returns the character that an escape stands for: half a one where it has no other half. */
export function escapedAt(json: Uint8Array, at: number): number {
  if (json[at + 1] !== SMALL_U) return ESCAPES[json[at + 1] ?? 0] ?? 0;
  const code = digitsAt(json, at + 2);
  if (code < 0xd800 || code >= 0xdc00 || json[at + 6] !== BACKSLASH || json[at + 7] !== SMALL_U) {
    return code;
  }
  const half = digitsAt(json, at + 8);
  const isPair = half >= 0xdc00 && half < 0xe000;
  return isPair ? 0x10000 + ((code - 0xd800) << 10) + (half - 0xdc00) : code;
}

/** Returns how many bytes the escape of a character has. */
export function escapeLength(json: Uint8Array, at: number, code: number): number {
  if (json[at + 1] !== SMALL_U) return 2;
  return code >= 0x10000 ? 12 : 6;
}

/** Returns whether a character is half of one. */
export function isHalf(code: number): boolean {
  return code >= 0xd800 && code < 0xe000;
}

/** Puts a character into bytes as UTF-8, U+FFFD in place of half a one. @returns The place behind it */
export function addCharacter(bytes: Uint8Array, at: number, character: number): number {
  const code = isHalf(character) ? REPLACEMENT : character;
  if (code < 0x80) {
    bytes[at++] = code;
    return at;
  }
  if (code >= 0x10000) {
    bytes[at++] = 0xf0 | (code >> 18);
    bytes[at++] = 0x80 | ((code >> 12) & 0x3f);
  } else if (code >= 0x800) bytes[at++] = 0xe0 | (code >> 12);
  if (code >= 0x800) bytes[at++] = 0x80 | ((code >> 6) & 0x3f);
  else bytes[at++] = 0xc0 | (code >> 6);
  bytes[at++] = 0x80 | (code & 0x3f);
  return at;
}

/** Returns the number of four hexadecimal digits. */
function digitsAt(json: Uint8Array, at: number): number {
  let code = 0;
  for (let i = at; i < at + 4; i++) {
    const byte = json[i] ?? 0;
    code = code * 16 + (byte < 0x40 ? byte - 0x30 : (byte | 0x20) - 0x57);
  }
  return code;
}

function escapes(by: Record<string, string>): Uint8Array {
  const bytes = new Uint8Array(128);
  for (const name in by) bytes[name.charCodeAt(0)] = by[name]?.charCodeAt(0) ?? 0;
  return bytes;
}
