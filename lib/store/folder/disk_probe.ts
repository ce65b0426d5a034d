/** Checks whether a disk can hold a bucket: once, when the bucket is created. */

import { readTextFile, removeFile, renameFile } from "../../base/in_use.ts";
import type { Disk } from "./disk.ts";
import { dateAfter, readVersion } from "./objects.ts";

/**
 * Returns why a disk cannot hold a bucket, for a person; null where it can. Missing links, locks or syncs are no
 * fault.
 * @param newFile Returns the path of a new file on that disk.
 * @throws the errors of the file system.
 */
export async function diskFault(newFile: () => string, disk: Disk): Promise<string | null> {
  const [first, second] = [newFile(), newFile()];
  try {
    await disk.create(first);
    if (await isMade(first, disk)) return "creating a file there overwrites an existing one";
    await Deno.writeTextFile(first, "1");
    await Deno.writeTextFile(second, "2");
    await dateAfter(first, null, disk);
    await dateAfter(second, first, disk);
    if (await readVersion(first) === await readVersion(second)) {
      return "it gives two files the same time";
    }
    await renameFile(second, first);
    const isReplaced = await readTextFile(first) === "2";
    return isReplaced ? null : "renaming a file there does not replace another one";
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
