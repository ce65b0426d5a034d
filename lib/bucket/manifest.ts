/** Manifests: a harvest's files with their checksums, in the format of `sha1sum -c`. */

import {
  collectionKeys,
  fileNameFault,
  FILES,
  isHarvestFolder,
  isSideFile,
} from "../collection/layout.ts";
import type { Store } from "../store/store.ts";

/** A file of tweets that a manifest lists. */
export interface ListedFile {
  key: string;
  /** In hex. */
  sha1: string;
}

/** Yields the keys of a collection's manifests, oldest first. */
export async function* manifests(store: Store, collectionId: string): AsyncGenerator<string> {
  for await (const { key } of store.list(collectionKeys(collectionId).harvests)) {
    const folder = key.slice(0, key.lastIndexOf("/") + 1);
    const isManifest = key === `${folder}${FILES.manifest}` && isHarvestFolder(folder);
    if (isManifest) yield key;
  }
}

/** Yields the files of tweets in the manifest under a key. */
export async function* readListedFiles(store: Store, key: string): AsyncGenerator<ListedFile> {
  const manifest = await store.get(key);
  yield* readManifest(manifest?.bytes, key.slice(0, -FILES.manifest.length)).files;
}

/** Returns the names in a folder's manifest. */
export async function readListedNames(store: Store, folder: string): Promise<Set<string>> {
  const names = new Set<string>();
  for await (const { key } of readListedFiles(store, `${folder}${FILES.manifest}`)) {
    names.add(key.slice(folder.length));
  }
  return names;
}

/** Formats a manifest: `<sha1>  <file>` a line, as `sha1sum -c` reads it. */
export function formatManifest(files: { sha1: string; name: string }[]): Uint8Array {
  return new TextEncoder().encode(files.map(({ sha1, name }) => `${sha1}  ${name}\n`).join(""));
}

/**
 * Parses a manifest.
 * @param folder Of the harvest, with a `/` at its end.
 * @returns The files of tweets, those beside them, and invalid lines.
 */
export function readManifest(
  bytes: Uint8Array | undefined,
  folder: string,
): { files: ListedFile[]; sides: ListedFile[]; strays: string[] } {
  const files: ListedFile[] = [];
  const sides: ListedFile[] = [];
  const strays: string[] = [];
  for (const line of new TextDecoder().decode(bytes).split(/\r?\n/)) {
    const [, sha1, name] = /^([0-9a-f]{40}) [ *]?([^/]+)$/.exec(line) ?? [];
    const isFile = name !== undefined && fileNameFault(name) === null;
    if (sha1 !== undefined && isFile) {
      (isSideFile(name) ? sides : files).push({ key: `${folder}${name}`, sha1 });
    } else if (line !== "") strays.push(line);
  }
  return { files, sides, strays };
}

/** Returns a manifest with the lines of some of its files only. @param isWanted By the names of files. */
export function withOnly(bytes: Uint8Array, isWanted: (name: string) => boolean): Uint8Array {
  const rows = new TextDecoder().decode(bytes).split("\n").filter((row) => {
    const [, name] = /^[0-9a-f]{40} [ *]?([^/\r\n]+)\r?$/.exec(row) ?? [];
    return name !== undefined && isWanted(name);
  });
  return new TextEncoder().encode(rows.map((row) => `${row}\n`).join(""));
}

/**
 * Returns a manifest with new checksums for some of its files, by their keys; the same object if it lists none of them.
 * @param folder Of the harvest, with a `/` at its end.
 */
export function withSums(
  bytes: Uint8Array,
  folder: string,
  sums: ReadonlyMap<string, string>,
): Uint8Array {
  const text = new TextDecoder().decode(bytes);
  const changed = text.replace(/^[0-9a-f]{40}( [ *]?)([^/\r\n]+)$/gm, (row, between, name) => {
    const sum = sums.get(`${folder}${name}`);
    return sum === undefined ? row : `${sum}${between}${name}`;
  });
  return changed === text ? bytes : new TextEncoder().encode(changed);
}
