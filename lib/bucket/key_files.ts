/** Files of a collection that have keys in the clear, beside its configuration: found, and taken out. */

import { createHash } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import { hasKeys, mayHaveKeys, needsNoKeys, withFingerprints } from "../collection/keyless.ts";
import { collectionKeys, FILES, isHarvestConfig } from "../collection/layout.ts";
import { type Json, jsonOrNull } from "../base/json.ts";
import { jsonBytes } from "../base/json_bytes.ts";
import { settledPut } from "../store/settled_put.ts";
import type { Purged, Store, Version } from "../store/store.ts";
import { History } from "./history.ts";
import type { Lease } from "./lease.ts";
import { withSums } from "./manifest.ts";

/** Bytes of a file that is none of this program's, up to which it is looked for keys: a configuration is smaller. */
const MOST = 2 ** 22;

/** A file that has keys in it. */
interface KeyFile {
  key: string;
  json: Json;
  version: Version;
}

/** Returns whether a file's content has keys in the clear. */
export function bytesHaveKeys(bytes: Uint8Array): boolean {
  const json = jsonIn(bytes);
  return json !== undefined && hasKeys(json);
}

/**
 * Yields the files below a collection that have keys in the clear; its configuration, with which it is harvested, is none.
 * @param isWanted Which are looked at.
 * @throws what the store fails with.
 */
export async function* keyFiles(
  store: Store,
  id: string,
  isWanted: (key: string) => boolean = () => true,
): AsyncGenerator<KeyFile> {
  const { folder, config, lock, checkpoint } = collectionKeys(id);
  const others = new Set([config, lock, checkpoint]);
  for await (const { key, size } of store.list(folder)) {
    if (others.has(key) || !mayHaveKeys(key) || !isWanted(key)) continue;
    if (size > MOST && !needsNoKeys(key)) continue;
    const found = key.endsWith("/") ? null : await store.get(key);
    const json = found ? jsonIn(found.bytes) : undefined;
    if (found && json !== undefined && hasKeys(json)) yield { key, json, version: found.version };
  }
}

/** What taking keys out works with. */
export interface RedactOptions {
  store: Store;
  clock: Clock;
  collectionId: string;
  /** Of the collection: nobody harvests it meanwhile. */
  lease: Pick<Lease, "check">;
}

/** What became of the files that had keys. */
export interface RedactedKeys {
  /** The files that have fingerprints in their place now. */
  files: string[];
  /** Files with keys that are none of this program's, and are left as they are. */
  others: string[];
  /** What became of the older versions of these files; null where the store keeps none. */
  purged: Purged | null;
}

/**
 * Puts fingerprints in place of the keys in changesets and in harvests' copies of the configuration. That is recorded
 * before. A manifest that lists such a file has its new checksum first: cut in between, doing it once more ends it.
 * @throws LockedError where the lease is lost; OutsideError where the store fails.
 */
export async function redactKeys(options: RedactOptions): Promise<RedactedKeys> {
  const { store, clock, collectionId, lease } = options;
  const { folder } = collectionKeys(collectionId);
  const names: string[] = [];
  const others: string[] = [];
  for await (const { key } of keyFiles(store, collectionId)) {
    (needsNoKeys(key) ? names : others).push(key.slice(folder.length));
  }
  if (names.length > 0) {
    lease.check();
    const change = { update: {}, delete: [], redacted: names };
    await new History(store, collectionId).record(change, clock.now());
  }
  const files = new Set(names.map((name) => `${folder}${name}`));
  for await (const file of keyFiles(store, collectionId, (key) => files.has(key))) {
    await redactIn(file, options);
  }
  // Those of runs before as well: one may have been cut, or not been allowed to.
  for await (const { redacted = [] } of new History(store, collectionId).readable()) {
    for (const name of redacted) files.add(`${folder}${name}`);
  }
  lease.check();
  const purged = files.size > 0
    ? await store.purge?.(folder, (key) => files.has(key)) ?? null
    : null;
  return { files: names, others, purged };
}

async function redactIn({ key, json, version }: KeyFile, options: RedactOptions): Promise<void> {
  const { store, lease } = options;
  const bytes = jsonBytes(withFingerprints(json));
  if (isHarvestConfig(key)) await resum(key, bytes, options);
  lease.check();
  await settledPut(store, key, bytes, { ifVersion: version });
}

/** Gives a file its new checksum in the manifest of its folder, where that lists it. */
async function resum(
  key: string,
  bytes: Uint8Array,
  { store, lease }: RedactOptions,
): Promise<void> {
  const folder = key.slice(0, key.lastIndexOf("/") + 1);
  const manifest = `${folder}${FILES.manifest}`;
  const found = await store.get(manifest);
  if (!found) return;
  const sha1 = createHash("sha1").update(bytes).digest("hex");
  const next = withSums(found.bytes, folder, new Map([[key, sha1]]));
  if (next === found.bytes) return;
  lease.check();
  await settledPut(store, manifest, next, { ifVersion: found.version });
}

function jsonIn(bytes: Uint8Array): Json | undefined {
  return jsonOrNull(new TextDecoder().decode(bytes)) ?? undefined;
}
