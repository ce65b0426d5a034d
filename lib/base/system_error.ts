/** Names of file system errors, across systems. */

import { constants } from "node:os";
import { messageOf } from "./errors.ts";

/** Windows' error numbers (winerror.h) and their POSIX names. */
const OF_WINDOWS: Record<number, string> = {
  1: "ENOTSUP",
  2: "ENOENT",
  3: "ENOENT",
  5: "EACCES",
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
  1295: "EDQUOT",
  1314: "EPERM",
};

/** Returns the code of an error (`ENOSPC`); Deno gives some (EFBIG, EDQUOT, ENOSYS) only a number. */
export function codeOf(error: unknown, os: string = Deno.build.os): string {
  if (error instanceof Error && "code" in error) return String(error.code);
  const number = Number(/\(os error (\d+)\)/.exec(messageOf(error))?.[1]);
  if (os === "windows") return OF_WINDOWS[number] ?? "";
  return Object.entries(constants.errno).find(([, value]) => value === number)?.[0] ?? "";
}

/** Returns whether a file system lacks a feature: FAT has no links, some network file systems no locks. */
export function isLacking(error: unknown): boolean {
  if (error instanceof Deno.errors.NotSupported) return true;
  return /^(EPERM|ENOTSUP|EOPNOTSUPP|ENOSYS|ENOLCK|EINVAL)$/.test(codeOf(error));
}

/** Ignores the error of a sync that the file system does not support (some network ones, FUSE). Throws any other. */
export function ignoreLacking(error: unknown): void {
  if (!isLacking(error)) throw error;
}
