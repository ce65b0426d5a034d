/** Reads the body of a response, within limits. */

import { release } from "./memory.ts";

/** Bytes of a response, unpacked: no response of the API comes near it. */
const MAX_BYTES = 64 << 20;
/** Unpacked bytes up to which the compression ratio is not checked. */
const SMALL = 16 << 20;
/** Bytes to allocate before a response that gives its length. */
const ROOM = 2 << 20;
/** Largest compression ratio of a longer response: gzip makes a twentieth of a page of tweets. */
const TIGHTEST = 100;
/** Bytes that are read at a time. */
const BLOCK = 65_536;
/** Read buffers that are free: a new one for each response would be most of its memory. */
const free: Uint8Array<ArrayBuffer>[] = [];
/** At least as many as responses are read at the same time. */
const MAX_FREE = 16;

/**
 * Returns a response's body. The signal is checked here too: fetch may forget its own while only its body waits for it.
 * @throws The signal's reason when it is aborted; what the body fails with; SyntaxError for a body of more than 64 MiB,
 * for one of more than 16 MiB and a hundred times its packed length (a decompression bomb), and for an encoding that
 * was not requested.
 */
export async function readBody(
  response: Response,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const over = Promise.withResolvers<never>();
  const end = () => over.reject(signal.reason);
  signal.addEventListener("abort", end, { once: true });
  try {
    return await Promise.race([limitBody(response), over.promise]);
  } finally {
    signal.removeEventListener("abort", end);
  }
}

async function limitBody(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  const { body, headers } = response;
  const packing = contentEncoding(response);
  if (packing !== null && !/^(gzip|br)$/.test(packing)) {
    await body?.cancel();
    throw unexpectedPacking(packing);
  }
  const packed = packing === null ? Infinity : Number(headers.get("content-length") ?? Infinity);
  const most = Math.min(MAX_BYTES, Math.max(SMALL, packed * TIGHTEST));
  const known = packing === null ? Number(headers.get("content-length") ?? 0) : 0;
  return await gatherBlocks(body ? readBlocks(body) : [], { most, first: Math.min(known, ROOM) });
}

/**
 * Returns blocks as one buffer.
 * @param sizes.first Bytes to allocate first: growing copies.
 * @throws SyntaxError for more bytes than `most`
 */
async function gatherBlocks(
  blocks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  { most, first }: { most: number; first: number },
): Promise<Uint8Array<ArrayBuffer>> {
  let buffer = new Uint8Array(first);
  let length = 0;
  // Leaving the loop cancels the rest.
  for await (const block of blocks) {
    const needed = length + block.length;
    if (needed > most) {
      // Released at once: the next try comes before a garbage collection.
      release(buffer);
      throw new SyntaxError(`It is longer than ${most >> 20} MiB, unpacked`);
    }
    if (needed > buffer.length) {
      // Powers of two: freed memory fits the next buffer; other sizes took a quarter more in the end.
      buffer = new Uint8Array(buffer.buffer.transfer(2 ** Math.ceil(Math.log2(needed))));
    }
    buffer.set(block, length);
    length = needed;
  }
  return length === buffer.length ? buffer : new Uint8Array(buffer.buffer.transfer(length));
}

/**
 * Yields the blocks of a body, each valid until the next one is requested: they share one buffer. The stream's own
 * blocks take 64 KiB for each 4 KiB that are unpacked.
 */
async function* readBlocks(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = byobReader(body);
  // A body that was read already has no byte stream.
  if (!reader) return yield* body;
  try {
    let block = free.pop() ?? new Uint8Array(BLOCK);
    for (;;) {
      const { value, done } = await reader.read(block);
      // A read that fails or is cancelled keeps its buffer.
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

/** Returns the encoding of a response; null for none. */
function contentEncoding({ headers }: Response): string | null {
  const encoding = headers.get("content-encoding")?.trim().toLowerCase() ?? "";
  return /^(identity)?$/.test(encoding) ? null : encoding;
}

function unexpectedPacking(packing: string): SyntaxError {
  return new SyntaxError(`Its encoding is ${JSON.stringify(packing)}, which was not requested`);
}

/**
 * Returns a response requested with `accept-encoding: identity`, unpacked if it comes in gzip all the same: a stream
 * cannot be requested again. Its body fails with a SyntaxError where it unpacks to more than 16 MiB beyond a hundred
 * times what arrived.
 * @throws SyntaxError for any other encoding
 */
export async function unpack(response: Response): Promise<Response> {
  const packing = contentEncoding(response);
  if (packing === null || !response.body) return response;
  if (!/^(x-)?gzip$/.test(packing)) {
    await response.body.cancel();
    throw unexpectedPacking(packing);
  }
  const headers = new Headers(response.headers);
  headers.delete("content-encoding");
  headers.delete("content-length");
  const { status, statusText } = response;
  return new Response(await gunzip(response.body), { status, statusText, headers });
}

async function gunzip(body: ReadableStream<Uint8Array>): Promise<ReadableStream<Uint8Array>> {
  const { createGunzip } = await import("node:zlib");
  const { pipeline } = await import("node:stream/promises");
  const gunzip = createGunzip();
  /** Bytes that may be unpacked before more arrives. */
  let left = SMALL;
  const arriving = async function* () {
    for await (const block of readBlocks(body)) {
      left = Math.min(SMALL, left + block.length * TIGHTEST);
      yield block.slice();
    }
  };
  // The reader gets the same error.
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
