/** The terminal of this process: what is written to it, and the answer that is piped in. */

import { messageOf, UserError } from "../base/errors.ts";
import { codeOf } from "../base/system_error.ts";
import type { Terminal } from "../cli/output.ts";
import { OUT_CLOSED } from "../runner/local/launcher.ts";

/** Milliseconds between tries of a pipe that is full, and those that a harvest waits for a reader of its log. */
const [WAIT_MS, MAX_WAIT_MS] = [5, 1_000];
/** Milliseconds that an answer may take which is piped in. */
const PIPED_WAIT_MS = 5_000;
/** Bytes that a pipe takes whole or not at all (POSIX's PIPE_BUF, which is 4,096 on Linux and 512 on macOS). */
const PIPE_BUF = Deno.build.os === "linux" ? 4_096 : 512;
/** Bytes of a line below which Deno's standard output, Rust's LineWriter, keeps them until it is flushed. */
const KEPT = 1_024;
/** Nothing ever wakes it. */
const PAUSE = new Int32Array(new SharedArrayBuffer(4));

const LINE_FEED = 10;

const encoder = new TextEncoder();

/** The ways in and out. */
export type Streams = Pick<Terminal, "out" | "outBytes" | "err" | "pipedLine">;

/** Those of this process. */
export const TERMINAL: Streams = {
  out: (text) => writeOut(encoder.encode(text)),
  outBytes: writeOut,
  err: writeErr,
  ...(Deno.stdin.isTerminal() ? {} : { pipedLine }),
};

/** Returns what the terminal of this process is like. @param env Of the process */
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

/** Returns the first line of standard input; null where it has none within some seconds, as one that nobody writes to. */
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

/** @throws UserError where it cannot be written, or nobody reads any more: not all that was asked for is there. */
function writeOut(bytes: Uint8Array): void {
  if (Deno.env.get(OUT_CLOSED) === `${Deno.pid}`) {
    throw new UserError("Standard output is closed: what was asked for cannot be written", {
      hint: "Run it again without `>&-`; where it is not wanted, with `> /dev/null`.",
    });
  }
  try {
    for (const piece of piecesOf(bytes)) writePiece(piece);
  } catch (cause) {
    if (cause instanceof Deno.errors.BrokenPipe || codeOf(cause) === "EPIPE") {
      throw new UserError("Standard output was closed before all of it was written", {
        cause,
        hint: "What reads it has ended; where that is `head` or a pager, nothing is wrong.",
      });
    }
    throw new UserError(`Standard output cannot be written: ${messageOf(cause)}`, {
      cause,
      hint: "Where it goes to a file, free some space there, and run it again.",
    });
  }
}

/** What cannot be said ends nothing: a harvest goes on without its log. */
function writeErr(text: string): void {
  try {
    writeAll(Deno.stderr, encoder.encode(text));
  } catch {
    // There is nobody to tell.
  }
}

/**
 * Yields what is written to standard output at a time. Where a pipe is full, Deno does not say how much of more it has
 * written, or keeps: it would come twice.
 */
function* piecesOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let n = 0; n < bytes.length;) {
    const next = bytes.subarray(n, n + PIPE_BUF);
    const length = next.lastIndexOf(LINE_FEED) + 1 || next.length;
    yield next.subarray(0, length);
    n += length;
  }
}

/** Writes a piece to standard output, and waits for a pipe that does not wait for its reader, as some programs make them. */
function writePiece(piece: Uint8Array): void {
  const isKept = piece.length < KEPT && piece.at(-1) !== LINE_FEED;
  for (let left = piece;;) {
    try {
      left = left.subarray(Deno.stdout.writeSync(left));
      if (left.length === 0) return;
    } catch (error) {
      if (!(error instanceof Deno.errors.WouldBlock)) throw error;
      // Nothing more is written then, but what is kept.
      if (isKept) left = new Uint8Array();
      pause();
    }
  }
}

/** Writes all to a stream that keeps nothing. @throws what the system says where it takes nothing for a second */
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
