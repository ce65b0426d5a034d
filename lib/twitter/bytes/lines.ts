/** Splits a stream of bytes into lines, and detects silence. */

import { Alarm } from "../../base/alarm.ts";
import type { Clock } from "../../base/clock.ts";
import { GRACE_MS, isOrderly } from "../http/stop.ts";
import { lineEnds } from "./outline.ts";

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const READ_SIZE = 262_144;
/** No tweet comes near this, its end included; a longer line is dropped, so that it cannot fill the memory. */
const LONGEST_LINE = 32 * 1024 * 1024;

/** Milliseconds of one wait for more after a stop, and the number of silent waits after which there is no more. */
const [TURN_MS, QUIET_TURNS] = [100, 5];

/** Thrown when no complete line has arrived for too long: bytes that never make a line are no stream. */
export class StalledError extends Error {}

/** Thrown where a stop left bytes that were still arriving. */
export class UnreadError extends Error {}

/** Options of reading lines. */
export interface LinesOptions {
  clock: Clock;
  /** Milliseconds without the end of a line, after which StalledError is thrown; keep-alives have one. */
  stallMs: number;
  /**
   * Ends the reading. A stop in good order leaves time for bytes that have arrived: they are read until nothing more
   * comes for half a second, or for `GRACE_MS`.
   */
  signal: AbortSignal;
}

/**
 * Yields the lines that arrive together, without their ends (`\n` or `\r\n`); empty where only keep-alives arrived.
 * Bytes after the last line end when the body ends are dropped. One block is read into again and again, so that
 * memory stays constant.
 * @throws StalledError, UnreadError, or the error of the body.
 */
export async function* readLines(
  body: ReadableStream<Uint8Array>,
  { clock, stallMs, signal }: LinesOptions,
): AsyncGenerator<Uint8Array[]> {
  const reader = body.getReader({ mode: "byob" });
  const wait = new Wait(clock, signal);
  const splitter = new Splitter();
  let buffer = new Uint8Array(READ_SIZE);
  let lineEnd = clock.monotonic();
  try {
    for (;;) {
      const read = reader.read(buffer);
      // Where it is no longer awaited, cancelling ends it.
      read.catch(() => {});
      const came = await wait.beforeStop(read, lineEnd + stallMs) ?? await wait.afterStop(read);
      if (!came || came.done) {
        if (isOrderly(signal) && splitter.isWithinLine) throw unreadError();
        return;
      }
      const { value } = came;
      const hasEnd = value.includes(LINE_FEED);
      const lines = splitter.push(value);
      if (hasEnd) {
        yield lines;
        // Not before: the reader of the lines may be slow.
        lineEnd = clock.monotonic();
      }
      buffer = new Uint8Array(value.buffer);
    }
  } finally {
    wait.close();
    await reader.cancel().catch(() => {});
  }
}

/** Waits for the reads of a body. */
class Wait {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #alarm: Alarm;
  /** When reading ends at the latest, by the monotonic clock. */
  #end = Infinity;

  constructor(clock: Clock, signal: AbortSignal) {
    this.#clock = clock;
    this.#signal = signal;
    this.#alarm = new Alarm(clock);
    if (signal.aborted) this.#stop();
    else signal.addEventListener("abort", this.#stop, { once: true });
  }

  /**
   * Returns a read's result; undefined once reading is to end. @throws StalledError at `stalled`, by the monotonic
   * clock.
   */
  async beforeStop<T>(read: Promise<T>, stalled: number): Promise<T | undefined> {
    if (this.#signal.aborted) return undefined;
    const came = await this.#alarm.before(stalled, read);
    if (came || this.#signal.aborted) return came;
    throw new StalledError("No complete line has arrived for too long");
  }

  /**
   * Returns a read's result from bytes that have arrived; undefined where there are no more. Several waits ensure
   * that: a process that is suspended or starved in one of them sees in the next what arrived meanwhile.
   * @throws UnreadError where more comes for too long.
   */
  async afterStop<T>(read: Promise<T>): Promise<T | undefined> {
    if (!isOrderly(this.#signal)) return undefined;
    for (let turns = 0; turns < QUIET_TURNS; turns++) {
      const now = this.#clock.monotonic();
      if (this.#end <= now) throw unreadError();
      const came = await this.#alarm.before(Math.min(this.#end, now + TURN_MS), read);
      if (came) return came;
    }
    return undefined;
  }

  /** Stops listening to the signal. */
  close(): void {
    this.#signal.removeEventListener("abort", this.#stop);
    this.#alarm.close();
  }

  readonly #stop = (): void => {
    this.#end = this.#clock.monotonic() + GRACE_MS;
    this.#alarm.ring();
  };
}

function unreadError(): UnreadError {
  return new UnreadError("More was arriving when the stream was left");
}

/** Keeps the beginning of a line until its end arrives. */
class Splitter {
  #kept = new Uint8Array(READ_SIZE);
  #length = 0;
  #tooLong = false;

  /** Whether a line has begun whose end has not arrived. */
  get isWithinLine(): boolean {
    return this.#length > 0;
  }

  /**
   * Returns the lines that end in a chunk, as parts of one block, which can be given back at once: a copy of each would
   * cost as much as reading it, and wait for a garbage collection.
   */
  push(chunk: Uint8Array): Uint8Array[] {
    const lines: Uint8Array[] = [];
    const end = chunk.lastIndexOf(LINE_FEED) + 1;
    if (end > 0) {
      let start = 0;
      if (this.#length > 0 || this.#tooLong) {
        start = chunk.indexOf(LINE_FEED) + 1;
        this.#keep(chunk.subarray(0, start));
      }
      if (this.#tooLong) lines.push(TOO_LONG);
      cut(this.#take(chunk.subarray(pastKeepAlives(chunk, start), end)), lines);
    }
    this.#keep(chunk.subarray(end));
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

  /** Returns what is kept, unless it is too long, with what follows it. */
  #take(rest: Uint8Array): Uint8Array {
    const length = this.#tooLong ? 0 : this.#length;
    const block = new Uint8Array(length + rest.length);
    block.set(this.#kept.subarray(0, length));
    block.set(rest, length);
    this.#length = 0;
    this.#tooLong = false;
    return block;
  }
}

/**
 * Returns the position of the first byte from `i` on that is in a line with content: millions of empty ones cost
 * nothing.
 */
function pastKeepAlives(chunk: Uint8Array, i: number): number {
  for (;;) {
    if (chunk[i] === LINE_FEED) i++;
    else if (chunk[i] === CARRIAGE_RETURN && chunk[i + 1] === LINE_FEED) i += 2;
    else return i;
  }
}

/** Adds the lines of a block that ends with the end of a line, but for empty ones. */
function cut(block: Uint8Array, lines: Uint8Array[]): void {
  let start = 0;
  for (const end of lineEnds(block) ?? lineFeeds(block)) {
    const isLong = end > start && block[end - 1] === CARRIAGE_RETURN;
    const line = block.subarray(start, isLong ? end - 1 : end);
    if (line.length > 0) lines.push(line);
    start = end + 1;
  }
}

function* lineFeeds(block: Uint8Array): Generator<number> {
  for (let at = block.indexOf(LINE_FEED); at >= 0; at = block.indexOf(LINE_FEED, at + 1)) yield at;
}

/** Replaces a line that was dropped: not JSON, so it is counted among the damaged ones. */
const TOO_LONG = new TextEncoder().encode("(a line of more than 32 MiB)");
