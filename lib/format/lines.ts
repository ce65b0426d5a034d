/** The framing of tweets files, and of the files beside them: one JSON text a line. */

const LINE_FEED = 0x0a;
/** Bytes of a line beyond which reading a file fails; no response of the API comes near it. */
const MAX_LINE_BYTES = 64 * 2 ** 20;

/** A line, without its line break. */
export interface Line {
  line: Uint8Array;
  /** False for a last one without a line break. */
  isEnded: boolean;
}

/**
 * Splits a stream into lines.
 * @throws SyntaxError for a line that is longer than 64 MiB: a line has to fit into memory.
 */
export async function* splitLines(content: AsyncIterable<Uint8Array>): AsyncGenerator<Line> {
  for await (const { line, isEnded } of lendLines(content)) yield { line: line.slice(), isEnded };
}

/**
 * Splits a stream into lines, each of which holds until the next one is asked for: its memory is the chunk's, or is
 * used again. Copies of their own would wait for garbage collections, which take longer than unpacking them.
 * @throws as `splitLines`
 */
export async function* lendLines(content: AsyncIterable<Uint8Array>): AsyncGenerator<Line> {
  const begun = new Begun();
  for await (const { buffer, byteOffset, length } of content) {
    // No Buffer, as slice() of one makes no copy.
    const chunk = new Uint8Array(buffer, byteOffset, length);
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      yield { line: begun.finish(chunk.subarray(start, end)), isEnded: true };
      start = end + 1;
    }
    begun.add(chunk.subarray(start));
  }
  if (begun.length > 0) yield { line: begun.finish(new Uint8Array()), isEnded: false };
}

/** The line that has begun; its memory is used again for each one. */
class Begun {
  #bytes = new Uint8Array();
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Adds a part. @throws SyntaxError where the line is too long */
  add(part: Uint8Array): void {
    const length = this.#length + part.length;
    if (length > MAX_LINE_BYTES) throw new SyntaxError("A line is longer than 64 MiB");
    if (length > this.#bytes.length) {
      const larger = new Uint8Array(2 * length);
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    this.#bytes.set(part, this.#length);
    this.#length = length;
  }

  /** Returns the whole line: the last part itself where it is all of it. */
  finish(part: Uint8Array): Uint8Array {
    if (this.#length === 0) return part;
    this.add(part);
    const line = this.#bytes.subarray(0, this.#length);
    this.#length = 0;
    return line;
  }
}

/** Joins lines into one text, each with a line break at its end. */
export function joinLines(lines: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const text = new Uint8Array(lines.reduce((length, line) => length + line.length + 1, 0));
  let at = 0;
  for (const line of lines) {
    text.set(line, at);
    at += line.length;
    text[at++] = LINE_FEED;
  }
  return text;
}
