/** The files of collections in a bag: without keys, and with tweets files that manifests list. */

import { sha1Hex } from "../../bucket/inventory_entry.ts";
import { readManifest, withSums } from "../../bucket/manifest.ts";
import { keyless, mayHaveKeys } from "../../collection/keyless.ts";
import { collectionKeys, fileNameFault, FILES } from "../../collection/layout.ts";
import { isNamedLikeTweets } from "../../format/file_name.ts";
import type { Listed, Store } from "../../store/store.ts";

/** Folders that are read ahead of their turn. */
const AHEAD = 8;
/** Bytes up to which a file beside the tweets is read ahead of its turn. */
const SMALL = 2 ** 20;

/** A file of a bag. */
export interface PayloadFile {
  key: string;
  /** Bytes. */
  size: number;
  /** SHA-1 in hex, as its manifest has it. */
  sha1?: string | undefined;
  /** Its content, where it is known already; otherwise it is read from the bucket under its key. */
  bytes?: Uint8Array | undefined;
}

/** The files that a bag lacks, by key, each with the reason. */
export interface Lacks {
  /** Files in the bucket that do not match their manifest. */
  damaged: Map<string, string>;
  /** Keys that are not valid names of files on every system. */
  strays: Map<string, string>;
  /** Files that may have keys which cannot be removed. */
  withheld: Map<string, string>;
}

/** A folder of a harvest, or another one, with its files that were read ahead. */
interface Folder {
  name: string;
  files: Listed[];
  manifest: Uint8Array | null;
  /** Small files beside the tweets. */
  small: Map<string, Uint8Array>;
}

/**
 * Yields the files of a collection: first those about harvests, then each folder, the manifest as its last one.
 * Missing files of a manifest are recorded.
 * @throws the errors of the store
 */
export async function* payload(
  store: Store,
  id: string,
  lacks: Lacks,
): AsyncGenerator<PayloadFile> {
  const { folder: root } = collectionKeys(id);
  const head = selectPayload(await Array.fromAsync(store.list(root, { folders: true })), id, lacks);
  for (const file of head) yield* withoutKeys(store, file, lacks);
  const known = new Set(head.map(({ key }) => key));
  const all = selectPayload(await Array.fromAsync(store.list(root)), id, lacks)
    .filter(({ key }) => !known.has(key));
  const folders = [...Map.groupBy(all, ({ key }) => key.slice(0, key.lastIndexOf("/") + 1))];
  for await (const folder of ahead(folders, (one) => look(store, one))) {
    yield* listFiles(store, folder, lacks);
  }
}

/** All but the lock, the checkpoint, and names that are not valid everywhere. */
function selectPayload(listed: Listed[], id: string, lacks: Lacks): Listed[] {
  const { folder: root, lock, checkpoint } = collectionKeys(id);
  return listed.filter(({ key, size }) => {
    if ((key.endsWith("/") && size === 0) || key === lock || key === checkpoint) return false;
    const faults = key.slice(root.length).split("/").map(fileNameFault);
    const fault = faults.find((one) => one !== null) ?? null;
    if (fault !== null) lacks.strays.set(key, fault);
    return fault === null;
  });
}

async function look(store: Store, [name, files]: [string, Listed[]]): Promise<Folder> {
  const small = new Map<string, Uint8Array>();
  const reads = files.map(async ({ key, size }) => {
    if (isNamedLikeTweets(key) || size > SMALL) return;
    const found = await store.get(key);
    if (found) small.set(key, found.bytes);
  });
  for (const read of await Promise.allSettled(reads)) {
    if (read.status === "rejected") throw read.reason;
  }
  const key = `${name}${FILES.manifest}`;
  const manifest = small.get(key) ?? (await store.get(key))?.bytes ?? null;
  return { name, files, manifest, small };
}

async function* listFiles(
  store: Store,
  { name, files, manifest, small }: Folder,
  lacks: Lacks,
): AsyncGenerator<PayloadFile> {
  const key = `${name}${FILES.manifest}`;
  const listed = readManifest(manifest ?? undefined, name);
  const sums = new Map([...listed.files, ...listed.sides].map(({ key, sha1 }) => [key, sha1]));
  const changed = new Map<string, string>();
  for (const file of files) {
    // Unlisted tweets files are garbage of a harvester that was killed.
    const isGarbage = manifest && isNamedLikeTweets(file.key) && !sums.has(file.key);
    if (isGarbage || file.key === key) continue;
    const given = { ...file, sha1: sums.get(file.key), bytes: small.get(file.key) };
    for await (const one of withoutKeys(store, given, lacks)) {
      if (one.sha1 !== given.sha1 && one.sha1 !== undefined) changed.set(one.key, one.sha1);
      yield one;
    }
  }
  const there = new Set(files.map(({ key }) => key));
  for (const key of sums.keys()) if (!there.has(key)) lacks.damaged.set(key, "not there");
  if (!manifest) return;
  const bytes = withSums(manifest, name, changed);
  yield { key, size: bytes.length, bytes };
}

/** Yields a file without any keys; none where they cannot be removed, or it no longer exists. */
async function* withoutKeys(
  store: Store,
  { key, size, sha1, bytes: known }: PayloadFile,
  lacks: Lacks,
): AsyncGenerator<PayloadFile> {
  const isWhole = mayHaveKeys(key) || (size <= SMALL && !isNamedLikeTweets(key));
  if (!isWhole) return yield { key, size, sha1 };
  const found = known ?? (await store.get(key))?.bytes;
  if (!found) return void lacks.damaged.set(key, "not there");
  if (sha1 !== undefined && sha1Hex(found) !== sha1) lacks.damaged.set(key, "damaged");
  if (!mayHaveKeys(key)) return yield { key, size: found.length, sha1, bytes: found };
  const bytes = keyless(key, found);
  if (!bytes) return void lacks.withheld.set(key, "it is not JSON");
  const sum = sha1 === undefined || bytes === found ? sha1 : sha1Hex(bytes);
  yield { key, size: bytes.length, sha1: sum, bytes };
}

/** Yields the result of each item, in order, some of them begun ahead of their turn. */
async function* ahead<T, R>(all: T[], act: (item: T) => Promise<R>): AsyncGenerator<R> {
  const begun: Promise<{ value: R } | { error: unknown }>[] = [];
  const items = all.values();
  const begin = (n: number) => {
    for (const item of items.take(n)) {
      begun.push(act(item).then((value) => ({ value }), (error) => ({ error })));
    }
  };
  begin(AHEAD);
  for (let first = begun.shift(); first; first = begun.shift()) {
    const done = await first;
    if ("error" in done) throw done.error;
    yield done.value;
    begin(1);
  }
}
