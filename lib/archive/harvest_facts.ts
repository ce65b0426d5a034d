/** Reads the documents of all harvests of a collection. */

import { collectionKeys, FILES, isHarvestFolder } from "../collection/layout.ts";
import { type HarvestInfo, harvestInfoSchema } from "../collection/harvest_info.ts";
import { ifOurs } from "../base/errors.ts";
import { parseAs } from "../base/json.ts";
import { userChangesSchema } from "../bucket/last_harvest.ts";
import type { Store } from "../store/store.ts";

/** Facts of all harvests. */
export interface HarvestFacts {
  /** From `harvest.json`, oldest first; with the collection's id, also where they were made under another one. */
  harvests: HarvestInfo[];
  /** Folders without a readable harvest.json, relative to the bucket. */
  unknown: string[];
  /** Number of users' changes in harvests, by kind: a name, or a state such as `protected`. */
  userChanges: Record<string, number>;
}

/** Reads the documents of a collection's harvests. @throws OutsideError where the store fails */
export async function readHarvestFacts(store: Store, id: string): Promise<HarvestFacts> {
  const facts: HarvestFacts = { harvests: [], unknown: [], userChanges: {} };
  const folders = new Map<string, Set<string>>();
  for await (const { key } of store.list(collectionKeys(id).harvests)) {
    const folder = key.slice(0, key.lastIndexOf("/") + 1);
    if (!isHarvestFolder(folder)) continue;
    const names = folders.get(folder) ?? new Set();
    folders.set(folder, names.add(key.slice(folder.length)));
  }
  for (const [folder, names] of folders) {
    const name = [FILES.harvest, FILES.originalHarvest].find((one) => names.has(one));
    const info = name && await readInfo(store, `${folder}${name}`).catch(ifOurs(null));
    if (info) facts.harvests.push({ ...info, collection_id: id });
    else facts.unknown.push(folder);
    if (names.has(FILES.userChanges)) await countChanges(store, folder, facts);
  }
  return facts;
}

async function readInfo(store: Store, key: string): Promise<HarvestInfo | null> {
  const found = await store.get(key);
  return found && parseAs(harvestInfoSchema, found.bytes, key);
}

async function countChanges(store: Store, folder: string, facts: HarvestFacts): Promise<void> {
  const key = `${folder}${FILES.userChanges}`;
  const found = await store.get(key);
  const read = () => found ? parseAs(userChangesSchema, found.bytes, key) : [];
  const changes = await Promise.resolve().then(read).catch(ifOurs([]));
  for (const { change } of changes) {
    facts.userChanges[change] = (facts.userChanges[change] ?? 0) + 1;
  }
}
