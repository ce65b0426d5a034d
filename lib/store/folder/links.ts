/** Links in a folder bucket: where reading may follow one. */

import { stat } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import { errorMessage, LinkError } from "../../base/errors.ts";
import { errorCode, nullIfAbsent } from "./disk.ts";

/** An empty file with this name in a folder declares that a bucket may have a part of it there, behind a link. */
const PART = ".twarc-cloud-part";

/**
 * Ensures that a path belongs to the bucket. A person who sends a bucket must not be able to have files of another
 * place shown, or copied into a download: the target of a link out of the bucket counts only where a person who can
 * write there has declared it.
 * @param path A missing one is accepted.
 * @throws LinkError for a path that leads out of the bucket, or in a circle.
 */
export async function checkReadable(root: string, path: string): Promise<void> {
  const real = await Deno.realPath(path).catch((error) => {
    return errorCode(error) === "ELOOP" ? unlessClosed(error, path) : nullIfAbsent(error);
  });
  if (real === null || isBelow(real, await Deno.realPath(root)) || await isPart(real)) return;
  throw new LinkError(`${path} leads out of the bucket through a link, to ${real}`, {
    hint: LINK_HINT,
  });
}

/** Advice on a link that leads out of a bucket. */
export const LINK_HINT =
  `If you moved it there, create an empty file ${PART} in that folder: then it is read from ` +
  "there, and never changed. If you did not create the link, remove it.";

/**
 * Returns the target of a link in a bucket, for a listing; null where it does not exist.
 * @throws LinkError as `checkReadable`
 */
export async function behindLink(
  root: string,
  link: string,
): Promise<{ isFolder: boolean } | null> {
  const found = await stat(link).catch((error) => unlessClosed(error, link));
  if (!found) return null;
  // A second name for a place in the bucket: that is listed in its own place.
  if (found.isDirectory() && await isAlias(root, link)) return null;
  await checkReadable(root, link);
  return { isFolder: found.isDirectory() };
}

/**
 * Returns null for a link to nothing. @throws LinkError for one in a circle, or to a place that this process may not
 * read
 */
function unlessClosed(cause: unknown, path: string): null {
  const isClosed = cause instanceof Deno.errors.NotCapable ||
    /^(ELOOP|EACCES|EPERM|ENOTDIR|ENAMETOOLONG)$/.test(errorCode(cause));
  if (!isClosed) return nullIfAbsent(cause);
  throw new LinkError(`${path} cannot be read: ${errorMessage(cause)}`, {
    cause,
    hint: "If it is a link, point it to an existing target that may be read, or remove it.",
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
