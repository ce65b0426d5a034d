/** The file with the log of a collection's harvesters on this machine. */

import { Buffer } from "node:buffer";
import { openSync } from "node:fs";
import { openFile, renameFile } from "../../base/in_use.ts";
import type { Clock } from "../../base/clock.ts";
import { readable } from "../../base/log.ts";
import { errorMessage, OutsideError } from "../../base/errors.ts";
import { outlast } from "../../base/outage.ts";
import { nullIfAbsent } from "../../base/system_error.ts";
import type { LogOptions } from "../runner.ts";

/** Bytes after which a log is rotated. */
const MAX_BYTES = 10 * 1024 * 1024;
/** Milliseconds between two polls of a followed log. */
const POLL_MS = 500;

/** Rotates a log that has grown too long, if possible; returns the position of its next line. */
export async function rotateLog(path: string): Promise<number> {
  const size = (await Deno.stat(path).catch(() => null))?.size ?? 0;
  if (size < MAX_BYTES) return size;
  return await renameFile(path, rotatedPath(path)).then(() => 0, () => size);
}

/** Opens a log for appending; returns its file descriptor. @throws OutsideError */
export function openLog(path: string): number {
  try {
    return openSync(path, "a");
  } catch (cause) {
    throw new OutsideError(`The log ${path} cannot be written: ${errorMessage(cause)}`, { cause });
  }
}

/** Appends a line to a log, if possible: a log may not end what works. */
export function addLine(path: string, line: string): void {
  try {
    Deno.writeTextFileSync(path, `${line}\n`, { append: true });
  } catch {
    // The line is lost.
  }
}

/** Returns the last error after a position of a log, as text or JSON; none where the log cannot be read. */
export async function lastError(path: string, offset: number): Promise<string | undefined> {
  const found = await bytesAfter(path, { file: null, offset }).catch(() => null);
  const lines = new TextDecoder().decode(found?.bytes).split("\n");
  for (const line of lines.reverse()) {
    const [, error] = /^Error: (.*)/.exec(readable(line)) ?? [];
    if (error !== undefined) return error;
  }
}

/**
 * Yields the lines of a log, which may be absent yet; a followed one goes on until the signal, each line once, also
 * where it is missing for a while or is rotated.
 * @throws OutsideError where a log that is not followed cannot be read.
 */
export async function* readLines(
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

/** A position in a log. */
interface Place {
  /**
   * The system's number of the file; null for one that did not exist yet, and where a system does not have numbers.
   */
  file: number | null;
  /** In bytes. */
  offset: number;
}

/**
 * Returns the bytes of a log after a position, and where it ends now; an absent file has none, and its position
 * stays.
 * @throws OutsideError
 */
async function bytesAfter(path: string, from: Place): Promise<{ bytes: Uint8Array; end: Place }> {
  try {
    using file = await openFile(path).catch(nullIfAbsent);
    if (!file) return { bytes: new Uint8Array(), end: from };
    const { ino, size } = await file.stat();
    const isSame = from.file === null || from.file === ino;
    const missed = isSame ? new Uint8Array() : await readLast(rotatedPath(path), from);
    // A shorter file was begun again.
    const offset = isSame && size >= from.offset ? from.offset : 0;
    const bytes = await bytesFrom(file, offset);
    const end = { file: ino, offset: offset + bytes.length };
    return { bytes: Buffer.concat([missed, bytes]), end };
  } catch (cause) {
    throw new OutsideError(`The log ${path} cannot be read: ${errorMessage(cause)}`, { cause });
  }
}

/**
 * Returns the bytes added to a log between the last poll and its rotation; none where that file is deleted already.
 */
async function readLast(path: string, from: Place): Promise<Uint8Array> {
  using file = await openFile(path).catch(nullIfAbsent);
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

function rotatedPath(path: string): string {
  return `${path}.1`;
}

/** Returns null for the abort of the signal; throws any other error. */
function unlessAborted(signal: AbortSignal): (error: unknown) => null {
  return (error) => {
    if (signal.aborted && error === signal.reason) return null;
    throw error;
  };
}
