/** Reads the body of an answer. */

import { Buffer } from "node:buffer";

/** Bytes that an answer may have, unpacked: no answer of the API comes near it. */
const MOST = 64 << 20;

/**
 * An answer's body. The signal that a fetch was given may be forgotten while only its body waits for it, so that
 * it is watched here too.
 * @throws the signal's reason when it is aborted; what the body fails with; SyntaxError for one beyond 64 MiB,
 *   which a few packed bytes can become.
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

async function limited({ body }: Response): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body ?? []) {
    length += chunk.length;
    // Leaving the loop cancels the rest.
    if (length > MOST) throw new SyntaxError("It is longer than 64 MiB");
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}
