/** The file with the log of a collection's harvesters on this machine. */

import { openSync } from "node:fs";
import { renameFile } from "../../base/in_use.ts";
import type { Clock } from "../../base/clock.ts";
import { messageOf, OutsideError } from "../../base/errors.ts";
import { outlast } from "../../base/outage.ts";
import type { LogOptions } from "../runner.ts";

/** Bytes after which a log is put aside. */
const MAX_BYTES = 10 * 1024 * 1024;
/** Milliseconds between two looks at a log that is followed. */
const POLL_MS = 500;

/** Puts a log aside that has grown too long, where that can be done; where its next line will be. */
export async function rotated(path: string): Promise<number> {
  const size = (await Deno.stat(path).catch(() => null))?.size ?? 0;
  if (size < MAX_BYTES) return size;
  return await renameFile(path, asideOf(path)).then(() => 0, () => size);
}

/** Opens a log to add to it; its file descriptor. @throws OutsideError */
export function openLog(path: string): number {
  try {
    return openSync(path, "a");
  } catch (cause) {
    throw new OutsideError(`The log ${path} cannot be written: ${messageOf(cause)}`, { cause });
  }
}

/** Adds a line to a log, where it can be written: nothing that only tells may end what works. */
export function addLine(path: string, line: string): void {
  try {
    Deno.writeTextFileSync(path, `${line}\n`, { append: true });
  } catch {
    // Its reader misses a line.
  }
}

/** Returns the last line after a position of a log that tells an error, without its `Error: `; none where it cannot be read. */
export async function lastError(path: string, offset: number): Promise<string | undefined> {
  const found = await bytesAfter(path, { file: null, offset }).catch(() => null);
  const lines = new TextDecoder().decode(found?.bytes).split("\n");
  return lines.findLast((line) => line.startsWith("Error: "))?.replace(/^Error: /, "");
}

/**
 * Yields the lines of a log, which may be absent yet; a followed one goes on until the signal, each line once, also where
 * it is away for a while or is put aside.
 * @throws OutsideError where a log that is not followed cannot be read.
 */
export async function* linesOf(
  path: string,
  { follow, signal, say = () => {}, clock }: LogOptions & { clock: Clock },
): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for (let read: Place = { file: null, offset: 0 }; !signal.aborted;) {
    const look = () => bytesAfter(path, read);
    const found = follow
      ? await outlast(look, { clock, signal, say }).catch(unlessAborted(signal))
      : await look();
    if (!found) return;
    read = found.end;
    const lines = (rest + decoder.decode(found.bytes, { stream: follow })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
    if (follow) await clock.sleep(POLL_MS, signal);
    else if (rest !== "") yield rest;
    if (!follow) return;
  }
}

/** How far a log was read. */
interface Place {
  /** What the system calls the file; null for one that was not there yet, and where a system does not say. */
  file: number | null;
  /** In bytes. */
  offset: number;
}

/**
 * Returns what a log has after a place, and where it ends now; an absent file has nothing, and is waited for where it was.
 * @throws OutsideError
 */
async function bytesAfter(path: string, from: Place): Promise<{ bytes: Uint8Array; end: Place }> {
  try {
    using file = await Deno.open(path).catch(nullIfAbsent);
    if (!file) return { bytes: new Uint8Array(), end: from };
    const { ino, size } = await file.stat();
    const isSame = from.file === null || from.file === ino;
    const missed = isSame ? new Uint8Array() : await lastOf(asideOf(path), from);
    // A shorter file was begun anew.
    const offset = isSame && size >= from.offset ? from.offset : 0;
    const bytes = await bytesFrom(file, offset);
    const end = { file: ino, offset: offset + bytes.length };
    return { bytes: joined(missed, bytes), end };
  } catch (cause) {
    throw new OutsideError(`The log ${path} cannot be read: ${messageOf(cause)}`, { cause });
  }
}

/** Returns what was added to a log between the last look and when it was put aside; nothing where that is gone already. */
async function lastOf(path: string, from: Place): Promise<Uint8Array> {
  using file = await Deno.open(path).catch(nullIfAbsent);
  const isIt = file && (await file.stat()).ino === from.file;
  return isIt ? await bytesFrom(file, from.offset) : new Uint8Array();
}

async function bytesFrom(file: Deno.FsFile, offset: number): Promise<Uint8Array> {
  await file.seek(offset, Deno.SeekMode.Start);
  const blocks: Uint8Array<ArrayBuffer>[] = [];
  const block = new Uint8Array(1 << 16);
  for (let n = await file.read(block); n !== null; n = await file.read(block)) {
    blocks.push(block.slice(0, n));
  }
  return await new Blob(blocks).bytes();
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

function asideOf(path: string): string {
  return `${path}.1`;
}

function nullIfAbsent(error: unknown): null {
  if (error instanceof Deno.errors.NotFound) return null;
  throw error;
}

/** Null for an error that says no more than that the signal was aborted; throws any other. */
function unlessAborted(signal: AbortSignal): (error: unknown) => null {
  return (error) => {
    if (signal.aborted && error === signal.reason) return null;
    throw error;
  };
}
