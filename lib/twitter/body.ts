/** Reads the body of an answer. */

/**
 * An answer's body. The signal that a fetch was given may be forgotten while only its body waits for it, so that
 * it is watched here too. @throws the signal's reason when it is aborted; what the body fails with.
 */
export async function bytesOf(
  response: Response,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const over = Promise.withResolvers<never>();
  const end = () => over.reject(signal.reason);
  signal.addEventListener("abort", end, { once: true });
  try {
    return await Promise.race([response.bytes(), over.promise]);
  } finally {
    signal.removeEventListener("abort", end);
  }
}
