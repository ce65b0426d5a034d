/** Records what damaged files lost as gaps, so that the next harvest requests it again. */

import { Buffer } from "node:buffer";
import { type CollectionConfig, planFor } from "../collection/types/registry.ts";
import { FILES } from "../collection/layout.ts";
import type { JsonObject } from "../base/json.ts";
import { jsonLineBytes } from "../base/json_bytes.ts";
import { LockedError, OutsideError, UserError } from "../base/errors.ts";
import { checkConfig } from "../collection/config.ts";
import { Checkpoint } from "../bucket/checkpoint.ts";
import { Collections } from "../bucket/collections.ts";
import { listSides, manifestWith, rewriteSide, writeFinal } from "../bucket/final_manifest.ts";
import type { RecordedGap } from "../bucket/gaps.ts";
import type { Lease } from "../bucket/lease.ts";
import { sha1Hex } from "../bucket/inventory_entry.ts";
import { readListedFiles } from "../bucket/manifest.ts";
import { isThere } from "../store/store.ts";
import { checkTweets } from "./file_check.ts";
import type { HarvestFound, Repairable } from "./found.ts";
import { askFor, gapLook, queriesFor, withoutPresent } from "./gap_fill.ts";
import { type ListedGap, listGaps } from "./gap_list.ts";
import type { LostFinder } from "./lost_finder.ts";
import { LostOfStream, maxLateness } from "./lost_stream.ts";
import { LostOfWalks } from "./lost_walks.ts";
import { amend } from "./repair_inventory.ts";
import type { VerifyOptions } from "./verify.ts";

/** A collection under repair. */
export interface LostPlace
  extends Pick<VerifyOptions, "store" | "clock" | "collectionId" | "onFile"> {
  /** The collection's lease: it is not harvested meanwhile. */
  lease: Lease;
  /** The id of the lease's holder. */
  holder: string;
  /** Called with a description of each action. */
  onMended: (what: string) => void;
}

/**
 * Records unreadable parts as gaps of their harvests, and has the next harvest request each that the API still has.
 * Idempotent; what was requested is not requested again.
 * @throws LockedError if the lease is lost; OutsideError where the store fails.
 */
export async function recordLost(options: LostPlace, found: Repairable): Promise<void> {
  if (!found.harvests.some(isDamaged)) return;
  try {
    await record(options, found);
  } catch (error) {
    // A configuration, or a list of gaps, that is damaged as well is a fault of its own: nothing is known without it.
    if (!(error instanceof UserError) || error instanceof LockedError) throw error;
  }
}

async function record(options: LostPlace, found: Repairable): Promise<void> {
  const { store, clock, collectionId, holder, lease, onMended } = options;
  const { json } = await new Collections(store, clock).loadJson(collectionId);
  const config = checkConfig(json, { keys: "optional" });
  const checkpoint = await Checkpoint.open(store, {
    collectionId,
    type: config.type,
    holder,
    clock,
  });
  // A copy that was downloaded has none, and is not harvested.
  if (!checkpoint.isThere || checkpoint.state.state !== "settled") return;
  const { positions } = checkpoint.state;
  const { harvests, finder } = await openFinder(options, { config, positions, found });
  for (const harvest of harvests) {
    await finder.begin(harvest.folder);
    await readBack(harvest, options, finder);
  }
  const again = async (line: (line: Uint8Array) => void) => {
    for (const harvest of harvests) await readBack(harvest, options, { line, noteDamage() {} });
  };
  const byFolder = Map.groupBy(await finder.finish(again), ({ folder }) => folder);
  for (const [folder, lost] of byFolder) {
    await addGaps(options, folder, lost.map(({ gap }) => toRecordedGap(gap, config)));
  }
  const listed = await listGaps(
    store,
    collectionId,
    gapLook(config, positions, clock.now()),
  );
  const open = listed.filter(({ lost, status }) => lost && status === "open");
  await checkpoint.fence(() => lease.prove());
  // Those of earlier repairs: since then others of their tweets may have come.
  const isNew = ({ folder, since_id, until_id }: ListedGap) =>
    byFolder.get(folder)?.some(({ gap }) =>
      gap.since_id === since_id && gap.until_id === until_id
    ) ?? false;
  const asked = { ...options, config };
  const earlier = await withoutPresent(asked, open.filter((gap) => !isNew(gap)));
  await askFor({ ...asked, checkpoint }, [...open.filter(isNew), ...earlier]);
  const said = new Set([...byFolder.keys(), ...open.map(({ folder }) => folder)]);
  for (const folder of said) {
    const own = listed.filter((gap) => gap.lost && gap.folder === folder);
    const asked = own.filter(({ status }) => status === "open").length;
    const gone = own.filter(({ status }) => status === "beyond reach").length;
    const parts = [
      ...(asked > 0 ? [`the next harvest requests ${spans(asked)} again`] : []),
      ...(gone > 0 ? [`the API no longer has ${spans(gone)}`] : []),
    ];
    if (parts.length > 0) {
      onMended(`${folder}${FILES.gaps} records what damaged files lost: ${parts.join(", and ")}`);
    }
  }
}

function spans(many: number): string {
  return many === 1 ? "1 span" : `${many} spans`;
}

function isDamaged({ listed, isOpen }: HarvestFound): boolean {
  return !isOpen && [...listed.values()].some((facts) => facts === null || facts.fault !== null);
}

/** Returns what finds the lost tweets of a collection, and the harvests that it has to read. */
async function openFinder(
  { store, clock, collectionId }: LostPlace,
  { config, positions, found }: {
    config: CollectionConfig;
    positions: JsonObject;
    found: Repairable;
  },
): Promise<{ harvests: HarvestFound[]; finder: LostFinder }> {
  const damaged = found.harvests.findIndex(isDamaged);
  const { reading } = planFor(config);
  if (reading.kind !== "stream") {
    const harvests = sinceBegun(found.harvests, damaged);
    const folders = harvests.map(({ folder }) => folder);
    return { harvests, finder: await LostOfWalks.open({ store, config, positions, folders }) };
  }
  const lateMs = maxLateness(reading);
  const isOrdered = queriesFor(config, {}).length <= 1;
  const finder = await LostOfStream.open({
    store,
    collectionId,
    harvests: found.harvests,
    damaged: found.harvests.filter(isDamaged).map(({ folder }) => folder),
    positions,
    isOrdered,
    lateMs,
    now: clock.now(),
  });
  const { folders } = finder;
  return { harvests: found.harvests.filter(({ folder }) => folders.has(folder)), finder };
}

/** Returns the harvests from the first damaged one on, with the earlier ones in which its walks began. */
function sinceBegun(harvests: HarvestFound[], damaged: number): HarvestFound[] {
  const whole = harvests.slice(0, damaged)
    .findLastIndex(({ info }) => info?.outcome === "complete");
  return harvests.slice(whole + 1);
}

/** Reads the files of a harvest, as far as they are readable. */
async function readBack(
  { listed }: HarvestFound,
  { store, onFile }: Pick<LostPlace, "store" | "onFile">,
  finder: Pick<LostFinder, "line" | "noteDamage">,
): Promise<void> {
  for (const [key, facts] of listed) {
    if (!facts || facts.isAltered) {
      finder.noteDamage();
      continue;
    }
    onFile(key);
    let bad = 0;
    const take = (line: Uint8Array, badLines: number) => {
      if (badLines > bad) finder.noteDamage();
      bad = badLines;
      finder.line(line);
    };
    try {
      const { fault } = await checkTweets(store, key, () => {}, take);
      if (fault !== null) finder.noteDamage();
    } catch (error) {
      if (!(error instanceof OutsideError) || await isThere(store, key)) throw error;
      finder.noteDamage();
    }
  }
}

/** Returns a gap as it is recorded; search finds only a part of a stream's. */
function toRecordedGap(gap: RecordedGap, config: CollectionConfig): RecordedGap {
  const isPart = planFor(config).reading.kind === "stream" && queriesFor(config, gap).length > 0;
  return isPart ? { ...gap, asked_again: "partial" } : gap;
}

/** Adds gaps to a harvest's; the inventory is updated first. */
async function addGaps(options: LostPlace, folder: string, gaps: RecordedGap[]): Promise<void> {
  const { store, lease } = options;
  const key = `${folder}${FILES.gaps}`;
  const before = (await store.get(key))?.bytes ?? new Uint8Array();
  const bytes = Buffer.concat([before, ...gaps.map((gap) => jsonLineBytes(gap))]);
  const listed = await Array.fromAsync(readListedFiles(store, `${folder}${FILES.manifest}`));
  const files = listed.map(({ key, sha1 }) => ({ sha1, name: key.slice(folder.length) }));
  const sides = await listSides(store, folder, { dropped: [FILES.gaps] });
  const manifest = manifestWith(files, [...sides, { name: FILES.gaps, sha1: sha1Hex(bytes) }]);
  await amend(options, folder, { [FILES.gaps]: bytes, [FILES.manifest]: manifest });
  const place = { store, folder, files, check: () => lease.check() };
  await rewriteSide(place, FILES.gaps, bytes);
  await writeFinal(place);
}
