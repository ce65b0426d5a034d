/** The folder that the demo works in: made anew each time, as long as nobody has put anything of theirs into it. */

import { join } from "node:path";
import { removeFile } from "../base/in_use.ts";
import { UserError } from "../base/errors.ts";

/** Says that the demo made the folder, and what it has left in it: `<bytes> <time> <path>` a line. */
const MARK = ".made-by-twarc-cloud-demo";

/**
 * Makes the folder anew: what the demo has left there before is removed, if it is still as it was left.
 * @throws UserError for a folder that somebody else made, or with anything in it that is somebody else's.
 */
export async function makeDemoFolder(folder: string): Promise<void> {
  if (await Deno.lstat(folder).catch(() => null)) await clear(folder);
  await Deno.mkdir(folder, { recursive: true });
  await noteDemo(folder);
}

/** Notes what is in the folder as left by the demo. */
export async function noteDemo(folder: string): Promise<void> {
  const rows = (await left(folder)).map(({ row }) => `${row}\n`);
  await Deno.writeTextFile(join(folder, MARK), rows.join(""));
}

async function clear(folder: string): Promise<void> {
  const mark = join(folder, MARK);
  const isMarked = (await Deno.lstat(mark).catch(() => null))?.isFile;
  if (!isMarked) throw refused(`${folder} is there and was not made by the demo`);
  const noted = new Set((await Deno.readTextFile(mark)).split("\n"));
  const found = await left(folder);
  const others = found.filter(({ row }) => !noted.has(row)).map(({ path }) => path);
  if (others.length > 0) {
    const more = others.length > 1 ? ` and ${others.length - 1} more` : "";
    throw refused(`${folder} has what the demo did not leave there: ${others[0]}${more}`);
  }
  // The deepest first; the mark last, so that a folder which is cleared in part is the demo's still.
  for (const { path } of found.toReversed()) await removeFile(join(folder, path));
  await removeFile(mark);
}

/** Returns what is in a folder, each folder before what is in it; links are not followed. */
async function left(folder: string, below = ""): Promise<{ path: string; row: string }[]> {
  const found: { path: string; row: string }[] = [];
  for await (const { name, isDirectory, isFile } of Deno.readDir(join(folder, below))) {
    const path = `${below}${name}`;
    if (path === MARK) continue;
    const { size, mtime } = await Deno.lstat(join(folder, path));
    const facts = isFile ? `${size} ${mtime?.getTime()}` : isDirectory ? "folder" : "link";
    found.push({ path, row: `${facts} ${encodeURI(path)}` });
    if (isDirectory) { for (const one of await left(folder, `${path}/`)) found.push(one); }
  }
  return found;
}

function refused(message: string): UserError {
  return new UserError(message, {
    hint: "Move it away, or name another folder with --folder.",
  });
}
