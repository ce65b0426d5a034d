/** The lock of a folder bucket: one process of a machine at a time is between looking and writing. */

import { join } from "node:path";
import { releaseFile } from "../../base/file_lock.ts";
import { removeFile, whenFree } from "../../base/in_use.ts";
import { OutsideError, UserError } from "../../base/errors.ts";
import { type Disk, isLacking, nullIfAbsent, systemDisk } from "./disk.ts";

/** The file that is locked, where the file system can. */
const FILE = "lock";
/** How often it is opened again where another file has replaced it. */
const TRIES = 3;
/** A lock by names, where it cannot: the highest number counts, with `-free` beside it once its holder is done. */
const TURN = /^lock-(\d{1,15})(-free)?$/;
/** Milliseconds after which a turn was left by a killed process: a live one takes far less. */
const LEFT_MS = 30_000;
/** Milliseconds between two polls of another's turn. */
const POLL_MS = 10;

/**
 * Runs while no other process does.
 * @param folder The store's own folder in the bucket.
 * @param act Gets a check that throws where another process has taken this one for dead, as after a long pause.
 */
export async function withLock<T>(
  folder: string,
  disk: Disk,
  act: (check: () => Promise<void>) => Promise<T>,
): Promise<T> {
  const file = await lockedFile(folder, disk);
  if (!file) return await withTurn(folder, act);
  try {
    return await act(() => Promise.resolve());
  } finally {
    await releaseFile(file);
  }
}

/** Returns the locked file; null where the file system has no locks. */
async function lockedFile(folder: string, disk: Disk): Promise<Deno.FsFile | null> {
  const path = join(folder, FILE);
  for (let tries = 1;; tries++) {
    const before = await Deno.lstat(path).catch(nullIfAbsent);
    if (before && !before.isFile) {
      throw new UserError(`${path} was not made by twarc-cloud`, { hint: "Move it away." });
    }
    const file = await whenFree(path, () => disk.open(path));
    try {
      await disk.lock(file);
      const [own, there] = await Promise.all([file.stat(), Deno.lstat(path).catch(nullIfAbsent)]);
      // Another process may have removed it meanwhile, and others lock the next one. Some disks number files
      // differently each time.
      if (there?.ino === own.ino || there && tries === TRIES) return file;
    } catch (error) {
      file.close();
      if (isLacking(error)) return null;
      throw error;
    }
    await releaseFile(file);
  }
}

async function withTurn<T>(
  folder: string,
  act: (check: () => Promise<void>) => Promise<T>,
): Promise<T> {
  const number = await takeTurn(folder);
  try {
    return await act(async () => {
      if ((await readTurns(folder)).highest === number) return;
      throw new OutsideError(
        "This process was suspended during a write, and another one took over",
      );
    });
  } finally {
    await createEmpty(join(folder, `lock-${number}-free`)).catch(() => {});
  }
}

/** Takes the next turn as soon as no process has one. @returns Its number. */
async function takeTurn(folder: string): Promise<number> {
  let watched = { number: -1, since: 0 };
  for (;;) {
    const { highest: number, isFree, old } = await readTurns(folder);
    if (number !== watched.number) watched = { number, since: performance.now() };
    if (isFree || performance.now() - watched.since > LEFT_MS) {
      if (!await claimTurn(folder, number + 1)) continue;
      for (const name of old) await removeFile(join(folder, name)).catch(() => {});
      return number + 1;
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Returns whether a turn is one's own: only one process creates its name, and there may be no higher one. */
async function claimTurn(folder: string, number: number): Promise<boolean> {
  const path = join(folder, `lock-${number}`);
  if (!await createEmpty(path)) return false;
  // An old turn was cleared, and its number is free again for any process that looked before that.
  if ((await readTurns(folder)).highest === number) return true;
  await removeFile(path).catch(() => {});
  return false;
}

/**
 * Returns the highest turn, and whether its holder is done, as where there is none; `old` are the names of those
 * before it. It stays itself until the turn after the next: a process that looks meanwhile finds this one or that.
 */
async function readTurns(folder: string) {
  const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
  const turns = names.flatMap((name) => {
    const [, digits, free] = TURN.exec(name) ?? [];
    return digits === undefined ? [] : [{ name, number: Number(digits), isFree: Boolean(free) }];
  });
  const highest = Math.max(0, ...turns.map(({ number }) => number));
  const isFree = highest === 0 || turns.some((one) => one.number === highest && one.isFree);
  const old = turns.filter(({ number }) => number < highest).map(({ name }) => name);
  return { highest, isFree, old };
}

/** Creates an empty file; false where it exists. */
async function createEmpty(path: string): Promise<boolean> {
  try {
    await systemDisk.create(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return false;
    throw error;
  }
}
