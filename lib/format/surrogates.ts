/**
 * Unpaired surrogates in JSON text: `\ud83d` without the other half behind it. The API sends some, where it cuts a
 * text in the middle of a character. JSON allows them, and JavaScript reads them; jq stops there, DuckDB and pyarrow
 * refuse the file. They are kept as received.
 */

const [BACKSLASH, SMALL_U] = [0x5c, 0x75];
/** Bytes of an escape: `\ud83d`. */
const LENGTH = 6;
/** `\ufffd`, the replacement character. */
const REPLACEMENT = new TextEncoder().encode("\\ufffd");

/** Yields the places of unpaired surrogates in a text of JSON. */
function* findUnpaired(line: Uint8Array): Generator<number> {
  for (let at = line.indexOf(BACKSLASH); at >= 0; at = line.indexOf(BACKSLASH, at)) {
    const code = codeAt(line, at);
    if (code === null || code < 0xd800 || code > 0xdfff) {
      at += 2;
      continue;
    }
    const next = code < 0xdc00 ? codeAt(line, at + LENGTH) : null;
    const isPair = next !== null && next >= 0xdc00 && next <= 0xdfff;
    if (!isPair) yield at;
    at += isPair ? 2 * LENGTH : LENGTH;
  }
}

/** Returns the code of the escape at a place; null where there is none. */
function codeAt(line: Uint8Array, at: number): number | null {
  if (line[at] !== BACKSLASH || line[at + 1] !== SMALL_U) return null;
  let code = 0;
  for (let i = at + 2; i < at + LENGTH; i++) {
    const digit = hexDigit(line[i]);
    if (digit === null) return null;
    code = code * 16 + digit;
  }
  return code;
}

function hexDigit(byte = 0): number | null {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : null;
}

/** Returns whether a line of JSON has an unpaired surrogate, which other programs do not read. */
export function hasHalves(line: Uint8Array): boolean {
  return !findUnpaired(line).next().done;
}

/** Returns a line of JSON with U+FFFD in place of each unpaired surrogate; the same line where there is none. */
export function wellFormed<T extends Uint8Array>(line: T): T | Uint8Array<ArrayBuffer> {
  let clean: Uint8Array<ArrayBuffer> | undefined;
  for (const at of findUnpaired(line)) {
    clean ??= new Uint8Array(line);
    clean.set(REPLACEMENT, at);
  }
  return clean ?? line;
}

/** Returns a text of JSON with U+FFFD in place of each unpaired surrogate. */
export function wellFormedText(text: string): string {
  if (!text.includes("\\ud")) return text;
  const line = new TextEncoder().encode(text);
  const clean = wellFormed(line);
  return clean === line ? text : new TextDecoder().decode(clean);
}
