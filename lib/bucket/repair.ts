/** Mends what can be mended of a collection without losing anything: garbage goes, what tells of files is told again. */

import { isoTime } from "../clock.ts";
import { collectionKeys, FILES } from "../collection/layout.ts";
import { jsonBytes } from "../json.ts";
import { Checkpoint } from "./checkpoint.ts";
import { checkTweets } from "./file_check.ts";
import { Collections } from "./collections.ts";
import type { Lease } from "./lease.ts";
import { settle } from "./projection.ts";
import {
  canBeCleared,
  canBeCounted,
  canBeListed,
  type HarvestFound,
  totals,
  type VerifyOptions,
} from "./verify.ts";

const encoder = new TextEncoder();

/** What repairing works with. */
export interface RepairOptions extends VerifyOptions {
  /** Of the collection: nobody harvests it meanwhile. */
  lease: Lease;
  /** The id of the lease's holder. */
  holder: string;
  /** Told of each thing that is done. */
  onMended: (what: string) => void;
}

/**
 * Tells a harvest that was cut, so that what follows from its checkpoint is there.
 * @throws LockedError where the lease is lost; OutsideError where the store fails.
 */
export async function repairCut(options: RepairOptions): Promise<void> {
  const { store, clock, collectionId, holder, onMended } = options;
  const collections = new Collections(store, clock);
  const { config: { type } } = await collections.load(collectionId);
  const checkpoint = await Checkpoint.open(store, { collectionId, type, holder, clock });
  if (checkpoint.state.state === "settled") return;
  await settle({ store, collections, collectionId }, checkpoint);
  onMended(`The harvest of ${isoTime(checkpoint.state.began)}, which was cut, is told`);
}

/** Mends the harvests that were verified. Data that a manifest lists is never touched. */
export async function repairHarvests(
  options: RepairOptions,
  harvests: HarvestFound[],
): Promise<void> {
  const { store, collectionId, lease, onMended } = options;
  for (const harvest of harvests.filter(({ isOpen }) => !isOpen)) {
    lease.check();
    if (!harvest.hasManifest && harvest.unlisted.length > 0) await list(harvest, options);
    else await clear(harvest, options);
    await count(harvest, options);
  }
  const keys = collectionKeys(collectionId);
  const newest = harvests.findLast(({ info }) => info !== null)?.info;
  const last = await new Collections(store, options.clock).lastHarvest(collectionId);
  if (last || !newest || !await store.get(keys.lastHarvest)) return;
  await store.put(keys.lastHarvest, jsonBytes({ harvest_id: newest.harvest_timestamp }));
  onMended(`${keys.lastHarvest} names the last harvest that is there`);
}

/** Deletes what is garbage for sure. */
async function clear(harvest: HarvestFound, { store, onMended }: RepairOptions): Promise<void> {
  if (!canBeCleared(harvest)) return;
  for (const key of harvest.unlisted) {
    await store.delete(key);
    onMended(`${key}, which was never finished, is deleted`);
  }
}

/** Writes a manifest that is not there, where every file is whole and all are there. */
async function list(harvest: HarvestFound, options: RepairOptions): Promise<void> {
  if (!canBeListed(harvest)) return;
  const { store, onMended } = options;
  const facts = await Promise.all(
    harvest.unlisted.map(async (key) => ({ key, ...await checkTweets(store, key, () => {}) })),
  );
  const tweets = facts.reduce((total, one) => total + one.tweets, 0);
  if (facts.some(({ fault }) => fault) || tweets !== harvest.info?.tweets) return;
  const rows = facts.map(({ key, sha1 }) => `${sha1}  ${key.slice(harvest.folder.length)}\n`);
  const manifest = `${harvest.folder}${FILES.manifest}`;
  await store.put(manifest, encoder.encode(rows.join("")));
  onMended(`${manifest} is written again`);
}

/** Corrects a harvest.json that tells less than there is. */
async function count(harvest: HarvestFound, { store, onMended }: RepairOptions): Promise<void> {
  const { info, folder } = harvest;
  if (!info || !canBeCounted(harvest)) return;
  const { tweets, files, bytes } = totals(harvest);
  if (info.tweets === tweets && info.files === files) return;
  const key = `${folder}${FILES.harvest}`;
  if (!await store.get(key)) return;
  await store.put(key, jsonBytes({ ...info, tweets, files, file_bytes: bytes }));
  onMended(`${key} tells what is there`);
}
