/** Cuts a stream of bytes into lines, with a watch on silence. */

import type { Clock } from "../clock.ts";

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const READ_SIZE = 65_536;
/** No tweet comes near this; a longer line is given up, so that it cannot fill the memory. */
const LONGEST_LINE = 32 * 1024 * 1024;

/** Thrown when nothing whole has arrived for too long: bytes that never make a line are no stream. */
export class StalledError extends Error {}

/** What to know for reading lines. */
export interface LinesOptions {
  clock: Clock;
  /** Milliseconds without the end of a line, of which keep-alives have one, after which StalledError is thrown. */
  stallMs: number;
  /** Ends the reading, as if the body had ended. */
  signal: AbortSignal;
}

/**
 * The lines that arrive together, without their ends (`\n` or `\r\n`); empty where only keep-alives
 * arrived. What follows the last line end when the body ends is no line and is left out. One block is
 * read into again and again, so that memory stays flat.
 * @throws StalledError, or what the body fails with.
 */
export async function* linesOf(
  body: ReadableStream<Uint8Array>,
  { clock, stallMs, signal }: LinesOptions,
): AsyncGenerator<Uint8Array[]> {
  const reader = body.getReader({ mode: "byob" });
  // The signal that a fetch was given may be forgotten while only its body waits for it.
  const hangUp = () => void reader.cancel().catch(() => {});
  signal.addEventListener("abort", hangUp, { once: true });
  const splitter = new Splitter();
  let buffer = new Uint8Array(READ_SIZE);
  let lineEnd = clock.monotonic();
  try {
    for (;;) {
      const left = Math.max(lineEnd + stallMs - clock.monotonic(), 0);
      const { value, done } = await inTime(reader.read(buffer), clock, left);
      if (done || signal.aborted) return;
      const hasEnd = value.includes(LINE_FEED);
      const lines = splitter.push(value);
      if (hasEnd) {
        yield lines;
        // Not before: whoever takes the lines may be slow.
        lineEnd = clock.monotonic();
      }
      buffer = new Uint8Array(value.buffer);
    }
  } finally {
    signal.removeEventListener("abort", hangUp);
    await reader.cancel().catch(() => {});
  }
}

/** Keeps the beginning of a line until its end arrives. */
class Splitter {
  #kept = new Uint8Array(READ_SIZE);
  #length = 0;
  #tooLong = false;

  push(chunk: Uint8Array): Uint8Array[] {
    const lines: Uint8Array[] = [];
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(LINE_FEED, start);
      if (end < 0) break;
      if (this.#length === 0 && isKeepAlive(chunk, start, end)) {
        start = end + 1;
        continue;
      }
      this.#keep(chunk.subarray(start, end));
      const line = this.#take();
      if (line.length > 0) lines.push(line);
      start = end + 1;
    }
    this.#keep(chunk.subarray(start));
    return lines;
  }

  #keep(part: Uint8Array): void {
    const needed = this.#length + part.length;
    if (this.#tooLong || needed > LONGEST_LINE) {
      this.#tooLong = true;
      return;
    }
    if (needed > this.#kept.length) {
      const larger = new Uint8Array(needed * 2);
      larger.set(this.#kept.subarray(0, this.#length));
      this.#kept = larger;
    }
    this.#kept.set(part, this.#length);
    this.#length = needed;
  }

  #take(): Uint8Array {
    const end = this.#kept[this.#length - 1] === CARRIAGE_RETURN ? this.#length - 1 : this.#length;
    const line = this.#tooLong ? TOO_LONG : this.#kept.slice(0, Math.max(end, 0));
    this.#length = 0;
    this.#tooLong = false;
    return line;
  }
}

/** Whether a line has nothing in it: millions of them cost nothing. */
function isKeepAlive(chunk: Uint8Array, start: number, end: number): boolean {
  return start === end || (start + 1 === end && chunk[start] === CARRIAGE_RETURN);
}

/** Stands in for a line that was given up: no JSON, so it is counted among the damaged ones. */
const TOO_LONG = new TextEncoder().encode("(a line of more than 32 MiB)");

async function inTime<T>(read: Promise<T>, clock: Clock, ms: number): Promise<T> {
  const watch = new AbortController();
  const stalled = clock.sleep(ms, watch.signal).then(() => {
    if (!watch.signal.aborted) throw new StalledError("Nothing whole has arrived for too long");
    return new Promise<never>(() => {});
  });
  try {
    return await Promise.race([read, stalled]);
  } finally {
    watch.abort();
  }
}
