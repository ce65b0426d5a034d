/** Reads a local file for an upload, compared with what was written. */

import { createHash } from "node:crypto";
import { basename } from "node:path";
import { InUseError, openFile, whenReadable } from "../base/in_use.ts";
import { DamagedError, errorMessage, OutsideError } from "../base/errors.ts";
import { errorCode } from "./folder/disk.ts";

/** Bytes read at a time. */
const BLOCK = 1 << 16;

/** The expected content of a local file. */
export interface Expected {
  bytes: number;
  /** SHA-1 in hex; only the length is compared where it is absent. */
  sha1?: string;
}

/**
 * Returns the content of a local file in one piece.
 * @param options.size Its length, if known.
 * @throws as `readBlocks`
 */
export async function readWhole(
  path: string,
  { size, expected }: { size: number; expected?: Expected | undefined },
): Promise<Uint8Array> {
  let whole = new Uint8Array(size);
  let length = 0;
  for await (const block of readBlocks(path, expected)) {
    if (length + block.length > whole.length) {
      whole = new Uint8Array(whole.buffer.transfer((length + block.length) * 2));
    }
    whole.set(block, length);
    length += block.length;
  }
  return whole.subarray(0, length);
}

/**
 * Yields the content of a local file, in blocks that are each valid until the next one is requested: a new one for
 * each would stay until garbage is collected, and of a whole segment that is its whole length.
 * @param expected Nothing is compared where it is absent.
 * @throws DamagedError where it cannot be read, or, at its end at the latest, where it differs from what is expected;
 * OutsideError where the system has no more open files, or another program holds it.
 */
export async function* readBlocks(path: string, expected?: Expected): AsyncGenerator<Uint8Array> {
  const sha1 = createHash("sha1");
  let bytes = 0;
  for await (const block of readable(path)) {
    bytes += block.length;
    if (expected && bytes > expected.bytes) {
      throw damagedError(path, `it has more than its ${expected.bytes} bytes`);
    }
    if (expected?.sha1 !== undefined) sha1.update(block);
    yield block;
  }
  if (!expected) return;
  if (bytes < expected.bytes) {
    throw damagedError(path, `it has ${bytes} bytes instead of ${expected.bytes}`);
  }
  if (expected.sha1 !== undefined && sha1.digest("hex") !== expected.sha1) {
    throw damagedError(path, "its content has changed");
  }
}

async function* readable(path: string): AsyncGenerator<Uint8Array> {
  try {
    using file = await openFile(path);
    const block = new Uint8Array(BLOCK);
    for (;;) {
      const n = await whenReadable(path, () => file.read(block));
      if (n === null) return;
      yield block.subarray(0, n);
    }
  } catch (cause) {
    if (/^E[MN]FILE$/.test(errorCode(cause))) {
      throw new OutsideError(`Too many files are open: ${errorMessage(cause)}`, { cause });
    }
    if (cause instanceof InUseError) throw cause;
    throw damagedError(path, errorMessage(cause), cause);
  }
}

function damagedError(path: string, how: string, cause?: unknown): DamagedError {
  return new DamagedError(
    `A temporary file is damaged (${basename(path)}: ${how})`,
    {
      ...(cause === undefined ? {} : { cause }),
      hint: "The disk for temporary files may be failing: check it, or use another one.",
    },
  );
}
