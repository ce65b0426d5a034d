/** The port to this machine's files, as the spool uses them: never through a link, and durable after a sync. */

import { constants } from "node:fs";
import { type FileHandle, lstat, open, readdir } from "node:fs/promises";
import { removeFile, renameFile, whenReadable } from "../base/in_use.ts";
import { UserError } from "../base/errors.ts";
import { ignoreLacking } from "../base/system_error.ts";
import { makeFolder, syncFolder } from "../base/own_folder.ts";
import { nullIfAbsent } from "../base/system_error.ts";

/** The status of a file. */
export interface FileFacts {
  /** Identifies a file among all others. */
  id: string;
  isFile: boolean;
  /** In bytes. */
  size: number;
  mode: number;
  uid: number;
  /** How many hard links it has. */
  links: number;
}

/** An open file. Its methods throw the errors of the file system. */
export interface OpenFile {
  /** Writes all of the bytes at a position. */
  write(bytes: Uint8Array, at: number): Promise<void>;
  /** Reads from a position on. @returns How many bytes there were; 0 at the end. */
  read(into: Uint8Array, at: number): Promise<number>;
  /** Makes its content durable. */
  sync(): Promise<void>;
  facts(): Promise<FileFacts>;
  close(): Promise<void>;
}

/** The files of a machine. Its methods throw the errors of the file system. */
export interface Files {
  /** Creates a file that only this person can read. @throws also where the name exists, or is a link */
  create(path: string): Promise<OpenFile>;
  /** Opens a file for reading. @throws also for a link */
  open(path: string): Promise<OpenFile>;
  /** Makes the content of a file durable. @throws also for a link */
  sync(path: string): Promise<void>;
  /** Creates a folder and its parents, each durable. */
  makeFolder(path: string): Promise<void>;
  /** Makes the names in a folder durable. */
  syncFolder(path: string): Promise<void>;
  /** Returns the status of a name, without following links; null where there is nothing. */
  facts(path: string): Promise<FileFacts | null>;
  /** Returns the names in a folder. */
  names(path: string): Promise<string[]>;
  rename(from: string, to: string): Promise<void>;
  /** Removes a file; a missing one is no failure. */
  remove(path: string): Promise<void>;
  /** Removes a folder with all that is in it. */
  removeFolder(path: string): Promise<void>;
}

const { O_RDONLY, O_RDWR, O_CREAT, O_EXCL } = constants;
/** Windows has no such flag. */
const O_NOFOLLOW: number = constants.O_NOFOLLOW ?? 0;

/** The files of this machine. */
export const systemFiles: Files = {
  create: (path) => openFile(path, O_RDWR | O_CREAT | O_EXCL),
  open: (path) => openFile(path, O_RDONLY),
  sync: async (path) => {
    const file = await openFile(path, O_RDWR);
    try {
      await file.sync();
    } finally {
      await file.close();
    }
  },
  makeFolder,
  syncFolder,
  facts: async (path) => {
    const found = await lstat(path, { bigint: true }).catch(nullIfAbsent);
    if (found) await lookAtDisk(path, found);
    return found && toFacts(found);
  },
  names: (path) => readdir(path),
  rename: renameFile,
  remove: async (path) => {
    await removeFile(path).catch(nullIfAbsent);
  },
  removeFolder: async (path) => {
    await removeFile(path, { recursive: true }).catch(nullIfAbsent);
  },
};

/**
 * Opens a name without following links. Deno resolves links before the system sees O_NOFOLLOW, where its permissions
 * are those of this program: so the opened file is compared with the name.
 */
async function openFile(path: string, flags: number): Promise<OpenFile> {
  const found = await systemFiles.facts(path);
  // Before it is opened: opening a pipe would block.
  if (found && !found.isFile) throw strange(path);
  const file = new SystemFile(
    await whenReadable(path, () => open(path, flags | O_NOFOLLOW, 0o600)),
  );
  try {
    const named = await systemFiles.facts(path);
    const own = await file.facts();
    if (own.isFile && named?.id === own.id) return file;
    throw strange(path);
  } catch (error) {
    await file.close();
    throw error;
  }
}

function strange(path: string): UserError {
  return new UserError(`${path} is not a regular file, or has several names`, {
    hint: "Another program may have put it there: check it, and remove it.",
  });
}

class SystemFile implements OpenFile {
  readonly #handle: FileHandle;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  async write(bytes: Uint8Array, at: number): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const { bytesWritten } = await this.#handle.write(
        bytes,
        done,
        bytes.length - done,
        at + done,
      );
      done += bytesWritten;
    }
  }

  async read(into: Uint8Array, at: number): Promise<number> {
    return (await this.#handle.read(into, 0, into.length, at)).bytesRead;
  }

  async sync(): Promise<void> {
    await this.#handle.sync().catch(ignoreLacking);
  }

  async facts(): Promise<FileFacts> {
    return toFacts(await this.#handle.stat({ bigint: true }));
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

/** File systems, and whether a file has the same number there at each look: with FUSE not always. */
const steady = new Map<bigint, boolean>();

async function lookAtDisk(path: string, { dev, ino }: Stat): Promise<void> {
  if (steady.has(dev)) return;
  const again = await lstat(path, { bigint: true }).catch(nullIfAbsent);
  if (again) steady.set(dev, again.ino === ino);
}

interface Stat {
  dev: bigint;
  ino: bigint;
  birthtimeNs: bigint;
  size: bigint;
  mode: bigint;
  uid: bigint;
  nlink: bigint;
  isFile(): boolean;
}

function toFacts(stat: Stat): FileFacts {
  return {
    // The creation time alone identifies a file whose number is not stable.
    id: `${stat.dev}-${steady.get(stat.dev) === false ? stat.birthtimeNs : stat.ino}`,
    isFile: stat.isFile(),
    size: Number(stat.size),
    mode: Number(stat.mode),
    uid: Number(stat.uid),
    links: Number(stat.nlink),
  };
}
