/** Gives a lock on a file back. */

/**
 * Unlocks a file and closes it. To close it is not enough: a program that this process is starting has the open file
 * too until it runs, and with it the lock.
 */
export async function releaseFile(file: Deno.FsFile): Promise<void> {
  // A file system without locks refuses.
  await file.unlock().catch(() => {});
  file.close();
}
