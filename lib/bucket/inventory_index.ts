/** Reads a whole inventory, and checks that its entries follow each other. */

import { collectionKeys } from "../collection/layout.ts";
import type { Store } from "../store/store.ts";
import { entryOf, linesOf } from "./inventory.ts";
import { type Entry, type FileSum, type Head, lineHash } from "./inventory_entry.ts";

const decoder = new TextDecoder();
/** Reasons of entries that list a whole harvest. */
const BASES: ReadonlySet<string> = new Set(["harvest", "made later"]);

/** An inventory's facts about a harvest. */
export interface InventoriedHarvest {
  tweets: number | undefined;
  files: Map<string, FileSum>;
  /** The checksum of the settled checkpoint. */
  checkpoint: string | undefined;
  /** Whether an entry lists all of it: a repair may have changed one without an entry. */
  isWhole: boolean;
  /** The number of the last entry about it. */
  entry: number;
}

/** An entry that is known to have existed, and the file that names it. */
export interface Anchor extends Head {
  by: string;
}

/** The content of an inventory. */
export interface InventoryIndex {
  /** The last entry; null if there is none. */
  head: Head | null;
  /** By the folder relative to the collection's, without a `/` at its end, in the order of the entries. */
  harvests: Map<string, InventoriedHarvest>;
  /** By name. */
  changesets: Map<string, FileSum>;
  /** The number of the last entry about a changeset, by name. */
  changesetEntries: Map<string, number>;
  /** The time of the first entry. */
  since: string | null;
  /** The time of the last entry. */
  until: string | null;
  /** Whether everything older than its first entry was added. */
  isWhole: boolean;
  /** Faults of the inventory itself. */
  faults: { key: string; says: string }[];
}

/**
 * Reads an inventory.
 * @param anchors Entries that are known to have existed, with their sources.
 * @throws OutsideError where the store fails.
 */
export async function readInventory(
  store: Store,
  collectionId: string,
  anchors: Anchor[] = [],
): Promise<InventoryIndex> {
  const reader = new Reader(anchors);
  const { inventory, inventoryParts } = collectionKeys(collectionId);
  // Read the newest first: a file that becomes full meanwhile is read twice, not missed.
  const newest = linesOf(decoder.decode((await store.get(inventory))?.bytes));
  const first = entryOf(newest[0] ?? "")?.entry ?? Infinity;
  for await (const { key } of store.list(inventoryParts)) {
    const lines = linesOf(decoder.decode((await store.get(key))?.bytes));
    if ((entryOf(lines[0] ?? "")?.entry ?? 0) >= first) continue;
    reader.add(key, lines);
  }
  reader.add(inventory, newest);
  return reader.finish(inventory);
}

class Reader {
  readonly #index: InventoryIndex = {
    head: null,
    harvests: new Map(),
    changesets: new Map(),
    changesetEntries: new Map(),
    since: null,
    until: null,
    isWhole: false,
    faults: [],
  };
  readonly #missing: Set<Anchor>;

  constructor(anchors: Anchor[]) {
    this.#missing = new Set(anchors);
  }

  add(key: string, lines: string[]): void {
    for (const [i, line] of lines.entries()) {
      const entry = entryOf(line);
      const { head } = this.#index;
      const sha256 = lineHash(line);
      const number = entry?.entry ?? (head?.entries ?? 0) + 1;
      if (!entry) this.#fault(key, `line ${i + 1} is not an inventory entry`);
      else if (number !== (head?.entries ?? 0) + 1 || entry.before !== (head?.sha256 ?? null)) {
        const says = "does not follow from the previous one: something was altered or is missing";
        this.#fault(key, `line ${i + 1} (entry ${number}) ${says}`);
      }
      this.#index.head = { entries: number, sha256 };
      for (const anchor of this.#missing) {
        const isHere = number === anchor.entries && sha256 === anchor.sha256;
        if (isHere) this.#missing.delete(anchor);
      }
      if (entry) this.#take(entry);
    }
  }

  finish(key: string): InventoryIndex {
    for (const { entries, by } of this.#missing) {
      const says = this.#index.head
        ? `entry ${entries} is missing, or is not the one that ${by} names`
        : "it is missing";
      if (!this.#index.faults.some((fault) => fault.says === says)) this.#fault(key, says);
    }
    for (const [name, { isWhole }] of this.#index.harvests) {
      if (!isWhole) this.#index.harvests.delete(name);
    }
    return this.#index;
  }

  #take({ entry, what, at, folder, tweets, files = {}, changesets = {}, checkpoint }: Entry): void {
    const index = this.#index;
    index.since ??= at;
    index.until = at;
    index.isWhole ||= what === "made later";
    set(index.changesets, changesets);
    for (const name of Object.keys(changesets)) index.changesetEntries.set(name, entry);
    if (folder === undefined) return;
    const known = index.harvests.get(folder);
    const harvest: InventoriedHarvest = {
      tweets: tweets ?? known?.tweets,
      files: known?.files ?? new Map(),
      checkpoint: checkpoint ?? known?.checkpoint,
      entry,
      isWhole: (known?.isWhole ?? false) || BASES.has(what),
    };
    set(harvest.files, files);
    index.harvests.set(folder, harvest);
  }

  #fault(key: string, says: string): void {
    this.#index.faults.push({ key, says });
  }
}

function set(into: Map<string, FileSum>, sums: Record<string, FileSum | null>): void {
  for (const [name, sum] of Object.entries(sums)) {
    if (sum) into.set(name, sum);
    else into.delete(name);
  }
}
