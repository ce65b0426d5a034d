/** Repairs a collection without losing anything: deletes garbage, and rebuilds documents that follow from files. */

import { isoTime } from "../base/clock.ts";
import { checkConfig } from "../collection/config.ts";
import { collectionKeys, FILES, isChangeset, isSideFile } from "../collection/layout.ts";
import { isOfContent } from "../base/errors.ts";
import { giveBack } from "../base/memory.ts";
import { jsonBytes, jsonLineBytes } from "../base/json_bytes.ts";
import { settledPut } from "../store/settled_put.ts";
import { isThere, type Purged } from "../store/store.ts";
import { Checkpoint } from "../bucket/checkpoint.ts";
import { checkpointSum, isDamagedCheckpoint, readCheckpoint } from "../bucket/checkpoint_state.ts";
import { Collections } from "../bucket/collections.ts";
import {
  canBeCleared,
  canBeCounted,
  type HarvestFound,
  isCounted,
  type Repairable,
  totals,
  type Verified,
} from "./found.ts";
import type { Lease } from "../bucket/lease.ts";
import { harvestInfo, projectFinalManifest, settle } from "../bucket/projection.ts";
import { restoredCheckpoint } from "./restore.ts";
import { isWiped, restoreConfig } from "./restored_config.ts";
import {
  finalManifest,
  isSideListed,
  listSides,
  manifestWith,
  rewriteSide,
} from "../bucket/final_manifest.ts";
import { storedSum } from "../bucket/harvest_sums.ts";
import { sha1Hex } from "../bucket/inventory_entry.ts";
import { addAbsent, amend } from "./repair_inventory.ts";
import { readListedFiles, readManifest } from "../bucket/manifest.ts";
import { canBeRemade, remadeInfo } from "./remade.ts";
import { recordLost } from "./lost.ts";
import { removedFiles, setAside } from "./set_aside.ts";
import { verify, type VerifyOptions } from "./verify.ts";

/** Options of repair(). */
export interface RepairOptions extends VerifyOptions {
  /** The collection's lease: it is not harvested meanwhile. */
  lease: Lease;
  /** The id of the lease's holder. */
  holder: string;
  /** Called with a description of each action. */
  onMended: (what: string) => void;
  /** Called with the result for older versions of deleted files, if the store keeps any. */
  onPurged?: (purged: Purged) => void;
}

/**
 * Repairs a collection: rebuilds a damaged configuration and checkpoint, finalizes an interrupted harvest, then
 * rebuilds the documents that follow from the checkpoint, those that follow from the files, and last_harvest.json.
 * Files that a manifest lists are not touched.
 * @returns What is found afterwards.
 * @throws LockedError if the lease is lost; what `verify` throws.
 */
export async function repair(given: RepairOptions): Promise<Verified> {
  let mended = 0;
  const options: RepairOptions = {
    ...given,
    // Our own lease is not a running harvest.
    isGone: (lock) => lock.holder === given.holder || given.isGone(lock),
    onMended: (what) => {
      mended++;
      given.onMended(what);
    },
  };
  await clearWiped(options);
  await restoreConfig(options);
  await restoreCheckpoint(options);
  await repairCut(options);
  await endChange(options);
  let found = await verifyAll(options);
  for (const mend of [retell, mendFiles, nameLast, addAbsent, recordLost]) {
    const before = mended;
    await mend(options, found);
    if (mended > before) found = await verifyAll(options);
  }
  return found;
}

async function verifyAll(options: RepairOptions): Promise<Repairable> {
  const harvests: HarvestFound[] = [];
  const found = await verify({ ...options, onHarvest: (harvest) => void harvests.push(harvest) });
  return { ...found, harvests };
}

/** Removes changesets that a power cut has emptied: the configuration and the other changesets are unaffected. */
async function clearWiped({ store, collectionId, lease, onMended }: RepairOptions): Promise<void> {
  for await (const { key } of store.list(collectionKeys(collectionId).changesets)) {
    const found = isChangeset(key) ? await store.get(key) : null;
    if (!found) continue;
    const isLost = isWiped(found.bytes);
    giveBack(found.bytes);
    if (!isLost) continue;
    lease.check();
    await store.delete(key, { ifVersion: found.version });
    onMended(`Removed ${key}, which was empty or zeroed: that change is unknown`);
  }
}

/** Rebuilds a lost or damaged checkpoint, so that the next harvest continues where the last one was. */
async function restoreCheckpoint(options: RepairOptions): Promise<void> {
  const { store, clock, collectionId, lease, onMended } = options;
  const key = collectionKeys(collectionId).checkpoint;
  const found = await store.get(key);
  if (found && !isDamagedCheckpoint(found.bytes)) return;
  const config = await orNull(async () => {
    const { json } = await new Collections(store, clock).loadJson(collectionId);
    // A downloaded copy has neither a checkpoint nor keys.
    return checkConfig(json, { keys: found ? "optional" : "needed" });
  });
  if (!config) return;
  const state = await restoredCheckpoint(options, config);
  lease.check();
  if (!state && found) {
    await store.delete(key, { ifVersion: found.version });
    onMended(`Deleted ${key}, which was unreadable: no harvest has left anything to continue from`);
  }
  if (!state) return;
  const folder = collectionKeys(collectionId).harvest(state.began);
  if (state.state === "settled") await amend(options, folder, {}, checkpointSum(state));
  const when = found ? { ifVersion: found.version } : { ifAbsent: true } as const;
  await settledPut(store, key, jsonLineBytes(state), when);
  onMended(
    `Rebuilt ${key} from the manifests and what can be read of their files: the next harvest continues from there`,
  );
}

/** Finalizes an interrupted harvest; skipped if the bucket is damaged. */
async function repairCut(options: RepairOptions): Promise<void> {
  const { store, clock, collectionId, holder, onMended } = options;
  const collections = new Collections(store, clock);
  const checkpoint = await orNull(async () => {
    const opened = await Checkpoint.open(store, { collectionId, type: "", holder, clock });
    if (opened.state.state !== "settled") await collections.loadJson(collectionId);
    return opened;
  });
  if (!checkpoint || !await isSettledNow(checkpoint, collections, options)) return;
  onMended(`Finalized the interrupted harvest of ${isoTime(checkpoint.state.began)}`);
}

/** Writes all documents that follow from a checkpoint, so that none is left for the next harvest. @throws as the store */
export async function settleLast(
  options: Pick<RepairOptions, "store" | "clock" | "collectionId" | "lease" | "holder">,
): Promise<void> {
  const { store, clock, collectionId, holder } = options;
  if (!await readCheckpoint(store, collectionId)) return;
  const opened = { collectionId, type: "", holder, clock };
  const checkpoint = await Checkpoint.open(store, opened);
  await isSettledNow(checkpoint, new Collections(store, clock), options);
}

/** Settles a checkpoint. @returns False if it was settled already */
async function isSettledNow(
  checkpoint: Checkpoint,
  collections: Collections,
  { store, collectionId, lease }: Pick<RepairOptions, "store" | "collectionId" | "lease">,
): Promise<boolean> {
  if (checkpoint.state.state === "settled") return false;
  await checkpoint.fence(() => lease.prove());
  const guard = () => lease.check();
  await settle({ store, collections, collectionId, guard }, checkpoint);
  return true;
}

/** Completes an interrupted change of the configuration; skipped if the bucket is damaged. */
async function endChange({ store, clock, collectionId, onMended }: RepairOptions): Promise<void> {
  const collections = new Collections(store, clock);
  if (!await orNull(() => collections.finish(collectionId))) return;
  onMended(`Completed the interrupted change of ${collectionKeys(collectionId).config}`);
}

/** Rewrites the last harvest's documents from the checkpoint. */
async function retell(options: RepairOptions, { harvests }: Repairable): Promise<void> {
  const { store, clock, collectionId, lease, onMended } = options;
  for (const { folder, retold } of harvests) {
    if (!retold) continue;
    const { state, manifest, info } = retold;
    lease.check();
    const key = `${folder}${FILES.harvest}`;
    if (info) {
      const bytes = jsonBytes(harvestInfo(state, collectionId));
      await amend(options, folder, { [FILES.harvest]: bytes });
      await store.put(key, bytes);
      onMended(`Rebuilt ${key} from the checkpoint`);
    }
    const renewed = info ? [FILES.harvest] : [];
    const bytes = await finalManifest(store, folder, state.files, { renewed });
    await amend(options, folder, { [FILES.manifest]: bytes });
    const target = { store, collections: new Collections(store, clock), collectionId };
    await projectFinalManifest(target, state, renewed);
    if (manifest) onMended(`Rebuilt ${folder}${FILES.manifest} from the checkpoint`);
  }
}

/** Repairs harvests whose files are intact. */
async function mendFiles(
  options: RepairOptions,
  { harvests, inventory }: Repairable,
): Promise<void> {
  const deleted = new Set<string>();
  for (const harvest of harvests.filter(({ isOpen }) => !isOpen)) {
    // Files that were altered are not counted as the harvest's own.
    const isAltered = [...inventory?.altered ?? []].some((key) =>
      key.startsWith(harvest.folder) && !isSideFile(key.slice(harvest.folder.length))
    );
    if (isAltered) continue;
    if (harvest.relisted) await list(harvest, options, harvest.relisted);
    else if (canBeCleared(harvest)) await clear(harvest, options, deleted);
    else if (canBeCounted(harvest)) await count(harvest, options);
    else if (canBeRemade(harvest)) await remake(harvest, options);
  }
  if (deleted.size === 0) return;
  const { store, collectionId, lease, onPurged } = options;
  lease.check();
  const { harvests: prefix } = collectionKeys(collectionId);
  const purged = await store.purge?.(prefix, (key) => deleted.has(key));
  if (purged) onPurged?.(purged);
}

/** Removes certain garbage: files that X wanted deleted are deleted, all others with content are set aside. */
async function clear(
  { unlisted }: HarvestFound,
  options: RepairOptions,
  deleted: Set<string>,
): Promise<void> {
  const { store, lease, onMended } = options;
  if (unlisted.length === 0) return;
  const removed = await removedFiles(options);
  for (const key of unlisted) {
    const isEmpty = (await storedSum(store, key)).bytes === 0;
    lease.check();
    if (!isEmpty && !removed.has(key)) {
      const to = await setAside(options, key, "No manifest lists it: it was never finished");
      onMended(`Set aside ${key}, which no manifest lists, as ${to}`);
      continue;
    }
    await store.delete(key);
    deleted.add(key);
    onMended(`Deleted ${key}, which was never finished`);
  }
}

/** Rebuilds a missing or unreadable harvest.json; the old one is set aside. */
async function remake(harvest: HarvestFound, options: RepairOptions): Promise<void> {
  const { store, clock, collectionId, onMended } = options;
  const { folder } = harvest;
  const key = `${folder}${FILES.harvest}`;
  const bytes = await remadeInfo(store, { collectionId, harvest, now: clock.now() });
  await rewriteInfo(options, folder, bytes, async () => {
    if (await isThere(store, key)) await setAside(options, key, "It could not be read");
  });
  onMended(
    `Rebuilt ${key} from the tweets and the manifest: how the harvest ended is unknown`,
  );
}

/**
 * Rewrites a harvest.json, and its checksum if the manifest lists it; the inventory is updated first.
 * @param before Called between the inventory and the file.
 */
async function rewriteInfo(
  options: RepairOptions,
  folder: string,
  bytes: Uint8Array,
  before: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const { store, lease } = options;
  const listed = await Array.fromAsync(readListedFiles(store, `${folder}${FILES.manifest}`));
  const files = listed.map(({ key, sha1 }) => ({ sha1, name: key.slice(folder.length) }));
  const info = { name: FILES.harvest, sha1: sha1Hex(bytes) };
  const sides = await listSides(store, folder, { dropped: [info.name] });
  const isListed = await isSideListed(store, folder, info.name);
  await amend(options, folder, {
    [info.name]: bytes,
    ...(isListed ? { [FILES.manifest]: manifestWith(files, [...sides, info]) } : {}),
  });
  await before();
  await rewriteSide({ store, folder, files, check: () => lease.check() }, info.name, bytes);
}

/** Writes a missing or empty manifest. */
async function list(
  { folder }: HarvestFound,
  options: RepairOptions,
  files: Map<string, string>,
): Promise<void> {
  const { store, lease, onMended } = options;
  const named = [...files].map(([key, sha1]) => ({ sha1, name: key.slice(folder.length) }));
  const manifest = `${folder}${FILES.manifest}`;
  const found = await store.get(manifest);
  // A newer manifest was written meanwhile.
  if (found && readManifest(found.bytes, folder).files.length > 0) return;
  lease.check();
  const bytes = await finalManifest(store, folder, named);
  await amend(options, folder, { [FILES.manifest]: bytes });
  const when = found ? { ifVersion: found.version } : { ifAbsent: true } as const;
  await settledPut(store, manifest, bytes, when);
  onMended(`Rebuilt ${manifest} from the files`);
}

/** Corrects a harvest.json that counts less than there is. */
async function count(
  harvest: HarvestFound,
  options: RepairOptions,
): Promise<void> {
  const { lease, onMended } = options;
  const { info, folder } = harvest;
  if (!info || isCounted(harvest, info)) return;
  const { tweets, files, bytes } = totals(harvest);
  const key = `${folder}${FILES.harvest}`;
  lease.check();
  const next = jsonBytes({ ...info, tweets, files, file_bytes: bytes });
  await rewriteInfo(options, folder, next);
  onMended(`Corrected the counts in ${key}`);
}

/** Has last_harvest.json name the newest finished harvest, if it names none that exists. */
async function nameLast(options: RepairOptions, { newest, faults }: Verified): Promise<void> {
  const { store, collectionId, lease, onMended } = options;
  const { lastHarvest } = collectionKeys(collectionId);
  if (!newest || !faults.some(({ key }) => key === lastHarvest)) return;
  lease.check();
  await store.put(lastHarvest, jsonBytes({ harvest_id: newest.harvest_timestamp }));
  onMended(`Set ${lastHarvest} to the newest harvest`);
}

/** Returns null for a damaged bucket's error; verifying reports the fault. */
async function orNull<T>(act: () => Promise<T>): Promise<T | null> {
  try {
    return await act();
  } catch (error) {
    if (isOfContent(error)) return null;
    throw error;
  }
}
