/** CSV as bytes: cells are copied from JSON texts, and strings are made only of what is unusual. */

import { escapedAt, escapeLength, isHalf } from "./escapes.ts";

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const [LINE_FEED, CARRIAGE_RETURN] = [0x0a, 0x0d];
/** Stands for half a character in UTF-8. */
const REPLACEMENT = 0xfffd;
const FIRST_SIZE = 2 ** 16;
/** Characters of a text up to which a loop is quicker than the encoder. */
const SHORT = 64;

const encoder = new TextEncoder();

/** A growing text. It is used again and again, so that it costs no memory of its own each time. */
export class CsvBytes {
  #bytes = new Uint8Array(FIRST_SIZE);
  #length = 0;
  #epoch = 1;
  #cell = 0;
  #isQuoted = false;

  get length(): number {
    return this.#length;
  }

  /** Returns what is there from `start` on; it holds until something is added. */
  from(start: number): Uint8Array {
    return this.#bytes.subarray(start, this.#length);
  }

  /** Which text it is: another one once something was taken back. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Takes back what was added behind a length. */
  cut(length: number): void {
    this.#length = length;
    this.#epoch++;
  }

  /** Adds bytes, a few, as they are. */
  add(bytes: Uint8Array, start: number, end: number): void {
    this.#reserve(end - start);
    for (let i = start; i < end; i++) this.#bytes[this.#length++] = bytes[i] ?? 0;
  }

  /** Adds again what is there from `start` to `end`. */
  repeat(start: number, end: number): void {
    this.#reserve(end - start);
    this.#bytes.copyWithin(this.#length, start, end);
    this.#length += end - start;
  }

  /** Adds bytes, many, as they are. */
  addBytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Adds a text as it is; half a character becomes U+FFFD. */
  addText(text: string): void {
    this.#reserve(text.length * 3);
    if (text.length > SHORT) return this.#encode(text);
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code >= 0x80) return this.#encode(text.slice(i));
      this.#bytes[this.#length++] = code;
    }
  }

  /** Adds one byte as it is. */
  addByte(byte: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = byte;
  }

  /**
   * Adds a cell of what a string says whose inside lies from `start` to `end` in a JSON text: its line breaks become
   * the two characters `\n`.
   */
  addString(json: Uint8Array, start: number, end: number): void {
    if (!this.#addPlain(json, start, end)) this.#addSpecial(json, start, end);
  }

  /** Adds a cell of what a string says whose inside lies from `start` to `end` in a JSON text, with its line breaks. */
  addExactString(json: Uint8Array, start: number, end: number): void {
    if (this.#addPlain(json, start, end)) return;
    this.begin();
    this.pieceString(json, start, end);
    this.end();
  }

  /** Begins a cell of pieces, which is quoted at its end if that is needed. */
  begin(): void {
    this.#cell = this.#length;
    this.#isQuoted = false;
    this.addByte(QUOTE);
  }

  /**
   * Adds JSON from `start` to `end` to the cell that was begun: its strings as JSON.stringify writes them, all else as
   * it is, and U+FFFD in place of half a character.
   */
  piece(json: Uint8Array, start: number, end: number): void {
    this.#reserve(2 * (end - start));
    const to = this.#bytes;
    let at = this.#length;
    for (let i = start; i < end; i++) {
      const byte = json[i] ?? 0;
      if (byte === BACKSLASH) {
        this.#length = at;
        return this.#pieceEscaped(json, i, end);
      }
      if (byte === QUOTE) to[at++] = QUOTE;
      if (byte === QUOTE || byte === COMMA) this.#isQuoted = true;
      to[at++] = byte;
    }
    this.#length = at;
  }

  /** Adds what a string says whose inside lies from `start` to `end` in a JSON text to the cell that was begun. */
  pieceString(json: Uint8Array, start: number, end: number): void {
    for (let i = start; i < end; i++) {
      const byte = json[i] ?? 0;
      if (byte === BACKSLASH) {
        const code = escapedAt(json, i);
        i += escapeLength(json, i, code) - 1;
        this.#putCode(isHalf(code) ? REPLACEMENT : code);
      } else this.#pieceByte(byte);
    }
  }

  /** Adds an ASCII text to the cell that was begun. */
  pieceText(text: string): void {
    for (let i = 0; i < text.length; i++) this.#pieceByte(text.charCodeAt(i));
  }

  /** Ends the cell that was begun. */
  end(): void {
    if (this.#isQuoted) return this.addByte(QUOTE);
    this.#bytes.copyWithin(this.#cell, this.#cell + 1, this.#length);
    this.#length--;
  }

  #encode(text: string): void {
    this.#length += encoder.encodeInto(text, this.#bytes.subarray(this.#length)).written;
  }

  /** Adds a cell of what a string says. @returns False, and adds nothing, where it has an escape or is to be quoted */
  #addPlain(json: Uint8Array, start: number, end: number): boolean {
    this.#reserve(end - start);
    const bytes = this.#bytes;
    let at = this.#length;
    for (let i = start; i < end; i++) {
      const byte = json[i] ?? 0;
      if (byte === COMMA || byte === BACKSLASH) return false;
      bytes[at++] = byte;
    }
    this.#length = at;
    return true;
  }

  #addSpecial(json: Uint8Array, start: number, end: number): void {
    this.begin();
    for (let i = start; i < end; i++) {
      const byte = json[i] ?? 0;
      if (byte === BACKSLASH) {
        const code = escapedAt(json, i);
        i += escapeLength(json, i, code) - 1;
        if (code === LINE_FEED) this.pieceText("\\n");
        else if (code !== CARRIAGE_RETURN) this.#putCode(isHalf(code) ? REPLACEMENT : code);
      } else this.#pieceByte(byte);
    }
    this.end();
  }

  /** Adds JSON, as JSON.stringify writes its strings, from a backslash on. */
  #pieceEscaped(json: Uint8Array, start: number, end: number): void {
    for (let i = start; i < end; i++) {
      const byte = json[i] ?? 0;
      if (byte === BACKSLASH) {
        const code = escapedAt(json, i);
        i += escapeLength(json, i, code) - 1;
        if (isHalf(code)) this.pieceText("\\ufffd");
        else if (code < 0x20 || code === QUOTE || code === BACKSLASH) {
          this.pieceText(JSON.stringify(String.fromCharCode(code)).slice(1, -1));
        } else this.#putCode(code);
      } else this.#pieceByte(byte);
    }
  }

  #putCode(code: number): void {
    if (code < 0x80) return this.#pieceByte(code);
    if (code >= 0x10000) {
      this.#pieceByte(0xf0 | (code >> 18));
      this.#pieceByte(0x80 | ((code >> 12) & 0x3f));
    } else if (code >= 0x800) this.#pieceByte(0xe0 | (code >> 12));
    if (code >= 0x800) this.#pieceByte(0x80 | ((code >> 6) & 0x3f));
    else this.#pieceByte(0xc0 | (code >> 6));
    this.#pieceByte(0x80 | (code & 0x3f));
  }

  #pieceByte(byte: number): void {
    if (byte === QUOTE) this.addByte(QUOTE);
    if (byte === QUOTE || byte === COMMA || byte === LINE_FEED || byte === CARRIAGE_RETURN) {
      this.#isQuoted = true;
    }
    this.addByte(byte);
  }

  #reserve(more: number): void {
    const wanted = this.#length + more;
    if (wanted <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(wanted, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}
