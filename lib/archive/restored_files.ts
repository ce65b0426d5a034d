/** Finds the tweets files of a harvest without a checkpoint. */

import { FILES } from "../collection/layout.ts";
import { compareTweetsFileNames, isTweetsFileName } from "../format/file_name.ts";
import { isThere, type Store } from "../store/store.ts";
import { OutsideError } from "../base/errors.ts";
import { checkTweets } from "./file_check.ts";
import type { Brought } from "./restored_positions.ts";
import { readManifest } from "../bucket/manifest.ts";

/** A tweets file as it was found. */
export interface FoundFile {
  name: string;
  /** From the manifest, or computed. */
  sha1: string;
  bytes: number;
  tweets: number;
  /** Why it is incomplete or differs from the manifest; null if intact. */
  fault: string | null;
  brought: Brought;
}

/** Location of the files. */
interface Place {
  folder: string;
  names: Set<string>;
  /** Null for an interrupted harvest: files may have been stored after its manifest was written. */
  info: object | null;
}

/**
 * Returns the files in a harvest's manifest, and for an interrupted one those stored later, in order: each was stored
 * when those before it were. A complete segment replaces its parts.
 * @throws OutsideError where the store fails.
 */
export async function listFiles(
  { folder, names, info }: Place,
  { store, onFile }: { store: Store; onFile: (key: string) => void },
  collect: () => Brought,
): Promise<FoundFile[]> {
  const manifest = await store.get(`${folder}${FILES.manifest}`);
  const { files: listed } = readManifest(manifest?.bytes, folder);
  const known = new Set(listed.map(({ key }) => key.slice(folder.length)));
  const unlisted = info !== null && listed.length > 0
    ? []
    : [...names].filter((name) => isTweetsFileName(name) && !known.has(name)).toSorted(
      compareTweetsFileNames,
    );
  const look = { folder, store, onFile, collect };
  const later = new Later();
  for (const name of unlisted) {
    const ids: string[] = [];
    const file = await foundFile(name, null, { ...look, onId: (id) => void ids.push(id) });
    if (file.fault !== null) break;
    later.add(file, ids);
  }
  const found: { file: FoundFile; shared: Map<number, number> }[] = [];
  for (const { key, sha1 } of listed) {
    const shared = new Map<number, number>();
    const onId = (id: string) => later.count(id, shared);
    const file = await foundFile(key.slice(folder.length), sha1, { ...look, onId });
    found.push({ file, shared });
  }
  for (const { file, shared } of found) later.leaveOutRepeatsOf(file, shared);
  const kept = found.filter(({ shared }) => !later.isReplaced(shared));
  return [...kept.map(({ file }) => file), ...later.files()];
}

/** Returns the facts of a file; for a missing one only its name. */
async function foundFile(
  name: string,
  sha1: string | null,
  { folder, store, onFile, collect, onId }: {
    folder: string;
    store: Store;
    onFile: (key: string) => void;
    collect: () => Brought;
    onId: (id: string) => void;
  },
): Promise<FoundFile> {
  const key = `${folder}${name}`;
  const brought = collect();
  onFile(key);
  try {
    const facts = await checkTweets(store, key, onId, (line) => brought.addLine(line));
    const isAsListed = sha1 === null || sha1 === facts.sha1;
    const fault = facts.fault ?? (isAsListed ? null : "its checksum differs from the manifest");
    const { isAltered, ...found } = facts;
    // Its ids are not known: a line that parses may have another one.
    const known = isAltered ? collect() : brought;
    return { name, ...found, sha1: sha1 ?? facts.sha1, fault, brought: known };
  } catch (error) {
    if (!(error instanceof OutsideError) || await isThere(store, key)) throw error;
    const nothing = { sha1: sha1 ?? "", bytes: 0, tweets: 0 };
    return { name, ...nothing, fault: "it is missing", brought };
  }
}

/** Files that were stored after the manifest was written, perhaps replacing some that it lists. */
class Later {
  readonly #files: { file: FoundFile; isWanted: boolean }[] = [];
  /** The file of each tweet. */
  readonly #fileOf = new Map<string, number>();

  /** Adds a file. One that repeats another completely replaces it; one that repeats it in part is left out. */
  add(file: FoundFile, ids: string[]): void {
    const shared = new Map<number, number>();
    for (const id of ids) this.count(id, shared);
    const isWanted = ids.length > 0 &&
      [...shared].every(([n, tweets]) => this.#files[n]?.file.tweets === tweets);
    if (isWanted) {
      for (const n of shared.keys()) this.#leaveOut(n);
      for (const id of ids) this.#fileOf.set(id, this.#files.length);
    }
    this.#files.push({ file, isWanted });
  }

  /** Counts a tweet of another file. @param shared Number of its tweets in each of these files. */
  count(id: string, shared: Map<number, number>): void {
    const n = this.#fileOf.get(id);
    if (n !== undefined) shared.set(n, (shared.get(n) ?? 0) + 1);
  }

  /** Leaves out files that have some tweets of a file, but not all. */
  leaveOutRepeatsOf({ tweets }: FoundFile, shared: Map<number, number>): void {
    for (const [n, some] of shared) if (some !== tweets) this.#leaveOut(n);
  }

  /** Returns whether one of these files has all tweets of another. @param shared From `count`. */
  isReplaced(shared: Map<number, number>): boolean {
    return [...shared.keys()].some((n) => this.#files[n]?.isWanted);
  }

  /** Returns the files to list, in order. */
  files(): FoundFile[] {
    return this.#files.flatMap(({ file, isWanted }) => isWanted ? [file] : []);
  }

  #leaveOut(n: number): void {
    const file = this.#files[n];
    if (file) file.isWanted = false;
  }
}
