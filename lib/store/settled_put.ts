/** Conditional writes that may be done and unanswered: what is there says what became of them. */

import { Buffer } from "node:buffer";
import { ConflictError, LinkError, OutsideError } from "../base/errors.ts";
import type { Store, Version, When } from "./store.ts";

/**
 * Writes an object under a condition. Where the store says that somebody else wrote first, or does not
 * answer, the object is read: a write of one's own that was done, and whose answer was lost, is done.
 * The bytes have to be nobody else's (by a time or an id in them) for that to be so.
 * @throws ConflictError where what is there was written by somebody else; OutsideError where the outcome
 *   stays unknown; what the store throws.
 */
export async function settledPut(
  store: Pick<Store, "get" | "put">,
  key: string,
  bytes: Uint8Array,
  when: When,
): Promise<Version> {
  try {
    return await store.put(key, bytes, when);
  } catch (error) {
    if (!(error instanceof OutsideError)) throw error;
    const found = await store.get(key).catch((unread) => {
      // What lies behind a link is not one's own; else nobody knows whose write it was.
      if (unread instanceof LinkError) throw error;
      throw error instanceof ConflictError ? unread : error;
    });
    if (found && Buffer.from(found.bytes).equals(bytes)) return found.version;
    throw error;
  }
}
