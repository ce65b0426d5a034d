/** Parses JSON as strictly as the strictest reader of our files. */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Levels of brackets: recursive readers fail beyond some hundred; the API has about ten. */
export const DEEPEST = 200;

// A BOM is not part of a JSON text (RFC 8259, 8.1).
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Returns the value of a JSON text; only for reading, as numbers lose digits.
 * @throws SyntaxError where it is malformed, not UTF-8, or nested deeper than other readers allow.
 */
export function strictlyParsed(bytes: Uint8Array): unknown {
  checkDepth(bytes);
  return JSON.parse(decodeText(bytes));
}

/** @throws SyntaxError for a JSON text that is nested deeper than other readers allow. */
export function checkDepth(bytes: Uint8Array): void {
  if (isTooDeep(bytes)) throw new SyntaxError(`It is nested more than ${DEEPEST} levels deep`);
}

function decodeText(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new SyntaxError("It is not UTF-8", { cause });
  }
}

function isTooDeep(bytes: Uint8Array): boolean {
  let depth = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    if (byte === QUOTE) {
      for (i++; i < bytes.length && bytes[i] !== QUOTE; i++) if (bytes[i] === BACKSLASH) i++;
    } else if (byte === 0x5b || byte === 0x7b) {
      if (++depth > DEEPEST) return true;
    } else if (byte === 0x5d || byte === 0x7d) {
      depth--;
    }
  }
  return false;
}
