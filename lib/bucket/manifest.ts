/** Manifests: the files of a harvest with their checksums, as `sha1sum -c` reads them. */

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

/** Yields the keys of the manifests of a collection's harvests, oldest first. */
export async function* manifests(store: Store, collectionId: string): AsyncGenerator<string> {
  for await (const { key } of store.list(collectionKeys(collectionId).harvests)) {
    const folder = key.slice(0, key.lastIndexOf("/") + 1);
    const isManifest = key === `${folder}${FILES.manifest}` && isHarvestFolder(folder);
    if (isManifest) yield key;
  }
}

/** Yields the files of tweets that the manifest under a key lists. */
export async function* readListedFiles(store: Store, key: string): AsyncGenerator<ListedFile> {
  const manifest = await store.get(key);
  yield* readManifest(manifest?.bytes, key.slice(0, -FILES.manifest.length)).files;
}

/** Returns the names that a folder's manifest lists. */
export async function readListedNames(store: Store, folder: string): Promise<Set<string>> {
  const names = new Set<string>();
  for await (const { key } of readListedFiles(store, `${folder}${FILES.manifest}`)) {
    names.add(key.slice(folder.length));
  }
  return names;
}

/** Returns a manifest: `<sha1>  <file>` a line, as `sha1sum -c` reads it. */
export function formatManifest(files: { sha1: string; name: string }[]): Uint8Array {
  return new TextEncoder().encode(files.map(({ sha1, name }) => `${sha1}  ${name}\n`).join(""));
}

/**
 * Returns what a manifest says.
 * @param folder Of the harvest, with a `/` at its end.
 * @returns The files of tweets, those beside them, and the lines that name none.
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

/**
 * Returns a manifest with other checksums for some of its files, by their keys; the very same where it lists none of them.
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
