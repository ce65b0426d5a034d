/** README.md at the head of a bucket and of a collection: kept true for as long as nobody has made it theirs. */

import { Buffer } from "node:buffer";
import { TwarcCloudError } from "../base/errors.ts";
import { isKept, keptText, README } from "../collection/kept_readme.ts";
import type { Store } from "../store/store.ts";

/**
 * Writes README.md below a folder, where it is not there or is not true any more. One that a person has made or changed
 * stays; that it cannot be written is no fault.
 * @param folder With a `/` at its end; empty for the bucket.
 */
export async function keepReadme(store: Store, folder: string, text: string): Promise<void> {
  const key = `${folder}${README}`;
  const bytes = keptText(text);
  try {
    const found = await store.get(key);
    if (found && (!isKept(found.bytes) || Buffer.from(found.bytes).equals(bytes))) return;
    await store.put(key, bytes, found ? { ifVersion: found.version } : { ifAbsent: true });
  } catch (error) {
    if (!(error instanceof TwarcCloudError)) throw error;
  }
}
