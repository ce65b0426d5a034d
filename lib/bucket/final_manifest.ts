/** The manifest of a finished harvest: its tweets files, then each file beside them. */

import { Buffer } from "node:buffer";
import { FILES, isSideFile } from "../collection/layout.ts";
import type { Store } from "../store/store.ts";
import type { NamedSum } from "./checkpoint_state.ts";
import { storedSum } from "./harvest_sums.ts";
import { formatManifest, readManifest } from "./manifest.ts";

/** Side files that differ from the existing manifest. */
export interface Changed {
  /** Those that were rewritten: their listed checksums are outdated. */
  renewed?: readonly string[];
  /** Those about to be rewritten: no manifest may list them until they are. */
  dropped?: readonly string[];
}

/**
 * Returns the manifest of a finished harvest.
 * @param folder The harvest's, with a `/` at its end.
 * @param files Its tweets files.
 * @throws OutsideError where the store fails.
 */
export async function finalManifest(
  store: Store,
  folder: string,
  files: NamedSum[],
  changed: Changed = {},
): Promise<Uint8Array> {
  return manifestWith(files, await listSides(store, folder, changed));
}

/** Returns a manifest of tweets files, then side files by name. */
export function manifestWith(files: NamedSum[], sides: NamedSum[]): Uint8Array {
  return formatManifest([...files, ...sides.toSorted((a, b) => a.name < b.name ? -1 : 1)]);
}

/**
 * Returns the side files. Those in the existing manifest keep its checksums, so that a file that was altered since is
 * detected.
 * @throws OutsideError where the store fails.
 */
export async function listSides(
  store: Store,
  folder: string,
  { renewed = [], dropped = [] }: Changed,
): Promise<NamedSum[]> {
  const sums = await listedSides(store, folder);
  for (const name of renewed) sums.delete(name);
  for await (const { key } of store.list(folder)) {
    const name = key.slice(folder.length);
    const isWanted = isSideFile(name) && !sums.has(name) && !dropped.includes(name);
    if (isWanted) sums.set(name, (await storedSum(store, key)).sha1);
  }
  for (const name of dropped) sums.delete(name);
  return [...sums].map(([name, sha1]) => ({ name, sha1 }));
}

/** Returns the side files of a folder's manifest: checksums by name. */
async function listedSides(store: Store, folder: string): Promise<Map<string, string>> {
  const before = (await store.get(`${folder}${FILES.manifest}`))?.bytes;
  const { sides } = readManifest(before, folder);
  return new Map(sides.map(({ key, sha1 }) => [key.slice(folder.length), sha1]));
}

/** Returns whether a folder's manifest lists a side file. */
export async function isSideListed(store: Store, folder: string, name: string): Promise<boolean> {
  return (await listedSides(store, folder)).has(name);
}

/** A harvest's folder that is written to. */
export interface FinalFolder {
  store: Store;
  /** With a `/` at its end. */
  folder: string;
  /** The tweets files for its manifest. */
  files: NamedSum[];
  /** Throws if another process has taken over the collection. */
  check: () => void;
}

/**
 * Rewrites a side file; no manifest ever lists it with a wrong checksum.
 * @throws What `check` throws; OutsideError where the store fails.
 */
export async function rewriteSide(
  place: FinalFolder,
  name: string,
  bytes: Uint8Array,
): Promise<void> {
  const isListed = await isSideListed(place.store, place.folder, name);
  if (isListed) await writeFinal(place, { dropped: [name] });
  place.check();
  await place.store.put(`${place.folder}${name}`, bytes);
  if (isListed) await writeFinal(place, { renewed: [name] });
}

/** Writes a folder's final manifest, if it changed. @throws as `rewriteSide` */
export async function writeFinal(
  { store, folder, files, check }: FinalFolder,
  changed: Changed = {},
): Promise<void> {
  const key = `${folder}${FILES.manifest}`;
  const bytes = await finalManifest(store, folder, files, changed);
  const found = await store.get(key);
  if (found && Buffer.from(found.bytes).equals(bytes)) return;
  check();
  await store.put(key, bytes);
}
