/** What not every file system can do, each in one place, so that a bucket can be kept without it. */

import { constants } from "node:os";
import { messageOf } from "../errors.ts";

/** What a folder bucket asks of its disk besides reading and writing. */
export interface Disk {
  /** Gives a file a second name; fails where that name is taken. */
  link(path: string, second: string): Promise<void>;
  /** Waits for the lock on an open file, which ends with the process. */
  lock(file: Deno.FsFile): Promise<void>;
  /** Makes the names in a folder durable. */
  sync(folder: string): Promise<void>;
}

/** The disk as the system has it. */
export const systemDisk: Disk = {
  link: (path, second) => Deno.link(path, second),
  lock: (file) => file.lock(true),
  async sync(folder) {
    // Windows opens no folders; the file's own sync must do there.
    if (Deno.build.os === "windows") return;
    using directory = await Deno.open(folder);
    await directory.sync();
  },
};

/** `ENOSPC` and the like; Deno gives some failures (EFBIG, EDQUOT, ENOSYS) no code, only their number. */
export function codeOf(error: unknown): string {
  if (error instanceof Error && "code" in error) return String(error.code);
  const number = Number(/\(os error (\d+)\)/.exec(messageOf(error))?.[1]);
  return Object.entries(constants.errno).find(([, value]) => value === number)?.[0] ?? "";
}

/** Whether a file system does not have what was asked of it: FAT has no links, some of a network have no locks. */
export function isLacking(error: unknown): boolean {
  if (error instanceof Deno.errors.NotSupported) return true;
  return /^(EPERM|ENOTSUP|EOPNOTSUPP|ENOSYS|ENOLCK|EINVAL)$/.test(codeOf(error));
}

/** Null for the error of a file that is not there; throws any other. */
export function nullIfAbsent(error: unknown): null {
  if (codeOf(error) === "ENOENT" || error instanceof Deno.errors.NotFound) return null;
  throw error;
}
