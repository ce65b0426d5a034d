/** The framing of tweets files, and of the files beside them: one JSON text a line. */

import { Buffer } from "node:buffer";

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
export async function* splitLines(content: ReadableStream<Uint8Array>): AsyncGenerator<Line> {
  let begun: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of content) {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      yield { line: Buffer.concat([...begun, chunk.subarray(start, end)]), isEnded: true };
      begun = [];
      length = 0;
      start = end + 1;
    }
    if (start < chunk.length) begun.push(chunk.slice(start));
    length += chunk.length - start;
    if (length > MAX_LINE_BYTES) throw new SyntaxError("A line is longer than 64 MiB");
  }
  if (begun.length > 0) yield { line: Buffer.concat(begun), isEnded: false };
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
