/** The canonical path of a folder, whatever links lead to it. */

import { realpath, stat } from "node:fs/promises";

/**
 * Returns a folder's path with links resolved; in lower case on a case-insensitive disk, as on Windows and macOS. An
 * absent folder keeps its given path.
 */
export async function realPlace(path: string): Promise<string> {
  const real = await realpath(path).catch(() => path);
  const lower = real.toLowerCase();
  return lower === real || await isSame(real, lower) ? lower : real;
}

async function isSame(path: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([path, other].map((one) => readId(one)));
  return a !== null && a === b;
}

async function readId(path: string): Promise<string | null> {
  const found = await stat(path, { bigint: true }).catch(() => null);
  return found && `${found.dev}-${found.ino}`;
}
