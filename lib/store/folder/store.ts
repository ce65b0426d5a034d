/** A folder of this machine as a store: every write is atomic, conditions hold between processes. */

import { dirname, resolve } from "node:path";
import { openFile, whenFree } from "../../base/in_use.ts";
import { checkNoShare } from "../../base/network_share.ts";
import { isSecret } from "../../collection/layout.ts";
import { ConflictError, LinkError, OutsideError, UserError } from "../../base/errors.ts";
import { type Disk, ignoreLacking, isLacking, nullIfAbsent, systemDisk } from "./disk.ts";
import { writeAll } from "../../base/write_all.ts";
import { readBlocks } from "../expected.ts";
import {
  dateAfter,
  filePath,
  objectsBelow,
  readContent,
  readVersion,
  translateError,
} from "./objects.ts";
import { Folders } from "./folders.ts";
import { checkReadable } from "./links.ts";
import { OwnFolder } from "./own_folder.ts";
import type { Listed, Store, UploadOptions, Version, When } from "../store.ts";

/** A Store in a folder. */
export class LocalStore implements Store {
  readonly name: string;
  readonly isBilled = false;
  readonly #root: string;
  readonly #disk: Disk;
  readonly #folders: Folders;
  readonly #own: OwnFolder;
  readonly #passedOver = new Map<string, LinkError>();
  /** The identity of the bucket's folder when it was last seen, so that its absence means that it is unavailable. */
  #there: string | undefined;

  private constructor(path: string, { name, disk }: { name: string; disk: Disk }) {
    this.name = name;
    this.#root = resolve(path);
    this.#disk = disk;
    this.#folders = new Folders(this.#root, disk);
    this.#own = new OwnFolder(this.#root, this.#folders, disk);
  }

  /**
   * Opens the folder, which is created by the first write: opening or reading changes nothing.
   * @param options.name For messages; by default its path.
   * @throws UserError where it is a file, or a share without a letter.
   */
  static async open(
    path: string,
    { name = path, disk = systemDisk }: { name?: string; disk?: Disk } = {},
  ): Promise<LocalStore> {
    checkNoShare(path, { called: "Bucket", option: "--bucket" });
    if ((await Deno.stat(resolve(path)).catch(() => null))?.isFile) {
      throw new UserError(`Bucket ${name} is a file, not a folder`, {
        hint: "Name a folder with --bucket.",
      });
    }
    const store = new LocalStore(path, { name, disk });
    if (await store.#own.isThere()) store.#there = await identify(store.#root);
    return store;
  }

  async get(
    key: string,
    most?: number,
  ): Promise<{ bytes: Uint8Array; version: Version } | null> {
    const path = this.#path(key);
    return await this.#translateErrors(async () => {
      await checkReadable(this.#root, path);
      const found = await readContent(path, { key, most });
      if (!found) await this.#checkThere();
      return found;
    });
  }

  async read(key: string): Promise<ReadableStream<Uint8Array>> {
    const path = this.#path(key);
    const file = await this.#translateErrors(async () => {
      await checkReadable(this.#root, path);
      return await openFile(path).catch(nullIfAbsent);
    });
    if (!file) throw new OutsideError(`There is no ${key} in bucket ${this.name}`);
    return await this.#translateErrors(() => contentOfFile(file));
  }

  async put(key: string, bytes: Uint8Array, when?: When): Promise<Version> {
    return await this.#write(key, when, (file) => writeAll(file, bytes));
  }

  async upload(
    key: string,
    path: string,
    { when, expected }: UploadOptions = {},
  ): Promise<Version> {
    return await this.#write(key, when, async (file) => {
      for await (const block of readBlocks(path, expected)) await writeAll(file, block);
    });
  }

  async delete(key: string, when?: { ifVersion: Version }): Promise<void> {
    const path = this.#path(key);
    await this.#translateErrors(async () => {
      await this.#checkThere();
      if (!when && !await readVersion(path)) return;
      await this.#checkVersion(path, key, when);
      await this.#folders.checkWay(path);
      await this.#own.make(() => this.#checkThere());
      await this.#own.whileLocked(async (check) => {
        await this.#checkVersion(path, key, when);
        await check();
        await whenFree(path, () => this.#disk.remove(path)).catch(nullIfAbsent);
        await this.#folders.sync(dirname(path));
        await this.#folders.prune(dirname(path));
      });
    });
  }

  async *list(prefix: string, { folders = false } = {}): AsyncGenerator<Listed> {
    const folder = prefix.slice(0, prefix.lastIndexOf("/") + 1);
    const path = folder === "" ? this.#root : this.#path(folder.slice(0, -1));
    try {
      await this.#checkThere();
      const passOver = (key: string, why: LinkError) => void this.#passedOver.set(key, why);
      try {
        await checkReadable(this.#root, path);
      } catch (error) {
        if (!(error instanceof LinkError)) throw error;
        return passOver(folder.slice(0, -1), error);
      }
      yield* objectsBelow(path, folder, { folders, prefix, root: this.#root, passOver });
    } catch (cause) {
      throw translateError(cause, this.name);
    }
  }

  passedOver(prefix: string): Map<string, LinkError> {
    const found = [...this.#passedOver].filter(([key]) => key.startsWith(prefix));
    for (const [key] of found) this.#passedOver.delete(key);
    return new Map(found);
  }

  /** Writes a temporary file, makes it durable, and renames it into place if `when` is met. */
  #write(
    key: string,
    when: When | undefined,
    fill: (file: Deno.FsFile) => Promise<void>,
  ): Promise<Version> {
    const path = this.#path(key);
    return this.#translateErrors(async () => {
      await this.#checkThere();
      await this.#folders.checkWay(path);
      await this.#own.make(() => this.#checkThere());
      this.#there = await identify(this.#root);
      const temporary = this.#own.newFile();
      try {
        const mode = isSecret(key) ? { mode: 0o600 } : {};
        await writeDurably(temporary, fill, { disk: this.#disk, ...mode });
        await this.#own.clear(temporary);
        const version = when && "ifAbsent" in when
          ? await this.#placeNew(temporary, path, key)
          : await this.#replace(temporary, path, { key, when });
        await this.#folders.sync(dirname(path));
        return version;
      } finally {
        await whenFree(temporary, () => this.#disk.remove(temporary)).catch(() => {});
      }
    });
  }

  /** A disk that was unmounted leaves an empty folder, or none: files written there would be lost on its return. */
  async #checkThere(): Promise<void> {
    if (this.#there === undefined || await this.#own.isThere()) return;
    // Only the store's own files may be missing, from a folder that is still the same.
    if (this.#there === await identify(this.#root)) return;
    throw new OutsideError(`The folder of bucket ${this.name} is not available`, {
      hint: "Mount its disk again, or move the folder back to its place.",
    });
  }

  /** Puts a file in place where none exists; a link is refused where one does. */
  async #placeNew(temporary: string, path: string, key: string): Promise<Version> {
    await dateAfter(temporary, null, this.#disk);
    const version = await placedVersion(temporary);
    const conflict = (error: unknown) => {
      throw error instanceof Deno.errors.AlreadyExists ? new ConflictError(key) : error;
    };
    try {
      await this.#folders.within(
        path,
        () => this.#disk.link(temporary, path).catch(conflict),
      );
    } catch (error) {
      if (error instanceof ConflictError || !isLacking(error)) throw error;
      await this.#placeUnlinked(temporary, path, key);
    }
    return version;
  }

  /** Puts a file in place where none exists, on a disk without links. */
  async #placeUnlinked(temporary: string, path: string, key: string): Promise<void> {
    await this.#own.whileLocked((check) =>
      this.#folders.within(path, async () => {
        if (await Deno.lstat(path).catch(nullIfAbsent)) throw new ConflictError(key);
        await check();
        await this.#rename(temporary, path);
      })
    );
  }

  /** Replaces a file by a newer one, so that no version is repeated. */
  async #replace(
    temporary: string,
    path: string,
    { key, when }: { key: string; when: { ifVersion: Version } | undefined },
  ): Promise<Version> {
    return await this.#own.whileLocked(async (check) => {
      await this.#checkVersion(path, key, when);
      await dateAfter(temporary, path, this.#disk);
      const version = await placedVersion(temporary);
      await this.#folders.within(path, async () => {
        await check();
        await this.#rename(temporary, path);
      });
      return version;
    });
  }

  async #rename(temporary: string, path: string): Promise<void> {
    await whenFree(path, () => this.#disk.rename(temporary, path));
  }

  async #checkVersion(path: string, key: string, when?: { ifVersion: Version }): Promise<void> {
    if (when && await readVersion(path) !== when.ifVersion) throw new ConflictError(key);
  }

  #path(key: string): string {
    return filePath(this.#root, key);
  }

  async #translateErrors<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (cause) {
      throw translateError(cause, this.name);
    }
  }
}

/** Returns the identity of a folder, to distinguish it from another one at its path. */
async function identify(folder: string): Promise<string> {
  const found = await Deno.stat(folder).catch(() => null);
  return `${found?.dev}-${found?.ino}-${found?.birthtime?.getTime()}`;
}

/** Makes a file and its content durable, where the disk can. */
async function writeDurably(
  path: string,
  fill: (file: Deno.FsFile) => Promise<void>,
  { disk, ...options }: { disk: Disk; mode?: number },
): Promise<void> {
  using file = await Deno.open(path, { createNew: true, write: true, ...options });
  await fill(file);
  await disk.syncFile(file).catch(ignoreLacking);
}

async function placedVersion(temporary: string): Promise<Version> {
  const version = await readVersion(temporary);
  if (!version) throw new OutsideError(`Another program removed ${temporary} while it was written`);
  return version;
}

/** Bytes that a stream of a file reads at a time. */
const BLOCK = 65_536;

/** Returns a file's content. A small one is read as a whole: a block for each of many would stay in memory for a while. */
async function contentOfFile(file: Deno.FsFile): Promise<ReadableStream<Uint8Array>> {
  const { size } = await file.stat();
  if (size >= BLOCK) return file.readable;
  using _closed = file;
  const bytes = new Uint8Array(size);
  let length = 0;
  for (let n: number | null = 1; n && length < size; length += n ?? 0) {
    n = await file.read(bytes.subarray(length));
  }
  return new ReadableStream({
    start(controller) {
      if (length > 0) controller.enqueue(bytes.subarray(0, length));
      controller.close();
    },
  });
}
