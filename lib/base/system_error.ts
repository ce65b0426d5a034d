/** What a failure of the file system is by the system's own name for it. */

import { constants } from "node:os";
import { messageOf } from "./errors.ts";

/** Windows' numbers of errors (winerror.h) by the names that other systems have for them. */
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

/** `ENOSPC` and the like; Deno gives some failures (EFBIG, EDQUOT, ENOSYS) no code, only their number. */
export function codeOf(error: unknown, os: string = Deno.build.os): string {
  if (error instanceof Error && "code" in error) return String(error.code);
  const number = Number(/\(os error (\d+)\)/.exec(messageOf(error))?.[1]);
  if (os === "windows") return OF_WINDOWS[number] ?? "";
  return Object.entries(constants.errno).find(([, value]) => value === number)?.[0] ?? "";
}

/** Returns whether a file system does not have what was asked of it: FAT has no links, some of a network have no locks. */
export function isLacking(error: unknown): boolean {
  if (error instanceof Deno.errors.NotSupported) return true;
  return /^(EPERM|ENOTSUP|EOPNOTSUPP|ENOSYS|ENOLCK|EINVAL)$/.test(codeOf(error));
}

/** For a sync that a file system refuses (some of a network, FUSE): nothing more can be done there. Throws any other. */
export function ignoreLacking(error: unknown): void {
  if (!isLacking(error)) throw error;
}
