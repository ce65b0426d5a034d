/** The folder of the demo: made again each time, as long as it has no files of others. */

import { join } from "node:path";
import { readTextFile, removeFile } from "../base/in_use.ts";
import { UserError } from "../base/errors.ts";
import { checkNoShare } from "../base/network_share.ts";

/** Marks the folder as the demo's, and lists what it has left in it: `<bytes> <time> <path>` a line. */
const MARK = ".made-by-twarc-cloud-demo";

/**
 * Makes the folder again: files of the last demo are removed, if they are unchanged.
 * @throws UserError for a folder that the demo did not make, or with other files in it, or on a share of Windows.
 */
export async function makeDemoFolder(folder: string): Promise<void> {
  checkNoShare(folder, { called: "The folder of the demo", option: "--folder" });
  if (await Deno.lstat(folder).catch(() => null)) await clear(folder);
  await Deno.mkdir(folder, { recursive: true });
  await noteDemo(folder);
}

/** Records the content of the folder as left by the demo. */
export async function noteDemo(folder: string): Promise<void> {
  const rows = (await listLeft(folder)).map(({ row }) => `${row}\n`);
  await Deno.writeTextFile(join(folder, MARK), rows.join(""));
}

async function clear(folder: string): Promise<void> {
  const mark = join(folder, MARK);
  const isMarked = (await Deno.lstat(mark).catch(() => null))?.isFile;
  if (!isMarked) throw folderRefusal(`${folder} exists and was not created by the demo`);
  const noted = new Set((await readTextFile(mark)).split("\n"));
  const found = await listLeft(folder);
  const others = found.filter(({ row }) => !noted.has(row)).map(({ path }) => path);
  if (others.length > 0) {
    const more = others.length > 1 ? ` and ${others.length - 1} more` : "";
    throw folderRefusal(`${folder} has files that are not the demo's: ${others[0]}${more}`);
  }
  // The deepest first; the mark last, so that a folder which is cleared in part is the demo's still.
  for (const { path } of found.toReversed()) await removeFile(join(folder, path));
  await removeFile(mark);
}

/** Returns the content of a folder, each folder before its own content; links are not followed. */
async function listLeft(folder: string, below = ""): Promise<{ path: string; row: string }[]> {
  const found: { path: string; row: string }[] = [];
  for await (const { name, isDirectory, isFile } of Deno.readDir(join(folder, below))) {
    const path = `${below}${name}`;
    if (path === MARK) continue;
    const { size, mtime } = await Deno.lstat(join(folder, path));
    const facts = isFile ? `${size} ${mtime?.getTime()}` : isDirectory ? "folder" : "link";
    found.push({ path, row: `${facts} ${encodeURI(path)}` });
    if (isDirectory) { for (const one of await listLeft(folder, `${path}/`)) found.push(one); }
  }
  return found;
}

function folderRefusal(message: string): UserError {
  return new UserError(message, {
    hint: "Move it away, or choose another folder with --folder.",
  });
}
