/**
 * The place of a harvester's temporary files: in the person's own folder, apart from those of every other process.
 */

import { createHash } from "node:crypto";
import { lstat, realpath } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { getLogger } from "@logtape/logtape";
import { diskError } from "../../base/disk_error.ts";
import { processIsGone } from "../../bucket/process.ts";
import type { BucketRef } from "../../base/bucket_ref.ts";
import { cacheFolder, homeFolder, type Person, stateFolder } from "../../base/folders.ts";
import { checkNoShare } from "../../base/network_share.ts";
import { realPlace } from "../../base/real_place.ts";
import { type Owner, type OwnFolder, ownFolder, strangeness } from "../../base/own_folder.ts";
import { type Files, systemFiles } from "../files.ts";
import { noteKeys, personalKey } from "./seal.ts";
import { SpoolFolder } from "../spool_folder.ts";

const log = getLogger(["twarc-cloud", "harvest"]);

/** The folder of one harvester. */
export interface SpoolPlace {
  /** A folder in its collection's, beside those of other harvesters. */
  path: string;
  /** The owner of the files. */
  owner: Owner;
  /** Places of the collection's temporary files in earlier versions. */
  former?: FormerPlace[];
  /** The keys of notes: they are sealed with the first, and opened by any. */
  keys: () => Promise<string[]>;
  files?: Files;
}

/** A place of a collection's temporary files in an earlier version. */
export interface FormerPlace {
  path: string;
  /** Whether its notes were sealed. */
  isSealed: boolean;
}

/** The folder of a harvester that has ended. */
export interface LeftPlace {
  path: string;
  owner: Owner;
  /** Whether its version did not seal notes. */
  isUnsealed: boolean;
  files: Files;
}

/** A process as in the names of folders. */
interface Process {
  host: string;
  pid: number;
}

/** The input of a harvester's place for temporary files. */
export interface SpoolWanted {
  bucket: BucketRef;
  /** The bucket's id, where it is known, and its former places: files that a copy has left are not taken. */
  bucketId?: string;
  formerPlaces?: string[];
  collectionId: string;
  process: Process;
  /** The folder that the person chose; by default one in their state folder. */
  folder: string | undefined;
  /** The secret that the collection's harvesters are controlled with, where it comes from outside the bucket. */
  secret: string | undefined;
  person: Person;
}

/**
 * Returns the place for a harvester's temporary files, in a folder that only this person can write: it is created,
 * and checked.
 * @throws UserError where others may write there, or this process cannot; DiskError where the disk fails.
 */
export async function openPlace(wanted: SpoolWanted): Promise<SpoolPlace> {
  const { bucket, collectionId, process, person, secret } = wanted;
  const { path, owner } = await rootFor(wanted.folder, person);
  const place = bucket.kind === "folder" ? bucket.path : bucket.name;
  const real = bucket.kind === "folder" ? await realPlace(bucket.path) : bucket.name;
  const { bucketId, formerPlaces = [] } = wanted;
  const own = (place: string) => bucketId === undefined ? place : `${place} ${bucketId}`;
  const name = folderName(own(real), collectionId);
  const former = folderName(place, collectionId);
  const formerNames = [...formerPlaces.map(own), real, place, ...formerPlaces]
    .map((one) => folderName(one, collectionId)).filter((one) => one !== name);
  return {
    path: join(path, name, ownName(process)),
    owner,
    former: [
      ...[...new Set(formerNames)].map((one) => ({ path: join(path, one), isSealed: true })),
      { path: join(wanted.folder ?? cacheFolder(person), former), isSealed: true },
      { path: join(formerRoot(), former), isSealed: false },
    ],
    keys: noteKeys({ person, secret }),
  };
}

/**
 * Creates the folders that a harvester needs besides its bucket, and that it cannot create with the least
 * permissions. @returns Their paths, as they are named and without links, and the place of an earlier version.
 * @throws as `openPlace`
 */
export async function spoolPlaces(folder: string | undefined, person: Person): Promise<string[]> {
  const named = resolve(folder ?? spoolRoot(person));
  const { path } = await rootFor(folder, person);
  // A harvest that needs the key reports why it cannot be read.
  const key = await personalKey(person).then(() => true, () => false);
  const state = stateFolder(person);
  const states = key ? [state, await realpath(state)] : [state];
  return [...new Set([named, path, ...states, cacheFolder(person), formerRoot()])];
}

/** Returns the person's folder for temporary files, or the one that they chose: created, and checked. */
async function rootFor(folder: string | undefined, person: Person): Promise<OwnFolder> {
  const root = folder ?? spoolRoot(person);
  const called = "The folder for temporary files";
  checkNoShare(root, { called, option: "--spool or TWARC_CLOUD_SPOOL" });
  const hint = "Name another one with --spool, or TWARC_CLOUD_SPOOL: a folder of your own.";
  return await ownFolder(root, { called, hint }).catch((cause) => {
    throw diskError(cause, root, { isNew: true });
  });
}

/**
 * Returns the person's default folder for temporary files: not in their cache, which cleaners clear, as no bucket has
 * them yet.
 */
function spoolRoot(person: Person): string {
  return join(stateFolder(person), "spool");
}

/** Returns the folder for a person's temporary files in the first versions. */
function formerRoot(): string {
  return join(tmpdir(), `twarc-cloud-${shortHash(homeFolder() ?? "").slice(0, 8)}`);
}

/**
 * Returns a name for this process only: a harvester that was paused and resumes may meet another one at work, and
 * neither may touch the other's files.
 */
export function ownName({ host, pid }: Process): string {
  return `${host}.${pid}.${crypto.randomUUID()}`;
}

/** Another place of the same process, beside one that it has. */
export function placeBeside(place: SpoolPlace, process: Process): SpoolPlace {
  return { ...place, path: join(dirname(place.path), ownName(process)) };
}

/**
 * Returns the name of a collection's folder: unique, whatever buckets are harvested here.
 * @param place The bucket: its path as `realPlace` gives it, or its name in S3.
 */
export function folderName(place: string, collectionId: string): string {
  // Ids of the original may have characters that not every file system allows.
  const id = /^[\w.-]{1,128}$/.test(collectionId) ? collectionId : shortHash(collectionId);
  return `${shortHash(place)}-${id}`;
}

/** Returns the places of ended processes beside one's own; those of other persons are left alone. */
export async function leftPlaces(
  { path: own, owner, former = [], files = systemFiles }: SpoolPlace,
  process: Process,
): Promise<LeftPlace[]> {
  const common = { owner, process, files };
  const left = await listLeft(dirname(own), { ...common, isUnsealed: false });
  for (const { path, isSealed } of former) {
    if (path === dirname(own) || !await isOwn(dirname(path), owner)) continue;
    left.push(...await listLeft(path, { ...common, isUnsealed: !isSealed }));
  }
  return left.filter(({ path }) => path !== own);
}

/**
 * Returns the processes of this machine, beside one's own, that have temporary files of the collection and have not
 * ended.
 */
export async function livingBeside(
  { path: own, owner }: SpoolPlace,
  process: Process,
): Promise<number[]> {
  const living: number[] = [];
  for (const { path, pid } of await listOwn(dirname(own), { owner, host: process.host })) {
    if (path !== own && !await isGone(path, { pid, own: process })) living.push(pid);
  }
  return living;
}

async function listLeft(
  parent: string,
  { process, ...facts }: Omit<LeftPlace, "path"> & { process: Process },
): Promise<LeftPlace[]> {
  const left: LeftPlace[] = [];
  const { owner } = facts;
  for (const { path, pid } of await listOwn(parent, { owner, host: process.host })) {
    if (await isGone(path, { pid, own: process })) left.push({ path, ...facts });
  }
  return left;
}

/** Returns the folders of this machine's processes that belong to this person alone. */
async function listOwn(
  parent: string,
  { owner, host }: { owner: Owner; host: string },
): Promise<{ path: string; pid: number }[]> {
  const found: { path: string; pid: number }[] = [];
  if (!await isOwn(parent, owner)) return found;
  for (const { name } of await Array.fromAsync(Deno.readDir(parent)).catch(() => [])) {
    const path = join(parent, name);
    const pid = parsePid(name, host);
    if (pid !== null && await isOwn(path, owner)) found.push({ path, pid });
  }
  return found;
}

/** Returns whether a folder exists and belongs to this person alone; another one is left alone, and reported. */
async function isOwn(path: string, owner: Owner): Promise<boolean> {
  if (!await lstat(path).catch(() => null)) return false;
  const why = await strangeness(path, owner).catch(() => "it cannot be read");
  if (why === null) return true;
  log.warn("Temporary files of harvests that may be in {path} are not recovered: {why}", {
    path,
    why,
  });
  return false;
}

/** Returns the process of this machine whose folder has a name; null where it is none. */
function parsePid(name: string, here: string): number | null {
  const [, host, digits] = /^(.+)\.(\d+)\.[0-9a-f-]{36}$/.exec(name) ?? [];
  const pid = Number(digits);
  return host === here && pid > 0 ? pid : null;
}

/** Returns whether the process of a folder has ended, or had this one's number before. */
async function isGone(path: string, { pid, own }: { pid: number; own: Process }): Promise<boolean> {
  const isHeld = await SpoolFolder.isHeld(path);
  if (isHeld !== null) return !isHeld;
  return pid === own.pid || processIsGone({ host: own.host, pid });
}

function shortHash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}
