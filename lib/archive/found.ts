/** What verifying finds in a collection, and what of it can be mended without losing anything. */

import type { HarvestInfo } from "../collection/harvest_info.ts";
import type { CheckpointState } from "../bucket/checkpoint.ts";
import type { FileFacts } from "./file_check.ts";
import type { Head } from "../bucket/inventory_entry.ts";
import type { ToldGap } from "../bucket/gaps.ts";

/** Something that is not as it should be. */
export interface Fault {
  /** The key that it is about. */
  key: string;
  /** For a person. */
  says: string;
  /** Whether `--repair` can mend it. */
  canBeMended: boolean;
}

/** What of an inventory a person should know besides its faults. */
export interface InventoryFound {
  entries: number;
  /** The last of them; null where there is none. */
  head: Head | null;
  /** The folders of harvests and the keys of changesets that have no entry. */
  absent: { harvests: string[]; changesets: string[] };
  /** How many of these are older than the inventory, which is no fault. */
  older: { harvests: number; changesets: number };
  /** What is not what the inventory has. */
  altered: Set<string>;
}

/** What was found in a collection. */
export interface Verified {
  collectionId: string;
  faults: Fault[];
  /** Oldest first. */
  harvests: HarvestFound[];
  tweets: number;
  files: number;
  bytes: number;
  /** Harvests that were read before: only that their files are there, with their sizes, was looked at. */
  readBefore: number;
  /** Files, beside its configuration, that have keys in the clear: no damage, and nothing that should be. */
  withKeys: string[];
  /** Spans that were missed: nothing is wrong with telling them. */
  gaps: ToldGap[];
  /** What the inventory has, and does not have; null where there is none. */
  inventory: InventoryFound | null;
}

/** A tweets file that a manifest lists, as it was found. */
export interface ListedFacts extends FileFacts {
  /** Whether its checksum is that of the manifest. */
  isAsListed: boolean;
}

/** A harvest's folder as it was found. */
export interface HarvestFound {
  /** With a `/` at its end. */
  folder: string;
  /** The tweets files that the manifest lists, in its order, with what they are; null where one is not there. */
  listed: Map<string, ListedFacts | null>;
  /** Tweets files that neither the manifest nor the checkpoint lists. */
  unlisted: string[];
  hasManifest: boolean;
  /**
   * Checksums by key, where the manifest is not there, or empty, and these files are all that harvest.json tells of,
   * and whole.
   */
  relisted: Map<string, string> | null;
  /** What harvest.json says; null where it is not there, or damaged. */
  info: HarvestInfo | null;
  /** Whether it is as the Python original wrote it. */
  isOriginal: boolean;
  /** Whether it is being harvested, or was cut and is not told yet: not all has to agree. */
  isOpen: boolean;
  /** What the checkpoint says of it, where that can be told again: each file that it names is there and whole. */
  retold: { state: CheckpointState; manifest: boolean; info: boolean } | null;
}

/** Returns what the files that are listed hold. */
export function totals(
  { listed }: Pick<HarvestFound, "listed">,
): { tweets: number; files: number; bytes: number } {
  const facts = [...listed.values()].filter((one) => one !== null);
  return {
    tweets: facts.reduce((total, { tweets }) => total + tweets, 0),
    files: listed.size,
    bytes: facts.reduce((total, { bytes }) => total + bytes, 0),
  };
}

/** Returns whether harvest.json tells what the files that are listed hold; the original counted bytes in its own way. */
export function isCounted(harvest: HarvestFound, info: HarvestInfo): boolean {
  const { tweets, files, bytes } = totals(harvest);
  return info.tweets === tweets && info.files === files &&
    (harvest.isOriginal || info.file_bytes === bytes);
}

/**
 * Returns whether what the manifest does not list is garbage for sure: what it lists is all that the harvest tells of. A
 * manifest that was damaged would list less.
 */
export function canBeCleared(harvest: HarvestFound): boolean {
  const { info, hasManifest } = harvest;
  return hasManifest && info !== null && isWhole(harvest) && isCounted(harvest, info);
}

/** Returns whether harvest.json can be told anew: no less is there than it tells. Where less is, something may be lost. */
export function canBeCounted(harvest: HarvestFound): boolean {
  const { info, hasManifest, unlisted, isOriginal } = harvest;
  const { tweets, files } = totals(harvest);
  return hasManifest && !isOriginal && unlisted.length === 0 && isWhole(harvest) &&
    info !== null && tweets >= info.tweets && files >= info.files;
}

/** Returns the newest harvest that has told of itself: the one that last_harvest.json names. */
export function newestTold(harvests: HarvestFound[]): HarvestInfo | null {
  return harvests.findLast(({ info, isOpen }) => info && !isOpen)?.info ?? null;
}

/** Returns whether every file that is listed is there, whole, and as it is listed. */
export function isWhole({ listed }: HarvestFound): boolean {
  return [...listed.values()].every((facts) => facts?.fault === null && facts.isAsListed);
}
