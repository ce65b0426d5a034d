/** The tweets of a collection, read back from the files that its manifests list. */

import { Buffer } from "node:buffer";
import {
  collectionKeys,
  fileNameFault,
  FILES,
  isHarvestFolder,
  isSideFile,
} from "../collection/layout.ts";
import { LinkError, OutsideError, TwarcCloudError } from "../base/errors.ts";
import { isThere, type Store } from "../store/store.ts";
import { lastWord } from "../base/visible.ts";

const LINE_FEED = 0x0a;
/** Bytes of a line beyond which a file is given up; no answer of the API comes near it. */
const LONGEST_LINE = 64 * 2 ** 20;

/** A file of tweets that a manifest lists. */
export interface ListedFile {
  key: string;
  /** In hex. */
  sha1: string;
}

/** The keys of the manifests of a collection's harvests, oldest first. */
export async function* manifests(store: Store, collectionId: string): AsyncGenerator<string> {
  for await (const { key } of store.list(collectionKeys(collectionId).harvests)) {
    const folder = key.slice(0, key.lastIndexOf("/") + 1);
    const isManifest = key === `${folder}${FILES.manifest}` && isHarvestFolder(folder);
    if (isManifest) yield key;
  }
}

/** The files of tweets that the manifest under a key lists. */
export async function* filesListed(store: Store, key: string): AsyncGenerator<ListedFile> {
  const manifest = await store.get(key);
  yield* readManifest(manifest?.bytes, key.slice(0, -FILES.manifest.length)).files;
}

/** The names that a folder's manifest lists. */
export async function listedIn(store: Store, folder: string): Promise<Set<string>> {
  const names = new Set<string>();
  for await (const { key } of filesListed(store, `${folder}${FILES.manifest}`)) {
    names.add(key.slice(folder.length));
  }
  return names;
}

/** A manifest: `<sha1>  <file>` a line, as `sha1sum -c` reads it. */
export function manifestOf(files: { sha1: string; name: string }[]): Uint8Array {
  return new TextEncoder().encode(files.map(({ sha1, name }) => `${sha1}  ${name}\n`).join(""));
}

/**
 * What a manifest says.
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
 * A manifest with other checksums for some of its files, by their keys; the very same where it lists none of them.
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

/** A file of tweets that a manifest lists is not there, or cannot be read to its end. */
export class DamagedFileError extends OutsideError {
  /** Below the collection's folder. */
  readonly file: string;

  constructor(key: string, problem: string, cause: unknown) {
    const [, collectionId = "", file = key] = /^collections\/([^/]+)\/(.+)$/.exec(key) ?? [];
    super(`${key} ${problem}`, { cause, hint: verifyHint(collectionId) });
    this.file = file;
  }
}

/** What to do about damaged files. */
export function verifyHint(collectionId: string): string {
  return `See what is wrong with \`twarc-cloud collection verify ${lastWord(collectionId)}\`.`;
}

/**
 * What each line of a gzip file of tweets is read as.
 * @param read Given a line as it is, without its line break; it throws a SyntaxError for one that is none.
 * @throws DamagedFileError where the file cannot be read to its end; what the store throws.
 */
export async function* readLines<T>(
  store: Store,
  key: string,
  read: (line: Uint8Array) => T,
): AsyncGenerator<T> {
  let number = 0;
  try {
    for await (const { line } of linesIn(gunzipped(await store.read(key)))) {
      number++;
      if (line.length > 0) yield read(line);
    }
  } catch (cause) {
    if (cause instanceof OutsideError && !await isThere(store, key)) {
      throw new DamagedFileError(key, "is listed in its manifest, and is not there", cause);
    }
    if (cause instanceof LinkError) {
      throw new DamagedFileError(key, "leads out of the bucket through a link", cause);
    }
    if (cause instanceof TwarcCloudError) throw cause;
    throw new DamagedFileError(key, `cannot be read beyond line ${number}`, cause);
  }
}

/** Lets bytes through, and somebody see them. */
export function seen(look: (chunk: Uint8Array) => void): TransformStream<Uint8Array, Uint8Array> {
  return new TransformStream({
    transform(chunk, controller) {
      look(chunk);
      controller.enqueue(chunk);
    },
  });
}

/** What a gzip stream of one member holds; it fails where there is more, or less. */
export function gunzipped(content: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  return content.pipeThrough(
    new DecompressionStream("gzip") as TransformStream<Uint8Array, Uint8Array>,
  );
}

/**
 * The lines of a stream, without their line breaks; the last one may have no end.
 * @throws SyntaxError for a line that is longer than 64 MiB: what a file unpacks to has to fit into memory.
 */
export async function* linesIn(
  content: ReadableStream<Uint8Array>,
): AsyncGenerator<{ line: Uint8Array; isEnded: boolean }> {
  let begun: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of content) {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      yield { line: Buffer.concat([...begun, chunk.subarray(start, end)]), isEnded: true };
      begun = [];
      length = 0;
      start = end + 1;
    }
    if (start < chunk.length) begun.push(chunk.slice(start));
    length += chunk.length - start;
    if (length > LONGEST_LINE) throw new SyntaxError("A line is longer than 64 MiB");
  }
  if (begun.length > 0) yield { line: Buffer.concat(begun), isEnded: false };
}
