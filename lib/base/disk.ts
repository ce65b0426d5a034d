/** Writes to this machine's disk, and translates its failures. */

import { diskError } from "./disk_error.ts";

/**
 * Acts on files of a folder for temporary files.
 * @throws UserError if the disk is full or may not be written, DiskError if it fails.
 */
export async function onDisk<T>(folder: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (cause) {
    throw diskError(cause, folder);
  }
}
