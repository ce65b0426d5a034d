/** The tweets files of a harvest as they are found, where no checkpoint names them. */

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
  /** As the manifest lists it, or as it is. */
  sha1: string;
  bytes: number;
  tweets: number;
  /** Why it is not whole, or not as it is listed; null where it is. */
  fault: string | null;
  brought: Brought;
}

/** Where the files are. */
interface Place {
  folder: string;
  names: Set<string>;
  /** Null where the harvest was cut: files may have been stored after its manifest was written. */
  info: object | null;
}

/**
 * Returns the files that a harvest's manifest lists, and of one that was cut also those that were stored after it, in their
 * order: each was stored when those before it were. A segment that is whole takes the place of its pieces.
 * @throws OutsideError where the store fails.
 */
export async function filesOf(
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

/** Returns what a file is; of one that is not there only its name is known. */
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
    const fault = facts.fault ?? (isAsListed ? null : "its checksum is not that of the manifest");
    return { name, ...facts, sha1: sha1 ?? facts.sha1, fault, brought };
  } catch (error) {
    if (!(error instanceof OutsideError) || await isThere(store, key)) throw error;
    const nothing = { sha1: sha1 ?? "", bytes: 0, tweets: 0 };
    return { name, ...nothing, fault: "it is not there", brought };
  }
}

/** Files that were stored after the manifest was written: perhaps in place of some that it lists. */
class Later {
  readonly #files: { file: FoundFile; isWanted: boolean }[] = [];
  /** Which file has a tweet. */
  readonly #fileOf = new Map<string, number>();

  /** Takes in a file. One that repeats another whole takes its place; one that repeats some of it is left out. */
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

  /** Counts a tweet of another file. @param shared How many of its tweets each of these has. */
  count(id: string, shared: Map<number, number>): void {
    const n = this.#fileOf.get(id);
    if (n !== undefined) shared.set(n, (shared.get(n) ?? 0) + 1);
  }

  /** Leaves out what has some tweets of a file, and not all. */
  leaveOutRepeatsOf({ tweets }: FoundFile, shared: Map<number, number>): void {
    for (const [n, some] of shared) if (some !== tweets) this.#leaveOut(n);
  }

  /** Returns whether one of these has all tweets of a file. @param shared As `count` leaves it. */
  isReplaced(shared: Map<number, number>): boolean {
    return [...shared.keys()].some((n) => this.#files[n]?.isWanted);
  }

  /** Returns those that are to be listed, in their order. */
  files(): FoundFile[] {
    return this.#files.flatMap(({ file, isWanted }) => isWanted ? [file] : []);
  }

  #leaveOut(n: number): void {
    const file = this.#files[n];
    if (file) file.isWanted = false;
  }
}
