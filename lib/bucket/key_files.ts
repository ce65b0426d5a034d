/** Finds and redacts keys in the clear in a collection's files, except for its configuration. */

import type { Clock } from "../base/clock.ts";
import {
  hasKeys,
  mayHaveKeys,
  namesOfKeys,
  needsNoKeys,
  withFingerprints,
} from "../collection/keyless.ts";
import { collectionKeys, FILES, isHarvestConfig } from "../collection/layout.ts";
import { type Json, jsonOrNull } from "../base/json.ts";
import { jsonBytes } from "../base/json_bytes.ts";
import { settledPut } from "../store/settled_put.ts";
import type { Listed, OlderVersion, Purged, Store, Version } from "../store/store.ts";
import { History } from "./history.ts";
import { inventoryName } from "./harvest_sums.ts";
import { append } from "./inventory.ts";
import { type Draft, fileSum } from "./inventory_entry.ts";
import type { Lease } from "./lease.ts";
import { withSums } from "./manifest.ts";

/** Largest foreign file, in bytes, that is searched for keys: configurations are smaller. */
const MOST = 2 ** 22;

/** A file that has keys in it. */
interface KeyFile {
  key: string;
  json: Json;
  version: Version;
}

/**
 * Yields a collection's files that have keys in the clear, except for its configuration, which needs them.
 * @param isWanted Selects files to examine.
 * @throws What the store fails with.
 */
export async function* keyFiles(
  store: Store,
  id: string,
  isWanted: (key: string) => boolean = () => true,
): AsyncGenerator<KeyFile> {
  for await (const listed of store.list(collectionKeys(id).folder)) {
    const found = isWanted(listed.key) ? await findKeyFile(store, id, listed) : null;
    if (found) yield found;
  }
}

/** Returns an object of a collection if it has keys in the clear and needs none; null otherwise. @throws as the store */
export async function findKeyFile(
  store: Store,
  id: string,
  { key, size }: Pick<Listed, "key" | "size">,
): Promise<KeyFile | null> {
  if (!mayHaveKeys(key)) return null;
  const { config, lock, checkpoint } = collectionKeys(id);
  if ([config, lock, checkpoint].includes(key)) return null;
  if (size > MOST && !needsNoKeys(key)) return null;
  const found = key.endsWith("/") ? null : await store.get(key);
  const json = found ? parseIfJson(found.bytes) : undefined;
  return found && json !== undefined && hasKeys(json)
    ? { key, json, version: found.version }
    : null;
}

/** A preview of `redactKeys`. */
export interface KeysFound {
  /** The files that have keys in the clear. */
  files: string[];
  /** Their keys, each once: `access_token sha256:0a1b2c3d`. */
  keys: string[];
  /** Older versions of these files, and of those that had keys before; null if the store does not list versions. */
  older: OlderVersion[] | null;
}

/** Returns a preview of `redactKeys`. @throws OutsideError where the store fails. */
export async function findKeys(store: Store, collectionId: string): Promise<KeysFound> {
  const { folder } = collectionKeys(collectionId);
  const files: string[] = [];
  const keys = new Set<string>();
  for await (const { key, json } of keyFiles(store, collectionId, needsNoKeys)) {
    files.push(key.slice(folder.length));
    for (const name of namesOfKeys(json)) keys.add(name);
  }
  const all = await withRedacted(files, { store, collectionId });
  const older = all.size > 0 ? await store.older?.(folder, (key) => all.has(key)) : undefined;
  return { files, keys: [...keys], older: older === undefined ? [] : older };
}

/** Options of `redactKeys`. */
export interface RedactOptions {
  store: Store;
  clock: Clock;
  collectionId: string;
  /** The collection's lease: it is not harvested meanwhile. */
  lease: Pick<Lease, "check">;
}

/** The result of `redactKeys`. */
export interface RedactedKeys {
  /** The files that have fingerprints instead of keys now. */
  files: string[];
  /** Foreign files with keys, left as they are. */
  others: string[];
  /** The result for older versions of these files; null if the store keeps none. */
  purged: Purged | null;
}

/**
 * Replaces keys by fingerprints in changesets and in harvests' copies of the configuration. First it records that, then
 * writes the new checksums of listed files to manifests: after an interruption, running it again completes it.
 * @throws LockedError if the lease is lost; OutsideError where the store fails.
 */
export async function redactKeys(options: RedactOptions): Promise<RedactedKeys> {
  const { store, clock, collectionId, lease } = options;
  const { folder } = collectionKeys(collectionId);
  const names: string[] = [];
  const others: string[] = [];
  const drafts: Draft[] = [];
  for await (const file of keyFiles(store, collectionId)) {
    const isOurs = needsNoKeys(file.key);
    (isOurs ? names : others).push(file.key.slice(folder.length));
    if (isOurs) drafts.push(await draftFor(file, options));
  }
  if (names.length > 0) {
    lease.check();
    const change = { update: {}, delete: [], redacted: names };
    const { key, sum } = await new History(store, collectionId).record(change, clock.now());
    drafts.push({ what: "change", changesets: { [baseName(key)]: sum } });
    // Recorded before the files are written: after an interruption, a second run makes it true.
    await append({ store, clock, collectionId, guard: () => lease.check() }, drafts);
  }
  const files = new Set(names.map((name) => `${folder}${name}`));
  for await (const file of keyFiles(store, collectionId, (key) => files.has(key))) {
    await redactFile(file, options);
  }
  const all = await withRedacted(names, options);
  lease.check();
  const purged = all.size > 0 ? await store.purge?.(folder, (key) => all.has(key)) ?? null : null;
  return { files: names, others, purged };
}

/** Returns the keys of files, and of those of earlier runs, which may have been interrupted or forbidden. */
async function withRedacted(
  names: string[],
  { store, collectionId }: Pick<RedactOptions, "store" | "collectionId">,
): Promise<Set<string>> {
  const { folder } = collectionKeys(collectionId);
  const all = new Set(names);
  for await (const { redacted = [] } of new History(store, collectionId).readable()) {
    for (const name of redacted) all.add(name);
  }
  return new Set([...all].map((name) => `${folder}${name}`));
}

/** Returns the inventory's entry for a redacted file and the manifest that lists it. */
async function draftFor({ key, json }: KeyFile, { store }: RedactOptions): Promise<Draft> {
  const what = "redact-keys";
  const bytes = jsonBytes(withFingerprints(json));
  const name = baseName(key);
  if (!isHarvestConfig(key)) return { what, changesets: { [name]: fileSum(bytes) } };
  const folder = key.slice(0, -name.length);
  const found = await store.get(`${folder}${FILES.manifest}`);
  const next = found && withSums(found.bytes, folder, new Map([[key, fileSum(bytes).sha1]]));
  const manifest = next && next !== found.bytes ? { [FILES.manifest]: fileSum(next) } : {};
  return { what, folder: inventoryName(folder), files: { [name]: fileSum(bytes), ...manifest } };
}

function baseName(key: string): string {
  return key.slice(key.lastIndexOf("/") + 1);
}

async function redactFile({ key, json, version }: KeyFile, options: RedactOptions): Promise<void> {
  const { store, lease } = options;
  const bytes = jsonBytes(withFingerprints(json));
  if (isHarvestConfig(key)) await resum(key, bytes, options);
  lease.check();
  await settledPut(store, key, bytes, { ifVersion: version });
}

/** Updates a file's checksum in its folder's manifest, if that lists it. */
async function resum(
  key: string,
  bytes: Uint8Array,
  { store, lease }: RedactOptions,
): Promise<void> {
  const folder = key.slice(0, key.lastIndexOf("/") + 1);
  const manifest = `${folder}${FILES.manifest}`;
  const found = await store.get(manifest);
  if (!found) return;
  const next = withSums(found.bytes, folder, new Map([[key, fileSum(bytes).sha1]]));
  if (next === found.bytes) return;
  lease.check();
  await settledPut(store, manifest, next, { ifVersion: found.version });
}

function parseIfJson(bytes: Uint8Array): Json | undefined {
  return jsonOrNull(bytes) ?? undefined;
}
