/** The terminal of this process: output, and an answer piped in. */

import { errorMessage, UserError } from "../base/errors.ts";
import { errorCode } from "../base/system_error.ts";
import type { Terminal } from "../cli/output.ts";
import { OUT_CLOSED } from "../runner/local/launcher.ts";

/** Milliseconds between tries of a full pipe, and the most that a harvest waits for the reader of its log. */
const [WAIT_MS, MAX_WAIT_MS] = [5, 1_000];
/** Milliseconds to wait for an answer that is piped in. */
const PIPED_WAIT_MS = 5_000;
/** Bytes that a pipe takes atomically (POSIX's PIPE_BUF: 4,096 on Linux, 512 on macOS). */
const PIPE_BUF = Deno.build.os === "linux" ? 4_096 : 512;
/** Deno's standard output (Rust's LineWriter) buffers lines shorter than this many bytes until it is flushed. */
const KEPT = 1_024;
/** Used only to sleep: it is never notified. */
const PAUSE = new Int32Array(new SharedArrayBuffer(4));

const LINE_FEED = 10;

const encoder = new TextEncoder();

/** Input and output of a terminal. */
export type Streams = Pick<Terminal, "out" | "outBytes" | "err" | "pipedLine">;

/** Input and output of this process. */
export const TERMINAL: Streams = {
  out: (text) => writeOut(encoder.encode(text)),
  outBytes: writeOut,
  err: writeErr,
  ...(Deno.stdin.isTerminal() ? {} : { pipedLine }),
};

/** Describes the terminal of this process. @param env Of the process */
export function describeTerminal(
  write: Streams,
  env: Record<string, string | undefined>,
): Terminal {
  return {
    ...write,
    isInteractive: Deno.stdin.isTerminal() && Deno.stdout.isTerminal(),
    isTerminal: Deno.stderr.isTerminal(),
    isOutTerminal: Deno.stdout.isTerminal(),
    color: Deno.stderr.isTerminal() && !env.NO_COLOR,
    columns: () => Deno.consoleSize().columns,
  };
}

/** Returns the first line of standard input; null if none comes within PIPED_WAIT_MS, as when the writer is silent. */
async function pipedLine(): Promise<string | null> {
  const reader = Deno.stdin.readable.pipeThrough(new TextDecoderStream()).getReader();
  const timer = setTimeout(() => reader.cancel().catch(() => {}), PIPED_WAIT_MS);
  let text = "";
  try {
    while (!text.includes("\n")) {
      const { value, done } = await reader.read();
      if (done) break;
      text += value;
    }
  } finally {
    clearTimeout(timer);
    await reader.cancel().catch(() => {});
  }
  const [line = ""] = text.split(/\r?\n/);
  return line === "" ? null : line;
}

/** Writes to standard output. @throws UserError if it is closed or the reader has gone: the output is incomplete */
function writeOut(bytes: Uint8Array): void {
  if (Deno.env.get(OUT_CLOSED) === `${Deno.pid}`) {
    throw new UserError("Standard output is closed: the output cannot be written", {
      hint: "Run it again without `>&-`, or with `> /dev/null` to discard the output.",
    });
  }
  try {
    for (const piece of splitPieces(bytes)) writePiece(piece);
  } catch (cause) {
    if (cause instanceof Deno.errors.BrokenPipe || errorCode(cause) === "EPIPE") {
      throw new UserError("Standard output was closed before all output was written", {
        cause,
        hint: "The program that reads it has ended, which is normal for `head` or a pager.",
      });
    }
    throw new UserError(`Standard output cannot be written: ${errorMessage(cause)}`, {
      cause,
      hint: "If it goes to a file, free some space there and run it again.",
    });
  }
}

/** Writes to standard error. A failure is ignored: a harvest goes on without its log. */
function writeErr(text: string): void {
  try {
    writeAll(Deno.stderr, encoder.encode(text));
  } catch {
    // Standard error has failed: there is no place to report it.
  }
}

/**
 * Yields the pieces to write to standard output at a time. When a pipe is full, Deno does not say how much of a larger
 * piece it wrote or buffered, so a retry would repeat some of it.
 */
function* splitPieces(bytes: Uint8Array): Generator<Uint8Array> {
  for (let n = 0; n < bytes.length;) {
    const next = bytes.subarray(n, n + PIPE_BUF);
    const length = next.lastIndexOf(LINE_FEED) + 1 || next.length;
    yield next.subarray(0, length);
    n += length;
  }
}

/** Writes a piece to standard output, retrying where a program has made the pipe non-blocking. */
function writePiece(piece: Uint8Array): void {
  const isKept = piece.length < KEPT && piece.at(-1) !== LINE_FEED;
  for (let left = piece;;) {
    try {
      left = left.subarray(Deno.stdout.writeSync(left));
      if (left.length === 0) return;
    } catch (error) {
      if (!(error instanceof Deno.errors.WouldBlock)) throw error;
      // Flush what is buffered; write nothing more.
      if (isKept) left = new Uint8Array();
      pause();
    }
  }
}

/** Writes all to an unbuffered stream. @throws The system's error if nothing is accepted for a second */
function writeAll(stream: { writeSync(bytes: Uint8Array): number }, bytes: Uint8Array): void {
  let waited = 0;
  for (let n = 0; n < bytes.length;) {
    try {
      n += stream.writeSync(bytes.subarray(n));
      waited = 0;
    } catch (error) {
      if (!(error instanceof Deno.errors.WouldBlock) || waited >= MAX_WAIT_MS) throw error;
      pause();
      waited += WAIT_MS;
    }
  }
}

function pause(): void {
  Atomics.wait(PAUSE, 0, 0, WAIT_MS);
}
