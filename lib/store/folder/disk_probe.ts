/** Whether a disk can hold a bucket: looked at once, when the bucket is made. */

import { removeFile, renameFile } from "../../base/in_use.ts";
import type { Disk } from "./disk.ts";
import { dateAfter, versionOf } from "./objects.ts";

/**
 * Returns why a disk cannot hold a bucket, for a person; null where it can. What it may lack (links, locks, syncs) is no fault.
 * @param newFile The path of a file that is not there, on that disk.
 * @throws what the file system fails with.
 */
export async function diskFault(newFile: () => string, disk: Disk): Promise<string | null> {
  const [first, second] = [newFile(), newFile()];
  try {
    await disk.create(first);
    if (await isMade(first, disk)) return "it creates a file in place of one that exists";
    await Deno.writeTextFile(first, "1");
    await Deno.writeTextFile(second, "2");
    await dateAfter(first, null, disk);
    await dateAfter(second, first, disk);
    if (await versionOf(first) === await versionOf(second)) {
      return "it does not tell the times of two files apart";
    }
    await renameFile(second, first);
    const isReplaced = await Deno.readTextFile(first) === "2";
    return isReplaced ? null : "it does not put a file in the place of another";
  } finally {
    for (const path of [first, second]) await removeFile(path).catch(() => {});
  }
}

async function isMade(path: string, disk: Disk): Promise<boolean> {
  return await disk.create(path).then(() => true, (error) => {
    if (error instanceof Deno.errors.AlreadyExists) return false;
    throw error;
  });
}
