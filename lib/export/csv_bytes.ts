/** CSV as bytes: cells are copied from JSON texts, and strings are made only of what is unusual. */

import { addCharacter, escapedAt, escapeLength, isHalf } from "./escapes.ts";

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const SMALL_N = 0x6e;
const [LINE_FEED, CARRIAGE_RETURN] = [0x0a, 0x0d];
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
    this.#addCell(json, start, end, true);
  }

  /** Adds a cell of what a string says whose inside lies from `start` to `end` in a JSON text, with its line breaks. */
  addExactString(json: Uint8Array, start: number, end: number): void {
    this.#addCell(json, start, end, false);
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
    this.#unescape(json, start, end, false);
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

  /** @param namesBreaks Whether line breaks become the two characters `\n`. */
  #addCell(json: Uint8Array, start: number, end: number, namesBreaks: boolean): void {
    this.#reserve(end - start + 1);
    const bytes = this.#bytes;
    let at = this.#length;
    for (let i = start; i < end; i++) {
      const byte = json[i] ?? 0;
      if (byte === COMMA || byte === BACKSLASH) {
        bytes.copyWithin(this.#length + 1, this.#length, at);
        this.begin();
        this.#length += i - start;
        this.#unescape(json, i, end, namesBreaks);
        return this.end();
      }
      bytes[at++] = byte;
    }
    this.#length = at;
  }

  /** Adds what a part of a string says to the cell that was begun. */
  #unescape(json: Uint8Array, start: number, end: number, namesBreaks: boolean): void {
    // No escape has fewer bytes than a quote that is doubled.
    this.#reserve(2 * (end - start));
    const to = this.#bytes;
    let at = this.#length;
    for (let i = start; i < end; i++) {
      const byte = json[i] ?? 0;
      if (byte !== BACKSLASH) {
        if (byte === COMMA) this.#isQuoted = true;
        to[at++] = byte;
        continue;
      }
      const code = escapedAt(json, i);
      i += escapeLength(json, i, code) - 1;
      if (code >= 0x80) at = addCharacter(to, at, code);
      else if (namesBreaks && code === LINE_FEED) {
        to[at++] = BACKSLASH;
        to[at++] = SMALL_N;
      } else if (!namesBreaks || code !== CARRIAGE_RETURN) {
        if (isSpecial(code)) this.#isQuoted = true;
        if (code === QUOTE) to[at++] = QUOTE;
        to[at++] = code;
      }
    }
    this.#length = at;
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
    this.#reserve(4);
    this.#length = addCharacter(this.#bytes, this.#length, code);
  }

  #pieceByte(byte: number): void {
    if (byte === QUOTE) this.addByte(QUOTE);
    if (isSpecial(byte)) this.#isQuoted = true;
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

/** Returns whether a cell with it is quoted. */
function isSpecial(byte: number): boolean {
  return byte === QUOTE || byte === COMMA || byte === LINE_FEED || byte === CARRIAGE_RETURN;
}
