/** The folder bucket's own files: one folder, marked, with the files that are being written and the lock. */

import { join } from "node:path";
import { removeFile } from "../../base/in_use.ts";
import { UserError } from "../../base/errors.ts";
import { type Disk, ignoreLacking, nullIfAbsent } from "./disk.ts";
import { diskFault } from "./disk_probe.ts";
import { withLock } from "./lock.ts";
import type { Folders } from "./folders.ts";

/** At the bucket's root. */
const OWN = ".twarc-cloud";
/** The mark: the folder is this program's, and the bucket's disk is there. */
const MARK = "about.txt";
const ABOUT = `This folder is a bucket of twarc-cloud, which keeps files here while it writes them.
Leave it where it is. What is older than an hour in tmp/ was left by a process that was killed, and is cleared.
`;
/** The folder of files that are being written. */
const TEMPORARY = "tmp";
/** The name of a file in there. */
const NAME = /^put-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** The lock, or one by names. */
const LOCK = /^lock(-\d+(-free)?)?$/;
/** Every name in this folder. */
const NAMES = /^(about\.txt|tmp|lock(-\d+(-free)?)?)$/;
/** The folder of temporary files in former versions: it has no mark, so it is never cleared. */
const FORMER = ".tmp";
/** A temporary file this old, in milliseconds, was left by a killed process. */
const STALE = 3_600_000;

/** The store's own folder in a bucket. */
export class OwnFolder {
  readonly #root: string;
  readonly #path: string;
  readonly #folders: Folders;
  readonly #disk: Disk;
  #isCleared = false;

  constructor(root: string, folders: Folders, disk: Disk) {
    this.#root = root;
    this.#path = join(root, OWN);
    this.#folders = folders;
    this.#disk = disk;
  }

  /** Returns whether the bucket has been written to, and is there. */
  async isThere(): Promise<boolean> {
    if (await isPresent(join(this.#path, MARK))) return true;
    return await isPresent(join(this.#root, FORMER));
  }

  /**
   * Creates the missing parts of it, after a check of all existing ones, and the mark before anything else.
   * @param check Checks, right before anything is created, whether it may be: a bucket that has just become
   * unavailable is not created again.
   * @throws UserError where its place is taken by files that this program has not made: nothing is changed then; the
   * errors of `check`.
   */
  async make(check: () => Promise<void>): Promise<void> {
    const isThere = await this.#readKind("") !== null;
    const isMarked = await this.#readKind(MARK, "file") !== null;
    const hasTemporary = await this.#readKind(TEMPORARY) !== null;
    if (isThere && !isMarked) await this.#checkUnmarked();
    const hasRoot = isThere || await isPresent(this.#root);
    if (!isMarked || !hasTemporary) await check();
    if (!isThere) {
      await this.#folders.makeRoot();
      await madeFolder(this.#path);
      await this.#folders.sync(this.#root);
    }
    if (!isMarked) await this.#mark();
    if (!hasTemporary) await madeFolder(join(this.#path, TEMPORARY));
    if (!isThere) await this.#probe(hasRoot);
  }

  /**
   * Checks the disk of a bucket that was just created. @throws UserError where it cannot hold one: it is removed
   * again then
   */
  async #probe(hasRoot: boolean): Promise<void> {
    const fault = await diskFault(() => this.newFile(), this.#disk);
    if (fault === null) return;
    const made = [TEMPORARY, MARK, ""].map((name) => join(this.#path, name));
    if (!hasRoot) made.push(this.#root);
    for (const path of made) await removeFile(path).catch(() => {});
    throw new UserError(`The disk of ${this.#root} cannot hold a bucket: ${fault}`, {
      hint: "Name a folder on another disk with --bucket.",
    });
  }

  /** Returns the path of a new temporary file. */
  newFile(): string {
    return join(this.#path, TEMPORARY, `put-${crypto.randomUUID()}`);
  }

  /**
   * Clears once the files that killed processes left.
   * @param written A temporary file that was written now, by the clock that dates the others.
   */
  async clear(written: string): Promise<void> {
    if (this.#isCleared) return;
    this.#isCleared = true;
    const now = (await Deno.lstat(written)).mtime?.getTime() ?? 0;
    const folder = join(this.#path, TEMPORARY);
    for await (const { name } of Deno.readDir(folder)) {
      if (!NAME.test(name)) continue;
      const path = join(folder, name);
      const found = await Deno.lstat(path).catch(() => null);
      const isStale = found?.mtime && now - found.mtime.getTime() > STALE;
      if (found?.isFile && isStale) await removeFile(path).catch(() => {});
    }
  }

  /** Runs while no other process of this machine does. @param act as that of `withLock` */
  whileLocked<T>(act: (check: () => Promise<void>) => Promise<T>): Promise<T> {
    return withLock(this.#path, this.#disk, act);
  }

  /**
   * A folder without a mark is this program's where a killed process had only just created it, where another one has
   * marked it meanwhile, or where the mark was removed from one that has a lock; `tmp` alone may be anyone's.
   * @throws UserError
   */
  async #checkUnmarked(): Promise<void> {
    const names = (await Array.fromAsync(Deno.readDir(this.#path))).map(({ name }) => name);
    if (names.includes(MARK) && await this.#readKind(MARK, "file")) return;
    const isOurs = names.length === 0 || names.some((name) => LOCK.test(name));
    if (!isOurs || !names.every((name) => NAMES.test(name))) throw notOurs(this.#path);
    for (const name of names.filter((name) => LOCK.test(name))) await this.#readKind(name, "file");
    if (!names.includes(TEMPORARY)) return;
    for await (const { name, isFile } of Deno.readDir(join(this.#path, TEMPORARY))) {
      if (!isFile || !NAME.test(name)) throw notOurs(this.#path);
    }
  }

  async #mark(): Promise<void> {
    using file = await Deno.open(join(this.#path, MARK), { create: true, write: true });
    await file.write(new TextEncoder().encode(ABOUT));
    await this.#disk.syncFile(file).catch(ignoreLacking);
    await this.#folders.sync(this.#path);
  }

  /**
   * Returns the kind of a name; null where it is missing. @throws UserError where it is a link, or of another kind.
   */
  async #readKind(name: string, kind: "file" | "folder" = "folder"): Promise<typeof kind | null> {
    const path = join(this.#path, name);
    const found = await Deno.lstat(path).catch(nullIfAbsent);
    if (!found) return null;
    if (kind === "file" ? found.isFile : found.isDirectory) return kind;
    throw notOurs(path);
  }
}

function notOurs(path: string): UserError {
  return new UserError(`${path} was not made by twarc-cloud, which keeps its own files there`, {
    hint: "Move it away, or name another folder with --bucket.",
  });
}

async function madeFolder(path: string): Promise<void> {
  await Deno.mkdir(path).catch((error) => {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  });
}

/** Returns whether a path exists; one that cannot be read counts as existing. */
async function isPresent(path: string): Promise<boolean> {
  const { NotFound, NotADirectory } = Deno.errors;
  return await Deno.lstat(path).then(
    () => true,
    (error) => !(error instanceof NotFound || error instanceof NotADirectory),
  );
}
