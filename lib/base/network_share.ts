/** Paths of network shares on Windows, which Deno opens only for a program that may do everything. */

import { win32 } from "node:path";
import { UserError } from "./errors.ts";

/** `\\server\share`, also as `\\?\UNC\server\share`; not a device (`\\.\`) or a long path (`\\?\C:\`). */
const SHARE = /^\\\\(?:[?.]\\UNC\\)?(?![?.]\\)([^\\]+\\[^\\]+)/i;

/** Returns the share of a path as Windows names it, `\\server\share`; null for a path on a drive. */
export function findShare(path: string): string | null {
  const share = SHARE.exec(path.replaceAll("/", "\\"))?.[1];
  return share === undefined ? null : `\\\\${share}`;
}

/**
 * Checks that this program may open a folder.
 * @param names.called Its name in messages: `Bucket`.
 * @param names.option The option that names another one.
 * @throws UserError for a share on Windows
 */
export function checkNoShare(
  folder: string,
  { called, option }: { called: string; option: string },
  os: string = Deno.build.os,
): void {
  const share = os === "windows" ? findShare(win32.resolve(folder)) : null;
  if (share === null) return;
  throw onShare(`${called} ${folder}`, share, `, or name another folder with ${option}`);
}

/** Returns the error for a path on a share, with how to use it nevertheless. */
export function onShare(what: string, share: string, or = ""): UserError {
  const word = /[\s&()]/.test(share) ? `"${share}"` : share;
  return new UserError(`${what} is on a network share without a drive letter`, {
    hint: `Map the share to a letter (net use T: ${word}) and use T:\\...${or}.`,
  });
}
