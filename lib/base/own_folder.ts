/** A folder that is this person's alone: nobody else may put anything there. */

import { lstat, mkdir, open, realpath, unlink } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { UserError } from "./errors.ts";
import { ignoreLacking } from "./system_error.ts";

/** Who owns what this process makes; null where the system has no such numbers. */
export type Owner = number | null;

/** A folder that was looked at. */
export interface OwnFolder {
  /** Without links in it. */
  path: string;
  owner: Owner;
}

/** Bits of a mode: others of the group or the world may write; the world may; only owners may remove and rename. */
const [OTHERS_WRITE, WORLD_WRITES, STICKY] = [0o022, 0o002, 0o1000];
const HAS_OWNERS = Deno.build.os !== "windows";

/**
 * Makes a folder for this person alone, where it is not there, and looks whether it is.
 * @param called What it is, for a message: `The folder for temporary files`.
 * @param hint What the person can do where it is not their own.
 * @throws UserError where somebody else can put something there; what the file system fails with.
 */
export async function ownFolder(
  folder: string,
  { called, hint }: { called: string; hint: string },
): Promise<OwnFolder> {
  const wanted = resolve(folder);
  const open = await openAbove(wanted).catch(unlessForbidden);
  if (open !== null) {
    throw new UserError(`${called}, ${wanted}, cannot be used: everybody may write in ${open}`, {
      hint,
    });
  }
  await makeFolder(dirname(wanted));
  const parent = await realpath(dirname(wanted)).catch(unlessForbidden) ?? dirname(wanted);
  const path = join(parent, basename(wanted));
  const refuse = (why: string) =>
    new UserError(`${called}, ${path}, cannot be used: ${why}`, { hint });
  await makeFolder(path);
  const first = await strangeness(path, null);
  if (first) throw refuse(first);
  if (!HAS_OWNERS) return { path, owner: null };
  const owner = await ownerHere(path).catch((error) => {
    throw isRefusal(error) ? refuse("nothing can be written there") : error;
  });
  const second = await strangeness(path, owner) ??
    await strangenessAbove(path, owner).catch(unlessForbidden);
  if (second) throw refuse(second);
  return { path, owner };
}

/** Returns what keeps a folder from being one's own, for a person; null where nothing does. @throws where it cannot be looked at */
export async function strangeness(path: string, owner: Owner): Promise<string | null> {
  const found = await lstat(path);
  if (found.isSymbolicLink()) return "it is a link";
  if (!found.isDirectory()) return "it is not a folder";
  if (!HAS_OWNERS) return null;
  if (owner !== null && found.uid !== owner) return `it belongs to another user (${found.uid})`;
  return (found.mode & OTHERS_WRITE) === 0 ? null : "other users may write there";
}

/** Makes a folder for this person alone with those that it is in, each durable; one that is there stays as it is. */
export async function makeFolder(path: string): Promise<void> {
  if (await isThere(path)) return;
  await makeFolder(dirname(path));
  await mkdir(path, { mode: 0o700 }).catch((error) => {
    // Another process was quicker.
    if (!hasCode(error, "EEXIST")) throw error;
  });
  await syncFolder(dirname(path));
}

/** Makes the names in a folder durable, where the system can. */
export async function syncFolder(path: string): Promise<void> {
  if (!HAS_OWNERS) return;
  await using folder = await open(path, "r").catch((error) => {
    // A folder that may not be listed, such as the one that homes are in.
    if (isRefusal(error) || isForbidden(error)) return null;
    throw error;
  });
  await folder?.sync().catch(ignoreLacking);
}

/** Returns whether there is something; so there is where this process may not look. */
async function isThere(path: string): Promise<boolean> {
  try {
    return await lstat(path).catch(nullIfAbsent) !== null;
  } catch (error) {
    if (isForbidden(error)) return true;
    throw error;
  }
}

/** Null where this process may not look: who started it with so few permissions has looked. Throws any other error. */
function unlessForbidden(error: unknown): null {
  if (isForbidden(error)) return null;
  throw error;
}

function isForbidden(error: unknown): boolean {
  return error instanceof Deno.errors.NotCapable;
}

/** Null for the error of what is not there; throws any other. */
export function nullIfAbsent(error: unknown): null {
  if (hasCode(error, "ENOENT")) return null;
  throw error;
}

/** Returns whether an error of the file system is one of these, such as `ENOENT`. */
export function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && "code" in error && codes.includes(String(error.code));
}

function isRefusal(error: unknown): boolean {
  return hasCode(error, "EACCES", "EPERM", "EROFS");
}

/** Returns the owner of what this process makes in a folder: a server may know this person by another number. */
async function ownerHere(path: string): Promise<Owner> {
  const probe = join(path, `.${crypto.randomUUID()}`);
  const file = await open(probe, "wx", 0o600);
  try {
    return (await file.stat()).uid;
  } finally {
    await file.close();
    await unlink(probe).catch(() => {});
  }
}

/** Returns a folder above a path, as far as they are there, in which all may write and rename; null where there is none. */
async function openAbove(path: string): Promise<string | null> {
  if (!HAS_OWNERS) return null;
  let there = dirname(path);
  while (!await isThere(there)) there = dirname(there);
  for (let above = await realpath(there);; above = dirname(above)) {
    const { mode } = await lstat(above);
    if ((mode & WORLD_WRITES) !== 0 && (mode & STICKY) === 0) return above;
    if (above === dirname(above)) return null;
  }
}

/** Returns what lets others put another folder in the place of one: a folder above it that all may write, or theirs in such. */
async function strangenessAbove(path: string, owner: Owner): Promise<string | null> {
  for (
    let [below, above] = [path, dirname(path)];
    below !== above;
    [below, above] = [above, dirname(above)]
  ) {
    const { mode } = await lstat(above);
    if ((mode & WORLD_WRITES) === 0) continue;
    if ((mode & STICKY) === 0) return `everybody may write in ${above}`;
    const { uid } = await lstat(below);
    if (uid !== owner && uid !== 0) return `${below} belongs to another user (${uid})`;
  }
  return null;
}
