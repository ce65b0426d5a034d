/** Names of file system errors, across systems. */

import { constants } from "node:os";
import { errorMessage } from "./errors.ts";

/** Windows' error numbers (winerror.h) and their POSIX names. */
const OF_WINDOWS: Record<number, string> = {
  1: "ENOTSUP",
  2: "ENOENT",
  3: "ENOENT",
  5: "EPERM",
  17: "EXDEV",
  19: "EROFS",
  32: "EBUSY",
  33: "EBUSY",
  39: "ENOSPC",
  50: "ENOTSUP",
  80: "EEXIST",
  109: "EPIPE",
  112: "ENOSPC",
  145: "ENOTEMPTY",
  183: "EEXIST",
  206: "ENAMETOOLONG",
  223: "EFBIG",
  232: "EPIPE",
  233: "EPIPE",
  267: "ENOTDIR",
  303: "EBUSY",
  1224: "EBUSY",
  1295: "EDQUOT",
  1314: "EPERM",
};

/**
 * Returns the code of an error (`ENOSPC`); Deno gives some (EFBIG, EDQUOT, ENOSYS) only a number. On Windows the
 * number counts: Deno translates some as libuv does, which has EISDIR for a function that a disk does not have.
 */
export function errorCode(error: unknown, os: string = Deno.build.os): string {
  const number = Number(/\(os error (\d+)\)/.exec(errorMessage(error))?.[1]);
  const ofWindows = os === "windows" ? OF_WINDOWS[number] : undefined;
  if (ofWindows !== undefined) return ofWindows;
  if (error instanceof Error && "code" in error) return String(error.code);
  if (os === "windows") return "";
  return Object.entries(constants.errno).find(([, value]) => value === number)?.[0] ?? "";
}

/** Returns whether a file system lacks a feature: FAT has no links, some network file systems no locks. */
export function isLacking(error: unknown): boolean {
  if (error instanceof Deno.errors.NotSupported) return true;
  return /^(EPERM|ENOTSUP|EOPNOTSUPP|ENOSYS|ENOLCK|EINVAL)$/.test(errorCode(error));
}

/** Ignores the error of a sync that the file system does not support (some network ones, FUSE). Throws any other. */
export function ignoreLacking(error: unknown): void {
  if (!isLacking(error)) throw error;
}

/** Returns null for the error of a missing file; throws any other. */
export function nullIfAbsent(error: unknown): null {
  if (errorCode(error) === "ENOENT" || error instanceof Deno.errors.NotFound) return null;
  throw error;
}
