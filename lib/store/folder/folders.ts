/** The folders of a bucket: made durable one by one, never through a link, and removed when they are empty. */

import { dirname, join, relative, sep } from "node:path";
import { UserError } from "../../base/errors.ts";
import { type Disk, errorCode, isLacking, nullIfAbsent } from "./disk.ts";

/** How often a folder is created again that deletes of other processes prune. */
const TRIES = 10;
/** Folders that are remembered as durable; beyond that the memory is cleared. */
const REMEMBERED = 1_000;

/** Creates and removes the folders below a bucket's root, and the root. */
export class Folders {
  readonly #root: string;
  readonly #disk: Disk;
  /** Those whose names are durable in the folders above them. */
  readonly #durable = new Set<string>();

  constructor(root: string, disk: Disk) {
    this.#root = root;
    this.#disk = disk;
  }

  /** Creates the root, with the folders above it. */
  async makeRoot(): Promise<void> {
    const missing: string[] = [];
    for (let path = this.#root; !await Deno.stat(path).catch(nullIfAbsent); path = dirname(path)) {
      missing.push(path);
    }
    for (const path of missing.toReversed()) {
      await Deno.mkdir(path).catch(ignorePresent);
      await this.sync(dirname(path));
    }
  }

  /**
   * Acts on a path below the root after its folder is created, which another process's delete may prune in between.
   * Where that fails, the folders that were created for it are removed again.
   * @throws UserError for a path behind a link.
   */
  async within<T>(path: string, act: () => Promise<T>): Promise<T> {
    for (let tries = 1;; tries++) {
      const made: string[] = [];
      try {
        await this.#make(dirname(path), made);
        return await act();
      } catch (error) {
        for (const folder of made.toReversed()) await this.#remove(folder);
        if (!(error instanceof Deno.errors.NotFound) || tries === TRIES) throw error;
      }
    }
  }

  /** @throws UserError where a folder on the way from the root to a path is a link. */
  async checkWay(path: string): Promise<void> {
    for (const folder of this.#way(dirname(path))) {
      const found = await Deno.lstat(folder).catch(nullIfAbsent);
      if (!found) return;
      if (found.isSymlink) throw isBehind(folder);
    }
  }

  /** Removes folders that have become empty, up to the root. */
  async prune(folder: string): Promise<void> {
    for (let path = folder; path.startsWith(join(this.#root, sep)); path = dirname(path)) {
      if (!await this.#remove(path)) return;
    }
  }

  /** Makes the names in a folder durable, where its file system can. */
  async sync(folder: string): Promise<void> {
    try {
      await this.#disk.sync(folder);
    } catch (error) {
      if (!isLacking(error) && errorCode(error) !== "EACCES") throw error;
    }
  }

  async #make(folder: string, made: string[]): Promise<void> {
    for (const path of this.#way(folder)) {
      const found = await Deno.lstat(path).catch(nullIfAbsent);
      if (found?.isSymlink) throw isBehind(path);
      if (!found && await Deno.mkdir(path).then(() => true, ignorePresent)) {
        made.push(path);
        this.#durable.delete(path);
      }
      // One that another process has created may not be durable yet.
      if (this.#durable.has(path)) continue;
      await this.sync(dirname(path));
      if (this.#durable.size >= REMEMBERED) this.#durable.clear();
      this.#durable.add(path);
    }
  }

  /** Removes a folder if it is empty; returns whether it was. */
  async #remove(path: string): Promise<boolean> {
    this.#durable.delete(path);
    return await Deno.remove(path).then(() => true, () => false);
  }

  /** Returns the folders from the one below the root down to a folder, including it. */
  #way(folder: string): string[] {
    const parts = relative(this.#root, folder).split(sep).filter(Boolean);
    return parts.map((_, i) => join(this.#root, ...parts.slice(0, i + 1)));
  }
}

function ignorePresent(error: unknown): false {
  if (error instanceof Deno.errors.AlreadyExists) return false;
  throw error;
}

function isBehind(link: string): UserError {
  return new UserError(`${link} is a link, and nothing is written or deleted through one`, {
    hint: "Move its target back, or move the whole bucket to the place of its target.",
  });
}
