/** Findings of a verification, and which of them can be repaired without losing anything. */

import type { HarvestInfo } from "../collection/harvest_info.ts";
import type { CheckpointState } from "../bucket/checkpoint_state.ts";
import type { FileFacts } from "./file_check.ts";
import type { Head } from "../bucket/inventory_entry.ts";
import type { ListedGap } from "./gap_list.ts";

/** A fault of a collection. */
export interface Fault {
  /** The key of the faulty object. */
  key: string;
  /** For a person. */
  says: string;
  /** Whether `--repair` can repair it. */
  canBeMended: boolean;
}

/** Facts about an inventory besides its faults. */
export interface InventoryFound {
  entries: number;
  /** The last entry; null if there is none. */
  head: Head | null;
  /** The folders of harvests and the keys of changesets without an entry. */
  absent: { harvests: string[]; changesets: string[] };
  /** Numbers of these that are older than the inventory, which is no fault. */
  older: { harvests: number; changesets: number };
  /** Keys that differ from the inventory. */
  altered: Set<string>;
}

/** Totals of harvests. */
export interface Totals {
  harvests: number;
  tweets: number;
  files: number;
  bytes: number;
}

/** The findings of a verification: all that grows with harvests, faults apart, is summed. */
export interface Verified {
  collectionId: string;
  faults: Fault[];
  /** The harvests whose files were read. */
  read: Totals;
  /** The newest harvest with a harvest.json, the one for last_harvest.json; null if none was read. */
  newest: HarvestInfo | null;
  /** Numbers of lines that other programs cannot read, by the keys of the files that have some. */
  oddLines: Map<string, number>;
  tweets: number;
  files: number;
  bytes: number;
  /** Harvests that were read before: only their files' existence and sizes were checked. */
  readBefore: number;
  /** Files with keys in the clear, except for the configuration: intact, but not as it should be. */
  withKeys: string[];
  /** Gaps of the harvests that were read, with their status, oldest first: reporting them is not a fault. */
  gaps: Omit<ListedGap, "folder" | "known">[];
  /** The inventory's findings; null without an inventory. */
  inventory: InventoryFound | null;
}

/** The findings of a verification, for a repair. */
export interface Repairable extends Verified {
  /** Those that were read, oldest first. */
  harvests: HarvestFound[];
}

/** Facts of a tweets file that a manifest lists. */
export interface ListedFacts extends FileFacts {
  /** Whether its checksum matches the manifest. */
  isAsListed: boolean;
}

/** Findings in a harvest's folder. */
export interface HarvestFound {
  /** With a `/` at its end. */
  folder: string;
  /** The tweets files in the manifest, in its order, with their facts; null for a missing one. */
  listed: Map<string, ListedFacts | null>;
  /** Tweets files in neither the manifest nor the checkpoint. */
  unlisted: string[];
  hasManifest: boolean;
  /** Checksums by key, if the manifest is missing or empty, and these files are intact and match harvest.json. */
  relisted: Map<string, string> | null;
  /** The content of harvest.json; null if it is missing or damaged. */
  info: HarvestInfo | null;
  /** Whether it was written by the Python original. */
  isOriginal: boolean;
  /** Whether it is being harvested, or was interrupted and is not finalized yet: its documents may differ. */
  isOpen: boolean;
  /** The checkpoint's documents that can be rebuilt: each file that it names is intact. */
  retold: { state: CheckpointState; manifest: boolean; info: boolean } | null;
}

/** Returns the totals of the listed files. */
export function totals({ listed }: Pick<HarvestFound, "listed">): Omit<Totals, "harvests"> {
  const facts = [...listed.values()].filter((one) => one !== null);
  return {
    tweets: facts.reduce((total, { tweets }) => total + tweets, 0),
    files: listed.size,
    bytes: facts.reduce((total, { bytes }) => total + bytes, 0),
  };
}

/** Returns whether harvest.json matches the listed files; the original counted bytes differently. */
export function isCounted(harvest: HarvestFound, info: HarvestInfo): boolean {
  const { tweets, files, bytes } = totals(harvest);
  return info.tweets === tweets && info.files === files &&
    (harvest.isOriginal || info.file_bytes === bytes);
}

/**
 * Returns whether unlisted files are certainly garbage: the manifest lists all that the harvest counted. A damaged
 * manifest would list less.
 */
export function canBeCleared(harvest: HarvestFound): boolean {
  const { info, hasManifest } = harvest;
  return hasManifest && info !== null && isWhole(harvest) && isCounted(harvest, info);
}

/** Returns whether harvest.json can be rewritten: there is no less than it counts. Otherwise something may be lost. */
export function canBeCounted(harvest: HarvestFound): boolean {
  const { info, hasManifest, unlisted, isOriginal } = harvest;
  const { tweets, files } = totals(harvest);
  return hasManifest && !isOriginal && unlisted.length === 0 && isWhole(harvest) &&
    info !== null && tweets >= info.tweets && files >= info.files;
}

/** Returns whether every listed file is intact and matches the manifest. */
export function isWhole({ listed }: HarvestFound): boolean {
  return [...listed.values()].every((facts) => facts?.fault === null && facts.isAsListed);
}
