/** Memory outside of V8's heap that is given back by hand. */

/** Bytes that are worth being given back by hand. */
const MANY = 2 ** 16;
/** Bytes that are, of what comes again and again. */
const MANY_OF_MANY = 2 ** 14;

/**
 * Gives back the memory of bytes that nobody needs any more, of which no part is held: they are none from then on.
 * What pages had would be there until some collection, and sixteen are asked for at a time. Somebody may have taken them
 * over by then.
 */
export function release({ buffer }: Pick<Uint8Array<ArrayBuffer>, "buffer">): void {
  if (!buffer.detached) buffer.transfer(0);
}

/**
 * Returns bytes with their memory, which whoever had them has no more: a copy of a page takes longer than to find what is
 * in it. Of a large buffer it is the part from `start` on that is copied, where most of it is something else, `used`
 * being what of it is wanted.
 */
export function takeOver(
  bytes: Uint8Array<ArrayBuffer>,
  { start, end, used }: { start: number; end: number; used: number },
): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset } = bytes;
  if (buffer.byteLength - used > spareOf(used)) return bytes.slice(start, end);
  return new Uint8Array(buffer.transfer(), byteOffset + start, end - start);
}

/**
 * Gives back the memory of bytes that nobody reads any more, where they are many: what lies outside of V8's heap waits
 * for the next collection otherwise, beside what is made meanwhile. They are empty then.
 */
export function giveBack({ buffer, byteLength }: Uint8Array): void {
  const isOwn = byteLength >= MANY && buffer.byteLength - byteLength <= spareOf(byteLength);
  if (isOwn && buffer instanceof ArrayBuffer) release({ buffer });
}

/** The same for the lines of an answer: those that follow each other in one block, where they are nearly all of it. */
export function giveBackAll(parts: Uint8Array[]): void {
  let taken = 0;
  for (const [i, { buffer, byteLength }] of parts.entries()) {
    taken += byteLength;
    if (parts[i + 1]?.buffer === buffer) continue;
    const isOwn = buffer.byteLength >= MANY_OF_MANY && buffer.byteLength - taken <= spareOf(taken);
    if (isOwn && buffer instanceof ArrayBuffer) release({ buffer });
    taken = 0;
  }
}

/** Bytes at the end of a buffer that are not worth a copy. */
export function spareOf(length: number): number {
  return length >> 3;
}

/**
 * Memory for bytes that come together, and are given back together: one piece for each of them costs more, to make and to
 * collect, than to fill it.
 */
export class Room {
  readonly #size: number;
  #bytes: Uint8Array<ArrayBuffer> | undefined;
  #filled = 0;

  /** @param size Bytes in all, as far as that is known */
  constructor(size: number) {
    this.#size = size;
  }

  /** Returns memory for so many bytes: a part of this, or of its own where this is full. */
  take(length: number): Uint8Array<ArrayBuffer> {
    const end = this.#filled + length;
    if (end > this.#size) return new Uint8Array(length);
    this.#bytes ??= new Uint8Array(this.#size);
    const part = this.#bytes.subarray(this.#filled, end);
    this.#filled = end;
    return part;
  }
}
