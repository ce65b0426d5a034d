/** Links in a folder bucket: where reading may follow one. */

import { dirname, join, sep } from "node:path";
import { UserError } from "../errors.ts";
import { nullIfAbsent } from "./disk.ts";

/** An empty file with this name in a folder says that a bucket may have a part of it there, behind a link. */
const PART = ".twarc-cloud-part";

/**
 * Makes sure that what is read at a path belongs to the bucket. Somebody who sends a bucket must not be able to have
 * files of another place shown, or copied into a download: what a link leads to outside of it counts only where
 * somebody who can write there has said so.
 * @param path What is not there is nobody's.
 * @throws UserError for a path that leads out of the bucket.
 */
export async function checkReadable(root: string, path: string): Promise<void> {
  const real = await Deno.realPath(path).catch(nullIfAbsent);
  if (real === null || isBelow(real, await Deno.realPath(root)) || await isPart(real)) return;
  throw new UserError(`${path} leads out of the bucket through a link, to ${real}`, {
    hint:
      `If you have moved it there, make an empty file ${PART} in that folder: it is read from ` +
      "there then, and never changed. If somebody else made the link, remove it.",
  });
}

/** Whether a link to a folder leads to another place in the bucket, where it is listed anyway. */
export async function isAlias(root: string, link: string): Promise<boolean> {
  return isBelow(await Deno.realPath(link), await Deno.realPath(root));
}

function isBelow(path: string, root: string): boolean {
  return path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);
}

/** Whether a path, or a folder above it, is marked as a part of a bucket. */
async function isPart(path: string): Promise<boolean> {
  for (let folder = path;; folder = dirname(folder)) {
    const mark = await Deno.lstat(join(folder, PART)).catch(() => null);
    if (mark?.isFile) return true;
    if (folder === dirname(folder)) return false;
  }
}
