/** Operations that not every file system supports, each in one place, so that a bucket can be kept without them. */

import { errorCode, ignoreLacking, isLacking, nullIfAbsent } from "../../base/system_error.ts";

export { errorCode, ignoreLacking, isLacking, nullIfAbsent };

/** The operations of a folder bucket on its disk besides reading and writing. */
export interface Disk {
  /** Creates an empty file; fails where one exists. */
  create(path: string): Promise<void>;
  /** Sets when a file was changed, in milliseconds since 1970. */
  date(path: string, ms: number): Promise<void>;
  /** Gives a file a second name; fails where that name is taken. */
  link(path: string, second: string): Promise<void>;
  /** Opens a file to lock it, which is created if it is absent. */
  open(path: string): Promise<Deno.FsFile>;
  /** Waits for the lock on an open file, which ends with the process. */
  lock(file: Deno.FsFile): Promise<void>;
  /** Renames a file, replacing any file of the new name. */
  rename(path: string, to: string): Promise<void>;
  /** Removes a file. */
  remove(path: string): Promise<void>;
  /** Makes the names in a folder durable. */
  sync(folder: string): Promise<void>;
  /** Makes the content of an open file durable. */
  syncFile(file: Deno.FsFile): Promise<void>;
}

/** The system's own disk. */
export const systemDisk: Disk = {
  create: async (path) => (await Deno.open(path, { createNew: true, write: true })).close(),
  date: (path, ms) => Deno.utime(path, ms / 1_000, ms / 1_000),
  link: (path, second) => Deno.link(path, second),
  open: (path) => Deno.open(path, { create: true, write: true }),
  lock: (file) => file.lock(true),
  rename: (path, to) => Deno.rename(path, to),
  remove: (path) => Deno.remove(path),
  async sync(folder) {
    // Windows opens no folders; the file's own sync must be enough there.
    if (Deno.build.os === "windows") return;
    using directory = await Deno.open(folder);
    await directory.sync();
  },
  syncFile: (file) => file.sync(),
};
