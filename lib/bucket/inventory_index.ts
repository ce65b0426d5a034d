/** Reads a whole inventory, and checks that its entries follow each other. */

import { Buffer } from "node:buffer";
import type { BlockFile } from "../base/block_file.ts";
import { pause } from "../base/memory.ts";
import { Packed } from "../base/packed.ts";
import { collectionKeys, FILES } from "../collection/layout.ts";
import { readEach } from "../store/read_ahead.ts";
import type { Store } from "../store/store.ts";
import { parseEntry, splitLines } from "./inventory.ts";
import { type Entry, type FileSum, type Head, lineHash } from "./inventory_entry.ts";

const decoder = new TextDecoder();
/** The reason of an entry that lists all files of a harvest, each time that it is over. */
const HARVEST = "harvest";
/** Reasons of entries that list a whole harvest. */
const BASES: ReadonlySet<string> = new Set([HARVEST, "made later"]);

/** An inventory's facts about a harvest. */
export interface InventoriedHarvest {
  /** By name. */
  files: Record<string, FileSum>;
  /** The checksum of the settled checkpoint. */
  checkpoint?: string | undefined;
  /** The number of the last entry about it. */
  entry: number;
}

/** An inventory's facts about a changeset. */
export interface InventoriedChangeset extends FileSum {
  /** The number of the last entry about it. */
  entry: number;
}

/** An entry that is known to have existed, and the file that names it. */
export interface Anchor extends Head {
  by: string;
}

/** A harvest as it is kept: its files as [name, checksum, bytes, tweets], its checkpoint, and its last entry. */
type PackedHarvest = [
  files: [name: string | number, sha1: string, bytes: number, tweets?: number][],
  checkpoint: string,
  entry: number,
];

/** Names that most harvests have, each kept as its number. */
const COMMON: readonly string[] = Object.values(FILES);
const SHA1_IN_HEX = /^[0-9a-f]{40}$/;

function nameOf(file: string | number): string {
  return typeof file === "number" ? COMMON[file] ?? "" : file;
}

/** Shortens a checksum by a third; anything else is kept as it is. */
function packSum(sha1: string): string {
  return SHA1_IN_HEX.test(sha1) ? Buffer.from(sha1, "hex").toString("base64url") : `=${sha1}`;
}

function unpackSum(packed: string): string {
  return packed.startsWith("=")
    ? packed.slice(1)
    : Buffer.from(packed, "base64url").toString("hex");
}

/** The harvests of an inventory, in a third of the memory of their objects' JSON. */
export class InventoriedHarvests {
  readonly #packed: Packed<PackedHarvest>;

  /** @param file For those of years, open as long as they are used; all are in memory otherwise. */
  constructor(file?: BlockFile) {
    this.#packed = new Packed(file);
  }

  /** Their number. */
  get size(): number {
    return this.#packed.size;
  }

  /** Returns the facts about a harvest; undefined if there are none. */
  get(name: string): InventoriedHarvest | undefined {
    const packed = this.#packed.get(name);
    if (!packed) return undefined;
    const [files, checkpoint, entry] = packed;
    const sums = files.map(([file, sha1, bytes, tweets]): [string, FileSum] => [
      nameOf(file),
      { sha1: unpackSum(sha1), bytes, ...(tweets === undefined ? {} : { tweets }) },
    ]);
    return {
      files: Object.fromEntries(sums),
      checkpoint: checkpoint === "" ? undefined : checkpoint,
      entry,
    };
  }

  /** Returns the number of the last entry about a harvest; undefined if there is none. */
  entryOf(name: string): number | undefined {
    return this.#packed.get(name)?.[2];
  }

  /** Returns the sizes of a harvest's files by name, without their checksums; none of one that is unknown. */
  sizesOf(name: string): [file: string, size: Omit<FileSum, "sha1">][] {
    const [files = []] = this.#packed.get(name) ?? [];
    return files.map(([file, _, bytes, tweets]) => [nameOf(file), { bytes, tweets }]);
  }

  /** Returns whether there is a harvest. */
  has(name: string): boolean {
    return this.#packed.has(name);
  }

  /** Sets the facts about a harvest. */
  set(name: string, { files, checkpoint = "", entry }: InventoriedHarvest): void {
    const sums = Object.entries(files).map(
      ([file, { sha1, bytes, tweets }]): PackedHarvest[0][number] => {
        const common = COMMON.indexOf(file);
        const [short, sum] = [common < 0 ? file : common, packSum(sha1)];
        return tweets === undefined ? [short, sum, bytes] : [short, sum, bytes, tweets];
      },
    );
    this.#packed.set(name, [sums, checkpoint, entry]);
  }

  /** Returns a harvest's row, as `Packed` has it. */
  rowOf(name: string): number | undefined {
    return this.#packed.rowOf(name);
  }

  /** The number of rows. */
  get rows(): number {
    return this.#packed.rows;
  }

  /** Yields the names, those that were set last at the end. */
  names(): Generator<string> {
    return this.#packed.names();
  }
}

/** The content of an inventory, packed: it has an entry for each harvest of years. */
export interface InventoryIndex {
  /** The last entry; null if there is none. */
  head: Head | null;
  /** By the folder relative to the collection's, without a `/` at its end, in the order of their last entries. */
  harvests: InventoriedHarvests;
  /** By name. */
  changesets: Packed<InventoriedChangeset>;
  /** The time of the first entry. */
  since: string | null;
  /** The time of the last entry. */
  until: string | null;
  /** Whether everything older than its first entry was added. */
  isWhole: boolean;
  /** Faults of the inventory itself. */
  faults: { key: string; says: string }[];
}

/** Options of readInventory(). */
export interface ReadInventoryOptions {
  /** Entries that are known to have existed, with their sources. */
  anchors?: Anchor[];
  /** For what is read of years, open as long as it is used; all is in memory otherwise. */
  file?: BlockFile;
}

/** Reads an inventory. @throws OutsideError where the store fails; UserError where the disk is full. */
export async function readInventory(
  store: Store,
  collectionId: string,
  options: ReadInventoryOptions = {},
): Promise<InventoryIndex> {
  const reader = new Reader(options);
  const { inventory, inventoryParts } = collectionKeys(collectionId);
  // Read the newest first: a file that becomes full meanwhile is read twice, not missed.
  const newest = splitLines(decoder.decode((await store.get(inventory))?.bytes));
  const first = parseEntry(newest[0] ?? "")?.entry ?? Infinity;
  for await (const { key, found } of readEach(store, inventoryParts)) {
    const lines = splitLines(decoder.decode(found?.bytes));
    if ((parseEntry(lines[0] ?? "")?.entry ?? 0) >= first) continue;
    reader.add(key, lines);
    await pause();
  }
  reader.add(inventory, newest);
  return reader.finish(inventory);
}

class Reader {
  readonly #index: InventoryIndex;
  readonly #missing: Set<Anchor>;
  /** Harvests with entries that do not list all of it: a repair may have changed one without an entry. */
  readonly #partial = new Map<string, InventoriedHarvest>();

  constructor({ anchors, file }: ReadInventoryOptions) {
    this.#missing = new Set(anchors);
    this.#index = {
      head: null,
      harvests: new InventoriedHarvests(file),
      changesets: new Packed(file),
      since: null,
      until: null,
      isWhole: false,
      faults: [],
    };
  }

  add(key: string, lines: string[]): void {
    for (const [i, line] of lines.entries()) {
      const entry = parseEntry(line);
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
    return this.#index;
  }

  #take({ entry, what, at, folder, files = {}, changesets = {}, checkpoint }: Entry): void {
    const index = this.#index;
    index.since ??= at;
    index.until = at;
    index.isWhole ||= what === "made later";
    for (const [name, sum] of Object.entries(changesets)) {
      if (sum) index.changesets.set(name, { ...sum, entry });
      else index.changesets.delete(name);
    }
    if (folder === undefined) return;
    const isWhole = BASES.has(what) || index.harvests.has(folder);
    const known = this.#partial.get(folder) ?? index.harvests.get(folder);
    const harvest = {
      // One that goes on after it was over has other files then: pieces became whole ones.
      files: present({ ...(what === HARVEST ? {} : known?.files), ...files }),
      checkpoint: checkpoint ?? known?.checkpoint,
      entry,
    };
    if (isWhole) index.harvests.set(folder, harvest);
    else this.#partial.set(folder, harvest);
    if (isWhole) this.#partial.delete(folder);
  }

  #fault(key: string, says: string): void {
    this.#index.faults.push({ key, says });
  }
}

/** Returns the files that were not removed. */
function present(sums: Record<string, FileSum | null>): Record<string, FileSum> {
  return Object.fromEntries(
    Object.entries(sums).flatMap(([name, sum]) => sum ? [[name, sum]] : []),
  );
}
