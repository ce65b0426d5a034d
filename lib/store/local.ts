/** A folder of this machine as a store: every write is whole, conditions hold between processes. */

import { dirname, join } from "node:path";
import { isSecret } from "../collection/layout.ts";
import { ConflictError, OutsideError } from "../errors.ts";
import {
  contentOf,
  namesIn,
  nullIfAbsent,
  objectsBelow,
  pathOf,
  translated,
  versionOf,
} from "./folder.ts";
import { folderPath, type Listed, type Store, type Version, type When } from "./store.ts";

/** Where files are written before they are renamed into place. */
const TEMPORARY = ".tmp";
/** What is locked while a condition is looked at and its write done. */
const LOCK = ".lock";
/** A temporary file this old, in milliseconds, was left by a process that was killed. */
const STALE = 3_600_000;
/** How often a put makes its folder again that others' deletes prune. */
const TRIES = 10;
/** Bytes copied at a time. */
const BLOCK = 1 << 20;

/** A Store in a folder. */
export class LocalStore implements Store {
  readonly name: string;
  readonly #root: string;
  /** Whether the folder was there, so that its absence means that it is away. */
  #wasThere = false;

  private constructor(name: string) {
    this.name = name;
    this.#root = folderPath(name);
  }

  /**
   * Opens the folder; it is made by the first write. Clears what killed processes left.
   * @throws UserError where the name cannot be a folder's.
   */
  static async open(name: string): Promise<LocalStore> {
    const store = new LocalStore(name);
    store.#wasThere = await store.#isThere();
    await store.#clearStale();
    return store;
  }

  async get(key: string): Promise<{ bytes: Uint8Array; version: Version } | null> {
    const path = this.#path(key);
    return await this.#translated(async () => {
      const found = await contentOf(path);
      if (!found) await this.#checkThere();
      return found;
    });
  }

  async read(key: string): Promise<ReadableStream<Uint8Array>> {
    const path = this.#path(key);
    const file = await this.#translated(() => Deno.open(path).catch(nullIfAbsent));
    if (!file) throw new OutsideError(`There is no ${key} in bucket ${this.name}`);
    return file.readable;
  }

  async put(key: string, bytes: Uint8Array, when?: When): Promise<Version> {
    return await this.#write(key, when, (file) => writeAll(file, bytes));
  }

  async upload(key: string, path: string, when?: When): Promise<Version> {
    return await this.#write(key, when, async (file) => {
      using source = await Deno.open(path);
      const block = new Uint8Array(BLOCK);
      for (let n = await source.read(block); n !== null; n = await source.read(block)) {
        await writeAll(file, block.subarray(0, n));
      }
    });
  }

  async delete(key: string, when?: { ifVersion: Version }): Promise<void> {
    const path = this.#path(key);
    await this.#translated(async () => {
      await this.#checkThere();
      if (!when && !await versionOf(path)) return;
      await this.#checkVersion(path, key, when);
      await this.#locked(async () => {
        await this.#checkVersion(path, key, when);
        await Deno.remove(path).catch(nullIfAbsent);
        await this.#prune(dirname(path));
      });
    });
  }

  async *list(prefix: string, { folders = false } = {}): AsyncGenerator<Listed> {
    const folder = prefix.slice(0, prefix.lastIndexOf("/") + 1);
    const path = folder === "" ? this.#root : this.#path(folder.slice(0, -1));
    try {
      await this.#checkThere();
      yield* objectsBelow(path, folder, { folders, prefix });
    } catch (cause) {
      throw translated(cause, this.name);
    }
  }

  /** Writes a temporary file, makes it durable, and puts it in place if `when` is met. */
  #write(
    key: string,
    when: When | undefined,
    fill: (file: Deno.FsFile) => Promise<void>,
  ): Promise<Version> {
    const path = this.#path(key);
    const temporary = join(this.#root, TEMPORARY, crypto.randomUUID());
    return this.#translated(async () => {
      try {
        await this.#checkThere();
        await Deno.mkdir(dirname(temporary), { recursive: true });
        this.#wasThere = true;
        await written(temporary, fill, isSecret(key) ? { mode: 0o600 } : {});
        const version = when && "ifAbsent" in when
          ? await this.#placeNew(temporary, path, key)
          : await this.#replace(temporary, path, { key, when });
        await synced(dirname(path));
        return version;
      } finally {
        await Deno.remove(temporary).catch(() => {});
      }
    });
  }

  /** A disk that was unmounted leaves an empty folder, or none: what is written there would be lost on its return. */
  async #checkThere(): Promise<void> {
    if (!this.#wasThere || await this.#isThere()) return;
    throw new OutsideError(`The folder of bucket ${this.name} is away`, {
      hint: "Mount its disk again, or bring it back to where it was.",
    });
  }

  async #isThere(): Promise<boolean> {
    const { NotFound, NotADirectory } = Deno.errors;
    return await Deno.stat(join(this.#root, TEMPORARY)).then(
      () => true,
      (error) => !(error instanceof NotFound || error instanceof NotADirectory),
    );
  }

  /** Puts a file in place where there is none; a link is refused where there is. */
  async #placeNew(temporary: string, path: string, key: string): Promise<Version> {
    const version = await placedVersion(temporary);
    await inFolder(path, () =>
      Deno.link(temporary, path).catch((error) => {
        throw error instanceof Deno.errors.AlreadyExists ? new ConflictError(key) : error;
      }));
    return version;
  }

  /** Puts a file in place of what is there, newer than that, so that no version comes twice. */
  async #replace(
    temporary: string,
    path: string,
    { key, when }: { key: string; when: { ifVersion: Version } | undefined },
  ): Promise<Version> {
    let version: Version = "";
    await this.#locked(async () => {
      await this.#checkVersion(path, key, when);
      await makeNewer(temporary, path);
      version = await placedVersion(temporary);
      await inFolder(path, () => Deno.rename(temporary, path));
    });
    return version;
  }

  async #checkVersion(path: string, key: string, when?: { ifVersion: Version }): Promise<void> {
    if (when && await versionOf(path) !== when.ifVersion) throw new ConflictError(key);
  }

  /**
   * Runs while no other process of this machine is between looking and writing. Also for writes
   * without a condition: one of them must not come in between, to be overwritten unseen.
   */
  async #locked(act: () => Promise<void>): Promise<void> {
    const lock = await Deno.open(join(this.#root, LOCK), { create: true, write: true });
    try {
      await lock.lock(true);
      await act();
    } finally {
      lock.close();
    }
  }

  /** Removes folders that have become empty, up to the bucket. */
  async #prune(folder: string): Promise<void> {
    for (let path = folder; path.startsWith(join(this.#root, "/")); path = dirname(path)) {
      try {
        await Deno.remove(path);
      } catch {
        return;
      }
    }
  }

  async #clearStale(): Promise<void> {
    const folder = join(this.#root, TEMPORARY);
    for (const { name } of await namesIn(folder).catch(() => [])) {
      const stat = await Deno.stat(join(folder, name)).catch(() => null);
      if (stat?.mtime && Date.now() - stat.mtime.getTime() > STALE) {
        await Deno.remove(join(folder, name)).catch(() => {});
      }
    }
  }

  #path(key: string): string {
    return pathOf(this.#root, key);
  }

  async #translated<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (cause) {
      throw translated(cause, this.name);
    }
  }
}

/** Makes a file and its content durable. */
async function written(
  path: string,
  fill: (file: Deno.FsFile) => Promise<void>,
  options: { mode?: number },
): Promise<void> {
  using file = await Deno.open(path, { createNew: true, write: true, ...options });
  await fill(file);
  await file.sync();
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let n = 0; n < bytes.length;) n += await file.write(bytes.subarray(n));
}

async function placedVersion(temporary: string): Promise<Version> {
  const version = await versionOf(temporary);
  if (!version) throw new OutsideError(`Somebody removed ${temporary} while it was written`);
  return version;
}

/**
 * Dates a file after the one that it replaces. A file system gives the number of a removed file to
 * the next one, and Deno tells milliseconds apart: without this, two quick writes of the same size
 * could look like none.
 */
async function makeNewer(path: string, replaced: string): Promise<void> {
  const [ours, theirs] = await Promise.all([
    Deno.stat(path),
    Deno.stat(replaced).catch(nullIfAbsent),
  ]);
  const [newer, older] = [ours.mtime?.getTime() ?? 0, theirs?.mtime?.getTime() ?? -1];
  if (newer <= older) await Deno.utime(path, new Date(older + 1), new Date(older + 1));
}

/**
 * Acts on a path after making its folder, which a neighbour's delete may prune in between, or while
 * it is made: then mkdir says that it is there, and it is not.
 */
async function inFolder(path: string, act: () => Promise<void>): Promise<void> {
  for (let tries = 1;; tries++) {
    try {
      await Deno.mkdir(dirname(path), { recursive: true });
      return await act();
    } catch (error) {
      const { NotFound, AlreadyExists } = Deno.errors;
      const isPruned = error instanceof NotFound || error instanceof AlreadyExists;
      if (!isPruned || tries === TRIES) throw error;
    }
  }
}

/** Makes a folder's entries durable where the system can; elsewhere the file's own sync must do. */
async function synced(folder: string): Promise<void> {
  try {
    using directory = await Deno.open(folder);
    await directory.sync();
  } catch {
    // Windows opens no folders.
  }
}
