/** Observes the bytes of a stream. */

/** Passes bytes through, and calls `look` with each chunk. */
export function tap(look: (chunk: Uint8Array) => void): TransformStream<Uint8Array, Uint8Array> {
  return new TransformStream({
    transform(chunk, controller) {
      look(chunk);
      controller.enqueue(chunk);
    },
  });
}
