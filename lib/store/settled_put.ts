/** Conditional writes whose response may be lost: the object shows their outcome. */

import { Buffer } from "node:buffer";
import { ConflictError, LinkError, OutsideError } from "../base/errors.ts";
import type { Store, Version, When } from "./store.ts";

/**
 * Writes an object under a condition. Where the store reports a conflict, or does not respond, the object is read: if
 * it has the bytes of this write, its response was lost and the write is done. For that the bytes have to be unique
 * (by a time or an id in them).
 * @throws ConflictError where another process wrote the object; OutsideError where the outcome stays unknown; the
 * errors of the store.
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
      // The target of a link is not one's own; otherwise the writer is unknown.
      if (unread instanceof LinkError) throw error;
      throw error instanceof ConflictError ? unread : error;
    });
    if (found && Buffer.from(found.bytes).equals(bytes)) return found.version;
    throw error;
  }
}
