/** Mends what can be mended of a collection without losing anything: garbage goes, what tells of files is told again. */

import { isoTime } from "../base/clock.ts";
import { checkConfig } from "../collection/config.ts";
import { collectionKeys, FILES, isChangeset, isSideFile } from "../collection/layout.ts";
import { OutsideError, TwarcCloudError } from "../base/errors.ts";
import { jsonBytes, jsonLineBytes } from "../base/json_bytes.ts";
import { settledPut } from "../store/settled_put.ts";
import { isThere, type Purged } from "../store/store.ts";
import {
  Checkpoint,
  checkpointSum,
  isDamagedCheckpoint,
  readCheckpoint,
} from "../bucket/checkpoint.ts";
import { Collections } from "../bucket/collections.ts";
import {
  canBeCleared,
  canBeCounted,
  type HarvestFound,
  isCounted,
  newestTold,
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
  manifestWith,
  rewriteSide,
  sidesOf,
} from "../bucket/final_manifest.ts";
import { storedSum } from "../bucket/harvest_sums.ts";
import { sha1Of } from "../bucket/inventory_entry.ts";
import { addAbsent, amend } from "./repair_inventory.ts";
import { readListedFiles, readManifest } from "../bucket/manifest.ts";
import { canBeRemade, remadeInfo } from "./remade.ts";
import { recordLost } from "./lost.ts";
import { removedFiles, setAside } from "./set_aside.ts";
import { verify, type VerifyOptions } from "./verify.ts";

/** What repairing works with. */
export interface RepairOptions extends VerifyOptions {
  /** Of the collection: nobody harvests it meanwhile. */
  lease: Lease;
  /** The id of the lease's holder. */
  holder: string;
  /** Told of each thing that is done. */
  onMended: (what: string) => void;
  /** Told what became of the older versions of what was deleted, where the store keeps some. */
  onPurged?: (purged: Purged) => void;
}

/**
 * Mends a collection: a configuration and a checkpoint that are damaged are made again, a harvest that was cut is told, then what follows from the checkpoint, then what follows from
 * the files, then what names the last harvest. Nothing that a manifest lists is touched.
 * @returns What is found afterwards.
 * @throws LockedError where the lease is lost; what `verify` throws.
 */
export async function repair(given: RepairOptions): Promise<Verified> {
  let mended = 0;
  const options: RepairOptions = {
    ...given,
    // This very lease is no harvest that runs.
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
  let found = await verify(options);
  for (const mend of [retell, mendFiles, nameLast, addAbsent, recordLost]) {
    const before = mended;
    await mend(options, found);
    if (mended > before) found = await verify(options);
  }
  return found;
}

/** Removes changesets of which a power cut has left nothing: the configuration is as it is, and the others stand. */
async function clearWiped({ store, collectionId, lease, onMended }: RepairOptions): Promise<void> {
  for await (const { key } of store.list(collectionKeys(collectionId).changesets)) {
    const found = isChangeset(key) ? await store.get(key) : null;
    if (!found || !isWiped(found.bytes)) continue;
    lease.check();
    await store.delete(key, { ifVersion: found.version });
    onMended(`${key}, which is empty or zeroed, is removed: what was changed then is not known`);
  }
}

/** Makes a checkpoint again that is lost or damaged, so that the next harvest goes on where the last one was. */
async function restoreCheckpoint(options: RepairOptions): Promise<void> {
  const { store, clock, collectionId, lease, onMended } = options;
  const key = collectionKeys(collectionId).checkpoint;
  const found = await store.get(key);
  if (found && !isDamagedCheckpoint(found.bytes)) return;
  const config = await orNull(async () => {
    const { json } = await new Collections(store, clock).loadJson(collectionId);
    // A copy that was downloaded has neither a checkpoint nor keys.
    return checkConfig(json, { keys: found ? "optional" : "needed" });
  });
  if (!config) return;
  const state = await restoredCheckpoint(options, config);
  lease.check();
  if (!state && found) {
    await store.delete(key, { ifVersion: found.version });
    onMended(`${key}, which says nothing, is deleted: no harvest has left anything to go on from`);
  }
  if (!state) return;
  const folder = collectionKeys(collectionId).harvest(state.began);
  if (state.state === "settled") await amend(options, folder, {}, checkpointSum(state));
  const when = found ? { ifVersion: found.version } : { ifAbsent: true } as const;
  await settledPut(store, key, jsonLineBytes(state), when);
  onMended(
    `${key} was rebuilt from the manifests and what can be read of their files: the next harvest goes on from there`,
  );
}

/** Tells a harvest that was cut, so that what follows from its checkpoint is there; a damaged bucket is left. */
async function repairCut(options: RepairOptions): Promise<void> {
  const { store, clock, collectionId, holder, onMended } = options;
  const collections = new Collections(store, clock);
  const checkpoint = await orNull(async () => {
    await collections.loadJson(collectionId);
    return await Checkpoint.open(store, { collectionId, type: "", holder, clock });
  });
  if (!checkpoint || !await isSettledNow(checkpoint, collections, options)) return;
  onMended(`The harvest of ${isoTime(checkpoint.state.began)}, which was cut, is recorded`);
}

/** Has all that follows from a checkpoint there, so that nothing is left for the next harvest. @throws as the store */
export async function settleLast(
  options: Pick<RepairOptions, "store" | "clock" | "collectionId" | "lease" | "holder">,
): Promise<void> {
  const { store, clock, collectionId, holder } = options;
  if (!await readCheckpoint(store, collectionId)) return;
  const opened = { collectionId, type: "", holder, clock };
  const checkpoint = await Checkpoint.open(store, opened);
  await isSettledNow(checkpoint, new Collections(store, clock), options);
}

/** Settles a checkpoint; false where it was. */
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

/** Ends a change of the configuration that was cut; a damaged bucket is left. */
async function endChange({ store, clock, collectionId, onMended }: RepairOptions): Promise<void> {
  const collections = new Collections(store, clock);
  if (!await orNull(() => collections.finish(collectionId))) return;
  onMended(`${collectionKeys(collectionId).config} has the change that was recorded, and cut`);
}

/** Writes again what the checkpoint tells of the last harvest. */
async function retell(options: RepairOptions, { harvests }: Verified): Promise<void> {
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
      onMended(`${key} is written again, as the checkpoint has it`);
    }
    const renewed = info ? [FILES.harvest] : [];
    const bytes = await finalManifest(store, folder, state.files, { renewed });
    await amend(options, folder, { [FILES.manifest]: bytes });
    const target = { store, collections: new Collections(store, clock), collectionId };
    await projectFinalManifest(target, state, renewed);
    if (manifest) onMended(`${folder}${FILES.manifest} is written again, as the checkpoint has it`);
  }
}

/** Mends harvests whose files are whole. */
async function mendFiles(
  options: RepairOptions,
  { harvests, inventory }: Verified,
): Promise<void> {
  const deleted = new Set<string>();
  for (const harvest of harvests.filter(({ isOpen }) => !isOpen)) {
    // What was put in place of a harvest's tweets is not told of as if it were theirs.
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

/** Takes out what is garbage for sure: what X wanted to be gone is deleted, all else that holds anything is set aside. */
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
      onMended(`${key}, which no manifest lists, is set aside as ${to}`);
      continue;
    }
    await store.delete(key);
    deleted.add(key);
    onMended(`${key}, which was never finished, is deleted`);
  }
}

/** Makes harvest.json again where it is gone, or says nothing; what it was is set aside. */
async function remake(harvest: HarvestFound, options: RepairOptions): Promise<void> {
  const { store, clock, collectionId, onMended } = options;
  const { folder } = harvest;
  const key = `${folder}${FILES.harvest}`;
  const bytes = await remadeInfo(store, { collectionId, harvest, now: clock.now() });
  await rewriteInfo(options, folder, bytes, async () => {
    if (await isThere(store, key)) await setAside(options, key, "It could not be read");
  });
  onMended(
    `${key} is made again from the tweets and the manifest: how the harvest ended is not known`,
  );
}

/**
 * Writes a harvest.json anew, and its checksum where the manifest lists it; the inventory has both before.
 * @param before What comes between.
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
  const info = { name: FILES.harvest, sha1: sha1Of(bytes) };
  const sides = await sidesOf(store, folder, { dropped: [info.name] });
  const isListed = await isSideListed(store, folder, info.name);
  await amend(options, folder, {
    [info.name]: bytes,
    ...(isListed ? { [FILES.manifest]: manifestWith(files, [...sides, info]) } : {}),
  });
  await before();
  await rewriteSide({ store, folder, files, check: () => lease.check() }, info.name, bytes);
}

/** Writes a manifest that is not there, or empty. */
async function list(
  { folder }: HarvestFound,
  options: RepairOptions,
  files: Map<string, string>,
): Promise<void> {
  const { store, lease, onMended } = options;
  const named = [...files].map(([key, sha1]) => ({ sha1, name: key.slice(folder.length) }));
  const manifest = `${folder}${FILES.manifest}`;
  const found = await store.get(manifest);
  // What was written meanwhile knows better.
  if (found && readManifest(found.bytes, folder).files.length > 0) return;
  lease.check();
  const bytes = await finalManifest(store, folder, named);
  await amend(options, folder, { [FILES.manifest]: bytes });
  const when = found ? { ifVersion: found.version } : { ifAbsent: true } as const;
  await settledPut(store, manifest, bytes, when);
  onMended(`${manifest} is written again, as its files are`);
}

/** Corrects a harvest.json that tells less than there is. */
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
  onMended(`${key} says what is there`);
}

/** Lets last_harvest.json name the newest harvest that has told of itself, where it names none that is there. */
async function nameLast(options: RepairOptions, { harvests, faults }: Verified): Promise<void> {
  const { store, collectionId, lease, onMended } = options;
  const { lastHarvest } = collectionKeys(collectionId);
  const newest = newestTold(harvests);
  if (!newest || !faults.some(({ key }) => key === lastHarvest)) return;
  lease.check();
  await store.put(lastHarvest, jsonBytes({ harvest_id: newest.harvest_timestamp }));
  onMended(`${lastHarvest} names the last harvest that is there`);
}

/** Returns what a damaged bucket cannot give is null; verifying tells what is wrong. */
async function orNull<T>(act: () => Promise<T>): Promise<T | null> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof TwarcCloudError && !(error instanceof OutsideError)) return null;
    throw error;
  }
}
