/** Reads the body of an answer, as far as one may go. */

import { release } from "./memory.ts";

/** Bytes that an answer may have, unpacked: no answer of the API comes near it. */
const MAX_BYTES = 64 << 20;
/** Bytes, unpacked, up to which nobody asks how tightly it was packed. */
const SMALL = 16 << 20;
/** Bytes that an answer is given room for before it comes, where it says how long it is. */
const ROOM = 2 << 20;
/** How many times its packed length a longer answer may have: gzip makes a twentieth of a page of tweets. */
const TIGHTEST = 100;
/** Bytes that are read at a time. */
const BLOCK = 65_536;
/** Blocks that nobody reads into just now: a new one for each answer is more than all else that it takes. */
const free: Uint8Array<ArrayBuffer>[] = [];
/** As many as there are answers that are read at the same time. */
const MAX_FREE = 16;

/**
 * Returns an answer's body. The signal that a fetch was given may be forgotten while only its body waits for it, so that
 * it is watched here too.
 * @throws the signal's reason when it is aborted; what the body fails with; SyntaxError for one beyond 64 MiB or
 *   beyond 16 MiB and a hundred times its packed length, which a few packed bytes can become, and for one that is
 *   packed in a way that nobody asked for.
 */
export async function bytesOf(
  response: Response,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const over = Promise.withResolvers<never>();
  const end = () => over.reject(signal.reason);
  signal.addEventListener("abort", end, { once: true });
  try {
    return await Promise.race([limited(response), over.promise]);
  } finally {
    signal.removeEventListener("abort", end);
  }
}

async function limited(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  const { body, headers } = response;
  const packing = packingOf(response);
  if (packing !== null && !/^(gzip|br)$/.test(packing)) {
    await body?.cancel();
    throw unasked(packing);
  }
  const packed = packing === null ? Infinity : Number(headers.get("content-length") ?? Infinity);
  const most = Math.min(MAX_BYTES, Math.max(SMALL, packed * TIGHTEST));
  const known = packing === null ? Number(headers.get("content-length") ?? 0) : 0;
  return await gathered(body ? blocksOf(body) : [], { most, first: Math.min(known, ROOM) });
}

/**
 * Blocks in one piece.
 * @param sizes.first Bytes that there is room for before any come: to grow is to copy.
 * @throws SyntaxError where they are more bytes than `most`.
 */
async function gathered(
  blocks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  { most, first }: { most: number; first: number },
): Promise<Uint8Array<ArrayBuffer>> {
  let buffer = new Uint8Array(first);
  let length = 0;
  // Leaving the loop cancels the rest.
  for await (const block of blocks) {
    const needed = length + block.length;
    if (needed > most) {
      // At once: the next try comes before anybody collects what is left of this one.
      release(buffer);
      throw new SyntaxError(`It is longer than ${most >> 20} MiB, unpacked`);
    }
    if (needed > buffer.length) {
      // Powers of two: what is let go of has room for what comes, where other sizes took a quarter more in the end.
      buffer = new Uint8Array(buffer.buffer.transfer(2 ** Math.ceil(Math.log2(needed))));
    }
    buffer.set(block, length);
    length = needed;
  }
  return length === buffer.length ? buffer : new Uint8Array(buffer.buffer.transfer(length));
}

/**
 * Yields the blocks of a body, each good until the next one is asked for: one block is read into again and again. What
 * the stream itself hands out keeps 64 KiB for each 4 that are unpacked.
 */
async function* blocksOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = byobReader(body);
  // A body that was read already has no blocks to fill.
  if (!reader) return yield* body;
  try {
    let block = free.pop() ?? new Uint8Array(BLOCK);
    for (;;) {
      const { value, done } = await reader.read(block);
      // One that fails, or is left, keeps its block.
      if (value) block = new Uint8Array(value.buffer);
      if (done) {
        if (value && free.length < MAX_FREE) free.push(block);
        return;
      }
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

function byobReader(body: ReadableStream<Uint8Array>): ReadableStreamBYOBReader | null {
  try {
    return body.getReader({ mode: "byob" });
  } catch {
    return null;
  }
}

/** Returns how an answer says that it is packed; null for one that is not. */
function packingOf({ headers }: Response): string | null {
  const encoding = headers.get("content-encoding")?.trim().toLowerCase() ?? "";
  return /^(identity)?$/.test(encoding) ? null : encoding;
}

function unasked(packing: string): SyntaxError {
  return new SyntaxError(`It comes packed as ${JSON.stringify(packing)}, which was not asked for`);
}

/**
 * Returns an answer that was asked for as it is (`accept-encoding: identity`), unpacked where it comes in gzip all the
 * same: what is lost of a stream is lost. Its body fails with a SyntaxError where it unpacks to more than 16 MiB
 * beyond a hundred times what came.
 * @throws SyntaxError for any other packing.
 */
export async function unpacked(response: Response): Promise<Response> {
  const packing = packingOf(response);
  if (packing === null || !response.body) return response;
  if (!/^(x-)?gzip$/.test(packing)) {
    await response.body.cancel();
    throw unasked(packing);
  }
  const headers = new Headers(response.headers);
  headers.delete("content-encoding");
  headers.delete("content-length");
  const { status, statusText } = response;
  return new Response(await gunzipped(response.body), { status, statusText, headers });
}

async function gunzipped(body: ReadableStream<Uint8Array>): Promise<ReadableStream<Uint8Array>> {
  const { createGunzip } = await import("node:zlib");
  const { pipeline } = await import("node:stream/promises");
  const gunzip = createGunzip();
  /** Bytes that may be unpacked before more comes. */
  let left = SMALL;
  const arriving = async function* () {
    for await (const block of blocksOf(body)) {
      left = Math.min(SMALL, left + block.length * TIGHTEST);
      yield block.slice();
    }
  };
  // What it fails with, reading fails with.
  pipeline(arriving, gunzip).catch(() => {});
  const blocks = gunzip[Symbol.asyncIterator]();
  return new ReadableStream({
    type: "bytes",
    async pull(controller) {
      const { value, done } = await blocks.next();
      if (done) {
        controller.close();
        controller.byobRequest?.respond(0);
        return;
      }
      const block = new Uint8Array(value);
      left -= block.length;
      if (left < 0) {
        gunzip.destroy();
        throw new SyntaxError("It unpacks to more than any stream sends");
      }
      controller.enqueue(block);
    },
    cancel: () => void gunzip.destroy(),
  });
}
