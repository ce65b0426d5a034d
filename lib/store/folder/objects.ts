/** The mapping of a bucket's keys to the files of a folder: paths, versions, listings, failures. */

import { open, stat } from "node:fs/promises";
import { join } from "node:path";
import {
  AccessError,
  errorMessage,
  LinkError,
  OutsideError,
  TwarcCloudError,
  UserError,
} from "../../base/errors.ts";
import { whenReadable } from "../../base/in_use.ts";
import { ahead } from "../../base/some_at_a_time.ts";
import { type Disk, errorCode, ignoreLacking, nullIfAbsent } from "./disk.ts";
import { behindLink } from "./links.ts";
import { compareKeys } from "../key_order.ts";
import { checkRoom, type Listed, type Version } from "../store.ts";

/** Milliseconds by which disks distinguish times: most, and FAT. */
const STEPS = [1, 2_000];
/** Names in a folder that are looked at ahead: a disk answers several in the time of one. */
const AHEAD = 8;
/** Names at the root of a bucket that begin with this are the store's own, and never listed. */
const OWN = ".";

/**
 * Returns the path of an object's file.
 * @throws UserError for a key that would leave the folder, or could not be listed.
 */
export function filePath(root: string, key: string): string {
  const parts = key.split("/");
  if (
    key.startsWith(OWN) || key.includes("\0") || key.includes("\\") ||
    parts.some((part) => part === "" || part === "." || part === "..")
  ) {
    throw new UserError(`${JSON.stringify(key)} cannot be a key in a folder bucket`);
  }
  return join(root, ...parts);
}

/** The facts that distinguish one content of a file from another. */
interface FileFacts {
  mtimeNs: bigint;
  size: bigint;
}

/**
 * No write is as old as the one that it replaces. The number of a file does not count: some file systems give that of
 * a removed one to the next, and some (FAT, FUSE) another one to the same file each time.
 */
export function versionFrom({ mtimeNs, size }: FileFacts): Version {
  return `${mtimeNs}-${size}`;
}

/** Returns the version of the object in a file, or null where there is no such file. */
export async function readVersion(path: string): Promise<Version | null> {
  const found = await stat(path, { bigint: true }).catch(nullIfAbsent);
  return found?.isFile() ? versionFrom(found) : null;
}

/**
 * Dates a file after the one that it replaces, and somewhere within its millisecond: a file's time and size are its
 * version, and two quick writes of the same size, one deleted in between, are to have two.
 */
export async function dateAfter(
  path: string,
  replaced: string | null,
  disk: Disk,
): Promise<void> {
  const timeOf = async (file: string) =>
    (await Deno.stat(file).catch(nullIfAbsent))?.mtime?.getTime() ?? -1;
  const older = replaced === null ? -1 : await timeOf(replaced);
  const now = await timeOf(path);
  for (const step of STEPS) {
    const ms = Math.max(now, older + step) + Math.random();
    await disk.date(path, ms).catch(ignoreLacking);
    if (await timeOf(path) > older) return;
  }
}

/**
 * Returns the content of a file and its version, of one and the same write; null where there is none.
 * @throws LargerError where it has more bytes than `most`
 */
export async function readContent(
  path: string,
  { key, most }: { key: string; most: number | undefined },
): Promise<{ bytes: Uint8Array; version: Version } | null> {
  return await whenReadable(path, async () => {
    await using file = await open(path).catch(nullIfAbsent);
    const found = await file?.stat({ bigint: true });
    if (!file || !found?.isFile()) return null;
    checkRoom(Number(found.size), most, key);
    const { buffer, byteOffset, byteLength } = await file.readFile();
    return { bytes: new Uint8Array(buffer, byteOffset, byteLength), version: versionFrom(found) };
  });
}

/** Options of a listing. */
interface Listing {
  folders: boolean;
  prefix: string;
  /** The bucket's folder. */
  root: string;
  /** Whether this is behind a link: no second one is followed, so that none leads in a circle. */
  isBehindLink?: boolean;
  /** Called with each link that is not followed, by its key. */
  passOver: (key: string, why: LinkError) => void;
}

/** What a folder has: names alone, as there may be tens of thousands. */
interface Level {
  /** In the order of their keys; a folder's ends with a `/`. */
  names: string[];
  /** Those that are links. */
  links: ReadonlySet<string>;
}

/**
 * Yields the objects below a folder of the bucket whose keys begin with a prefix, in the byte order of the whole key,
 * as S3 has it. Targets of links are among them where they may be read.
 * @param folder The part of the prefix up to its last `/`.
 */
export async function* objectsBelow(
  path: string,
  folder: string,
  listing: Listing,
): AsyncGenerator<Listed> {
  yield* objectsIn(path, folder, { level: await listLevel(path, folder, listing), listing });
}

async function* objectsIn(
  path: string,
  folder: string,
  { level: { names, links }, listing }: { level: Level; listing: Listing },
): AsyncGenerator<Listed> {
  const look = async (name: string) => {
    const place = join(path, name);
    if (!name.endsWith("/")) {
      return { file: await stat(place, { bigint: true }).catch(nullIfAbsent) };
    }
    if (listing.folders) return {};
    const isBehindLink = links.has(name) || listing.isBehindLink === true;
    const below = { ...listing, isBehindLink };
    const level = await listLevel(place, `${folder}${name}`, below);
    return { below: { level, listing: below } };
  };
  for await (const [name, { file, below }] of ahead(names, AHEAD, look)) {
    const key = `${folder}${name}`;
    if (below) yield* objectsIn(join(path, name), key, below);
    else if (name.endsWith("/")) yield { key, size: 0, version: "" };
    else if (file?.isFile()) yield { key, size: Number(file.size), version: versionFrom(file) };
  }
}

/** Yields what is in a folder, if there is one. As an array, 20,000 names take 7 MB more. */
async function* entriesOf(path: string): AsyncGenerator<Deno.DirEntry> {
  try {
    yield* Deno.readDir(path);
  } catch (error) {
    nullIfAbsent(error);
  }
}

/** Returns the names in a folder that a listing includes; none where there is no such folder. */
async function listLevel(path: string, folder: string, listing: Listing): Promise<Level> {
  const [names, links]: [string[], Set<string>] = [[], new Set()];
  for await (const entry of entriesOf(path)) {
    if (folder === "" && entry.name.startsWith(OWN)) continue;
    const key = `${folder}${entry.name}`;
    const isFolder = await isFolderAt(join(path, entry.name), key, entry, listing);
    if (isFolder === null || !`${key}${isFolder ? "/" : ""}`.startsWith(listing.prefix)) continue;
    const name = isFolder ? `${entry.name}/` : entry.name;
    names.push(name);
    if (entry.isSymlink) links.add(name);
  }
  names.sort(compareKeys);
  return { names, links };
}

/** Returns whether a name is a folder; null for a link that is not followed. */
async function isFolderAt(
  place: string,
  key: string,
  { isDirectory, isSymlink }: Deno.DirEntry,
  { prefix, root, isBehindLink, passOver }: Listing,
): Promise<boolean | null> {
  if (!isSymlink) return isDirectory;
  if (!key.startsWith(prefix) && !`${key}/`.startsWith(prefix)) return null;
  try {
    const found = await behindLink(root, place);
    return found === null || (found.isFolder && isBehindLink) ? null : found.isFolder;
  } catch (error) {
    if (!(error instanceof LinkError)) throw error;
    passOver(key, error);
    return null;
  }
}

/** Returns the error of a file system as one for a person. */
export function translateError(cause: unknown, bucket: string): unknown {
  if (cause instanceof TwarcCloudError) return cause;
  const code = errorCode(cause);
  if (/^(ENOSPC|EDQUOT|EFBIG)$/.test(code)) {
    return new UserError(`The disk of bucket ${bucket} is full`, {
      cause,
      hint: "Free some space and run it again: committed data is intact.",
    });
  }
  if (code === "EXDEV") {
    return new UserError(`A part of the bucket folder ${bucket} is on another disk`, {
      cause,
      hint: "Keep the whole bucket on one disk: files are renamed into place.",
    });
  }
  if (/^(EACCES|EPERM|EROFS|ENOTDIR|EISDIR|EEXIST)$/.test(code)) {
    // Faults that a person may fix while a harvest goes on, or has to fix before it can.
    const Kind = /^E(ACCES|PERM|ROFS)$/.test(code) ? AccessError : UserError;
    return new Kind(`The bucket folder ${bucket} cannot be used: ${errorMessage(cause)}`, {
      cause,
      hint: "Check its permissions, or name another folder with --bucket.",
    });
  }
  return new OutsideError(`The bucket folder ${bucket} failed: ${errorMessage(cause)}`, { cause });
}
