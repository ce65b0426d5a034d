/** A folder of a test's own, and what is in one. */

import { cp } from "node:fs/promises";
import { removeFile, renameFile } from "../../lib/base/in_use.ts";

/** Uses an empty folder, and removes it with all that is in it then. @returns What `use` does */
export async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await Deno.makeTempDir({ prefix: "twarc-cloud-test-" });
  try {
    return await use(folder);
  } finally {
    await removeFolder(folder);
  }
}

/** Removes a folder with all that is in it, once nothing of the program's works there. */
export async function removeFolder(folder: string): Promise<void> {
  let path = folder;
  if (Deno.build.os === "windows") {
    // What works in it, such as a keeper that is about to end, keeps its name; without its files it would wait for them.
    path = `${folder}-left`;
    await renameFile(folder, path);
  }
  await removeFile(path, { recursive: true });
}

/** The names in a folder. @throws where there is none */
export async function namesIn(folder: string): Promise<string[]> {
  return await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
}

/** Copies a folder to a new one, as `cp -r` does. */
export async function copyFolder(from: string, to: string): Promise<void> {
  await cp(from, to, { recursive: true, errorOnExist: true, force: false });
}

/** Whether a file is for its owner alone; on Windows, which has no modes, its folder says that. */
export async function isPrivate(path: string): Promise<boolean> {
  if (Deno.build.os === "windows") return true;
  return ((await Deno.stat(path)).mode ?? 0o777) % 0o100 === 0;
}
