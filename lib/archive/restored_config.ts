/** Rebuilds a damaged configuration from a harvest's copy and the changes since. */

import { lastWord } from "../base/visible.ts";
import { merge } from "../collection/changeset.ts";
import { isObject, type JsonObject, jsonOrNull } from "../base/json.ts";
import { collectionKeys, FILES, isHarvestFolder } from "../collection/layout.ts";
import { jsonBytes } from "../base/json_bytes.ts";
import { settledPut } from "../store/settled_put.ts";
import type { Store } from "../store/store.ts";
import { History, readTimestamp, timeOrNull } from "../bucket/history.ts";
import { pastSpace } from "../twitter/bytes/raw_json.ts";
import type { Lease } from "../bucket/lease.ts";

/** Location of the configuration. */
export interface ConfigPlace {
  store: Store;
  collectionId: string;
  lease: Lease;
  onMended: (what: string) => void;
}

/**
 * Rebuilds `collection.json` if it is missing, empty or zeroed, from the newest intact copy of a harvest and the
 * changes since. Neither has keys: the person must add them again.
 */
export async function restoreConfig(
  { store, collectionId, lease, onMended }: ConfigPlace,
): Promise<void> {
  const { config: key } = collectionKeys(collectionId);
  const found = await store.get(key);
  if (found && !isWiped(found.bytes)) return;
  const copy = await newestCopy(store, collectionId);
  if (!copy) return;
  const config = await withChanges(copy.config, new History(store, collectionId));
  lease.check();
  const when = found ? { ifVersion: found.version } : { ifAbsent: true } as const;
  await settledPut(store, key, jsonBytes(config), when);
  onMended(
    `Rebuilt ${key} from ${copy.key} and the changes since. Its keys are lost: add some with ` +
      `\`twarc-cloud collection keys ${lastWord(collectionId)}\``,
  );
}

/** Returns the newest intact copy of a configuration among the harvests; null if there is none. */
export async function newestCopy(
  store: Store,
  id: string,
): Promise<{ key: string; config: JsonObject } | null> {
  const keys: string[] = [];
  for await (const { key } of store.list(collectionKeys(id).harvests)) {
    const folder = key.slice(0, key.lastIndexOf("/") + 1);
    if (key === `${folder}${FILES.config}` && isHarvestFolder(folder)) keys.push(key);
  }
  for (const key of keys.toReversed()) {
    const config = parseObject((await store.get(key))?.bytes);
    if (config && typeof config.type === "string") return { key, config };
  }
  return null;
}

/** Returns a copy with the later changes; damaged ones are skipped, and `verify` reports them. */
async function withChanges(copy: JsonObject, history: History): Promise<JsonObject> {
  const since = timeOrNull(readTimestamp(copy)) ?? -Infinity;
  let config = copy;
  for await (const changeset of history.readable()) {
    const at = timeOrNull(changeset.change_timestamp) ?? Infinity;
    if (at <= since) continue;
    config = { ...merge(config, changeset), timestamp: changeset.change_timestamp };
  }
  // Changes only have fingerprints of keys.
  const { keys: _, credentials: __, ...rest } = config;
  return rest;
}

/**
 * Returns whether a disk or a power cut left nothing of a file; one that a person broke by mistyping may still have
 * keys.
 */
export function isWiped(bytes: Uint8Array): boolean {
  return bytes.includes(0) || pastSpace(bytes, 0) >= bytes.length;
}

function parseObject(bytes: Uint8Array | undefined): JsonObject | null {
  const json = jsonOrNull(bytes);
  return isObject(json) ? json : null;
}
