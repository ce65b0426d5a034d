/** The control secret of a folder bucket's harvesters, kept in the folder. */

import { join } from "node:path";
import { messageOf, UserError } from "../errors.ts";
import { type Disk, systemDisk } from "../store/disk.ts";
import { Folders } from "../store/folders.ts";
import { secretFile, secretIn } from "../store/secret_file.ts";

/**
 * The secret of a folder bucket: 32 random bytes in hexadecimal, made when it is first wanted, and
 * readable by the person alone.
 * @throws UserError where it can be neither read nor written.
 */
export async function folderSecret(folder: string, disk: Disk = systemDisk): Promise<string> {
  const path = join(folder, "runner", "secret");
  try {
    const folders = new Folders(folder, disk);
    await folders.checkWay(path);
    const known = await secretIn(path);
    if (known) return known;
    await folders.makeRoot();
    return await folders.within(path, () => secretFile(path, disk));
  } catch (cause) {
    throw new UserError(`The secret in ${path} cannot be used: ${messageOf(cause)}`, { cause });
  }
}
