/** Links in a folder bucket: where reading may follow one. */

import { stat } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import { LinkError, messageOf } from "../../base/errors.ts";
import { codeOf, nullIfAbsent } from "./disk.ts";

/** An empty file with this name in a folder says that a bucket may have a part of it there, behind a link. */
const PART = ".twarc-cloud-part";

/**
 * Makes sure that what is read at a path belongs to the bucket. Somebody who sends a bucket must not be able to have
 * files of another place shown, or copied into a download: what a link leads to outside of it counts only where
 * somebody who can write there has said so.
 * @param path What is not there is nobody's.
 * @throws LinkError for a path that leads out of the bucket, or in a circle.
 */
export async function checkReadable(root: string, path: string): Promise<void> {
  const real = await Deno.realPath(path).catch((error) => {
    return codeOf(error) === "ELOOP" ? unlessClosed(error, path) : nullIfAbsent(error);
  });
  if (real === null || isBelow(real, await Deno.realPath(root)) || await isPart(real)) return;
  throw new LinkError(`${path} leads out of the bucket through a link, to ${real}`, {
    hint: LINK_HINT,
  });
}

/** What a person does about a link that leads out of a bucket. */
export const LINK_HINT =
  `If you have moved it there, make an empty file ${PART} in that folder: it is read from ` +
  "there then, and never changed. If somebody else made the link, remove it.";

/**
 * Returns what a link in a bucket leads to, for a listing; null where that is nothing.
 * @throws LinkError as `checkReadable`
 */
export async function behindLink(
  root: string,
  link: string,
): Promise<{ isFolder: boolean } | null> {
  const found = await stat(link).catch((error) => unlessClosed(error, link));
  if (!found) return null;
  // A second name for a place in the bucket: that is listed where it is.
  if (found.isDirectory() && await isAlias(root, link)) return null;
  await checkReadable(root, link);
  return { isFolder: found.isDirectory() };
}

/** Null for a link to nothing. @throws LinkError for one in a circle, or to where this process may not look */
function unlessClosed(cause: unknown, path: string): null {
  const isClosed = cause instanceof Deno.errors.NotCapable ||
    /^(ELOOP|EACCES|EPERM|ENOTDIR|ENAMETOOLONG)$/.test(codeOf(cause));
  if (!isClosed) return nullIfAbsent(cause);
  throw new LinkError(`${path} cannot be looked at: ${messageOf(cause)}`, {
    cause,
    hint: "If it is a link, let it lead to what is there and may be read, or remove it.",
  });
}

/** Returns whether a link leads to another place in the bucket. */
async function isAlias(root: string, link: string): Promise<boolean> {
  return isBelow(await Deno.realPath(link), await Deno.realPath(root));
}

function isBelow(path: string, root: string): boolean {
  return path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);
}

/** Returns whether a path, or a folder above it, is marked as a part of a bucket. */
async function isPart(path: string): Promise<boolean> {
  for (let folder = path;; folder = dirname(folder)) {
    const mark = await Deno.lstat(join(folder, PART)).catch(() => null);
    if (mark?.isFile) return true;
    if (folder === dirname(folder)) return false;
  }
}
