/** What is written to this machine's disk, and what its failures mean. */

import { diskError } from "./disk_error.ts";

/**
 * Acts on files of a folder for temporary files.
 * @throws UserError where the disk is full or may not be written, DiskError where it fails.
 */
export async function onDisk<T>(folder: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (cause) {
    throw diskError(cause, folder);
  }
}
