/** Folders that only their owner may write to. */

import { lstat, mkdir, open, realpath } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { UserError } from "./errors.ts";
import { removeFile } from "./in_use.ts";
import { ignoreLacking, nullIfAbsent } from "./system_error.ts";

/** The owner of files made by this process; null where the system has no user ids. */
export type Owner = number | null;

/** A folder that was checked. */
export interface OwnFolder {
  /** With links resolved. */
  path: string;
  owner: Owner;
}

/** Mode bits: group or world may write; world may write; only owners may remove and rename. */
const [OTHERS_WRITE, WORLD_WRITES, STICKY] = [0o022, 0o002, 0o1000];
const HAS_OWNERS = Deno.build.os !== "windows";

/**
 * Creates a private folder if it is absent, and checks that no other user can write to it.
 * @param called Its name in messages: `The folder for temporary files`.
 * @param hint What to do where the check fails.
 * @throws UserError if another user can put something there; what the file system fails with.
 */
export async function ownFolder(
  folder: string,
  { called, hint }: { called: string; hint: string },
): Promise<OwnFolder> {
  const wanted = resolve(folder);
  const open = await openAbove(wanted).catch(unlessForbidden);
  if (open !== null) {
    throw new UserError(`${called}, ${wanted}, cannot be used: all users may write to ${open}`, {
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
    throw isRefusal(error) ? refuse("it is not writable") : error;
  });
  const second = await strangeness(path, owner) ??
    await strangenessAbove(path, owner).catch(unlessForbidden);
  if (second) throw refuse(second);
  return { path, owner };
}

/** Returns why a folder is not private, for a person; null if it is. @throws If it cannot be examined */
export async function strangeness(path: string, owner: Owner): Promise<string | null> {
  const found = await lstat(path);
  if (found.isSymbolicLink()) return "it is a link";
  if (!found.isDirectory()) return "it is not a folder";
  if (!HAS_OWNERS) return null;
  if (owner !== null && found.uid !== owner) return `it belongs to another user (${found.uid})`;
  return (found.mode & OTHERS_WRITE) === 0 ? null : "other users may write to it";
}

/** Creates a private folder and its parents, each durable; an existing one is left as it is. */
export async function makeFolder(path: string): Promise<void> {
  if (await isThere(path)) return;
  await makeFolder(dirname(path));
  await mkdir(path, { mode: 0o700 }).catch((error) => {
    // Another process has created it.
    if (!hasCode(error, "EEXIST")) throw error;
  });
  await syncFolder(dirname(path));
}

/** Makes the names in a folder durable, where the system can. */
export async function syncFolder(path: string): Promise<void> {
  if (!HAS_OWNERS) return;
  await using folder = await open(path, "r").catch((error) => {
    // A folder that may not be listed, such as the one of all home folders.
    if (isRefusal(error) || isForbidden(error)) return null;
    throw error;
  });
  await folder?.sync().catch(ignoreLacking);
}

/** Returns whether a path exists; true if this process may not look. */
async function isThere(path: string): Promise<boolean> {
  try {
    return await lstat(path).catch(nullIfAbsent) !== null;
  } catch (error) {
    if (isForbidden(error)) return true;
    throw error;
  }
}

/**
 * Returns null for a missing permission of this process: whoever started it with few has checked. Throws any other
 * error.
 */
function unlessForbidden(error: unknown): null {
  if (isForbidden(error)) return null;
  throw error;
}

function isForbidden(error: unknown): boolean {
  return error instanceof Deno.errors.NotCapable;
}

/** Returns whether an error of the file system has one of these codes, such as `ENOENT`. */
export function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && "code" in error && codes.includes(String(error.code));
}

function isRefusal(error: unknown): boolean {
  return hasCode(error, "EACCES", "EPERM", "EROFS");
}

/** Returns the owner of new files in a folder: a file server may map this user to another id. */
async function ownerHere(path: string): Promise<Owner> {
  const probe = join(path, `.${crypto.randomUUID()}`);
  const file = await open(probe, "wx", 0o600);
  try {
    return (await file.stat()).uid;
  } finally {
    await file.close();
    await removeFile(probe).catch(() => {});
  }
}

/** Returns the nearest ancestor of a path that all users may write to and rename in; null if there is none. */
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

/**
 * Returns how other users could replace a folder: by an ancestor that all may write to, or by owning an entry in one.
 */
async function strangenessAbove(path: string, owner: Owner): Promise<string | null> {
  for (
    let [below, above] = [path, dirname(path)];
    below !== above;
    [below, above] = [above, dirname(above)]
  ) {
    const { mode } = await lstat(above);
    if ((mode & WORLD_WRITES) === 0) continue;
    if ((mode & STICKY) === 0) return `all users may write to ${above}`;
    const { uid } = await lstat(below);
    if (uid !== owner && uid !== 0) return `${below} belongs to another user (${uid})`;
  }
  return null;
}
