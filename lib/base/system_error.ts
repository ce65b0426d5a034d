/** What a failure of the file system is by the system's own name for it. */

import { constants } from "node:os";
import { messageOf } from "./errors.ts";

/** `ENOSPC` and the like; Deno gives some failures (EFBIG, EDQUOT, ENOSYS) no code, only their number. */
export function codeOf(error: unknown): string {
  if (error instanceof Error && "code" in error) return String(error.code);
  const number = Number(/\(os error (\d+)\)/.exec(messageOf(error))?.[1]);
  return Object.entries(constants.errno).find(([, value]) => value === number)?.[0] ?? "";
}

/** Whether a file system does not have what was asked of it: FAT has no links, some of a network have no locks. */
export function isLacking(error: unknown): boolean {
  if (error instanceof Deno.errors.NotSupported) return true;
  return /^(EPERM|ENOTSUP|EOPNOTSUPP|ENOSYS|ENOLCK|EINVAL)$/.test(codeOf(error));
}

/** For a sync that a file system refuses (some of a network, FUSE): nothing more can be done there. Throws any other. */
export function ignoreLacking(error: unknown): void {
  if (!isLacking(error)) throw error;
}
