/** Compares a collection with its inventory: detects what was deleted, altered or replaced. */

import type { BlockFile } from "../base/block_file.ts";
import { Packed } from "../base/packed.ts";
import { type CheckpointState, checkpointSum } from "../bucket/checkpoint_state.ts";
import { inventoryName, isInventoried, storedSum } from "../bucket/harvest_sums.ts";
import type { FileSum, Head } from "../bucket/inventory_entry.ts";
import { type InventoryIndex, readInventory } from "../bucket/inventory_index.ts";
import { type CollectionKeys, collectionKeys, FILES, GROWING_SIDES } from "../collection/layout.ts";
import type { Listed, Store } from "../store/store.ts";
import type { HarvestFound, InventoryFound, Totals } from "./found.ts";
import type { Summing } from "./summing.ts";

/** Callbacks for an inventory's findings. */
export interface InventoryLook {
  fault: (key: string, says: string, canBeMended?: boolean) => void;
  /** Whether an object, or one in a folder (a key that ends with `/`), has a fault already. */
  hasFault: (key: string) => boolean;
}

/** What is known of an inventory before it is read, and where it is kept. */
export interface InventoryKnown {
  checkpoint: CheckpointState | null;
  /** Its last entry at an earlier verification. */
  before: Head | undefined;
  /** For inventories of years, open until the verification ends. */
  file: BlockFile;
}

/** A possible difference from the inventory, which may have been updated since. */
interface Suspect {
  key: string;
  /** The actual file; null if missing. */
  actual: FileSum | null;
  /** Returns the file according to the inventory; null if it has none. */
  expected: (index: InventoryIndex) => FileSum | null;
}

/** The evidence that a suspect is judged by. */
interface Judging {
  /** The inventory after everything was read. */
  now: InventoryIndex;
  look: InventoryLook;
  found: InventoryFound;
}

/** Compares a collection with its inventory during a verification. */
export class InventoryCheck {
  readonly #summing: Summing;
  readonly #keys: CollectionKeys;
  readonly #collectionId: string;
  readonly #before: InventoryIndex;
  /** For inventories of years. */
  readonly #file: BlockFile;
  /** The harvests and changesets of the inventory that exist: the others are missing. */
  readonly #seen: { harvests: Seen; changesets: Seen };
  readonly #suspects: Suspect[] = [];
  readonly #unknown: string[] = [];
  /** Whether this is a copy without a checkpoint, which may have more than its inventory. */
  readonly #isCopy: boolean;

  private constructor(
    summing: Summing,
    { collectionId, isCopy, file }: { collectionId: string; isCopy: boolean; file: BlockFile },
    index: InventoryIndex,
  ) {
    this.#file = file;
    this.#isCopy = isCopy;
    this.#summing = summing;
    this.#collectionId = collectionId;
    this.#keys = collectionKeys(collectionId);
    this.#before = index;
    this.#seen = { harvests: new Seen(index.harvests), changesets: new Seen(index.changesets) };
  }

  /**
   * Reads the inventory before anything else is verified.
   * @throws OutsideError where the store fails; UserError where the disk is full.
   */
  static async open(
    summing: Summing,
    collectionId: string,
    { checkpoint, before, file }: InventoryKnown,
  ): Promise<InventoryCheck> {
    const anchors = [
      ...(checkpoint?.inventory ? [{ ...checkpoint.inventory, by: "checkpoint.json" }] : []),
      ...(before ? [{ ...before, by: "fixity.jsonl" }] : []),
    ];
    const index = await readInventory(summing.store, collectionId, { anchors, file });
    return new InventoryCheck(summing, { collectionId, isCopy: checkpoint === null, file }, index);
  }

  /** Returns whether a harvest's or changeset's last entry is not later than an entry. */
  isBefore(entries: number, { folder = "", changeset = "" }): boolean {
    const { harvests, changesets } = this.#before;
    const entry = changeset === ""
      ? harvests.entryOf(inventoryName(folder))
      : changesets.get(changeset)?.entry;
    return entry !== undefined && entry <= entries;
  }

  /**
   * Checks a harvest that was read before: that its files exist with their sizes.
   * @returns Its totals according to the inventory.
   */
  readBefore(
    folder: string,
    objects: Listed[],
    fault: InventoryLook["fault"],
  ): Omit<Totals, "harvests"> {
    const name = inventoryName(folder);
    this.#seen.harvests.add(name);
    const sizes = new Map(objects.map(({ key, size }) => [key, size]));
    const has = { tweets: 0, files: 0, bytes: 0 };
    for (const [file, { bytes, tweets }] of this.#before.harvests.sizesOf(name)) {
      const key = `${folder}${file}`;
      const size = sizes.get(key);
      if (size === undefined) fault(key, "the inventory lists it, but it is missing");
      else if (size !== bytes) fault(key, `it has ${size} bytes, but the inventory says ${bytes}`);
      if (tweets === undefined) continue;
      has.tweets += tweets;
      has.files++;
      has.bytes += bytes;
    }
    return has;
  }

  /** Returns whether a changeset that was read before has the size in the inventory: then it is not compared. */
  hasSize(changeset: string, size: number): boolean {
    const isSame = this.#before.changesets.get(changeset)?.bytes === size;
    if (isSame) this.#seen.changesets.add(changeset);
    return isSame;
  }

  /** Whether there is an inventory. */
  get isThere(): boolean {
    return this.#before.head !== null;
  }

  /** Adds a changeset that exists and was read. */
  changeset(key: string): void {
    const name = key.slice(this.#keys.changesets.length);
    this.#compareChangeset(name, this.#summing.take(key) ?? null);
  }

  /** Adds the changesets that do not exist: all that were not added before. */
  endChangesets(): void {
    for (const name of this.#seen.changesets.missing()) this.#compareChangeset(name, null);
    // Of no use any more, and as many as harvests.
    this.#before.changesets = new Packed();
    this.#seen.changesets = new Seen(this.#before.changesets);
  }

  /** Adds a harvest's folder that was verified. @param keys Of the objects in it. */
  async harvest(
    { folder, listed, isOpen }: Pick<HarvestFound, "folder" | "listed" | "isOpen">,
    keys: string[],
  ): Promise<void> {
    const name = inventoryName(folder);
    this.#seen.harvests.add(name);
    const expected = this.#before.harvests.get(name);
    const actual = new Map<string, FileSum>();
    for (const key of keys) {
      const file = key.slice(folder.length);
      const isSide = isInventoried(file);
      const sum = this.#summing.take(key);
      const facts = listed.get(key);
      if (isOpen || (!isSide && !facts && !expected?.files[file])) continue;
      actual.set(file, sum ?? await storedSum(this.#summing.plain, key));
    }
    if (isOpen) return;
    if (!expected) {
      // A folder that was claimed but not used is not a harvest.
      if ([...actual.keys()].some((file) => file !== FILES.config)) this.#unknown.push(name);
      return;
    }
    // The entry of an interrupted harvest omits what it wrote just before it was killed.
    const isUnsettled = !GROWING_SIDES.some((file) => expected.files[file]);
    for (const file of new Set([...actual.keys(), ...Object.keys(expected.files)])) {
      if (isUnsettled && GROWING_SIDES.includes(file)) continue;
      this.#compare(
        { key: `${folder}${file}`, actual: actual.get(file) ?? null },
        expected.files[file] ?? null,
        (index) => index.harvests.get(name)?.files[file] ?? null,
      );
    }
  }

  /** Adds the checkpoint, if its harvest is settled. */
  checkpoint(state: CheckpointState): void {
    const { harvest, checkpoint } = this.#keys;
    const name = inventoryName(harvest(state.began));
    const of = (sha1 = "") => ({ sha1, bytes: 0 });
    const known = this.#before.harvests.get(name)?.checkpoint;
    if (known === undefined) return;
    this.#compare(
      { key: checkpoint, actual: of(checkpointSum(state)) },
      of(known),
      (index) => of(index.harvests.get(name)?.checkpoint),
    );
  }

  /** Returns the findings after everything was verified. @throws OutsideError */
  async finish(store: Store, look: InventoryLook): Promise<InventoryFound> {
    const before = this.#before;
    const isDoubtful = this.#suspects.length + this.#unknown.length > 0;
    // The inventory has what was written meanwhile.
    const now = isDoubtful
      ? await readInventory(store, this.#collectionId, { file: this.#file })
      : before;
    for (const { key, says } of before.faults) look.fault(key, says);
    const found: InventoryFound = {
      entries: before.head?.entries ?? 0,
      head: before.head,
      absent: { harvests: [], changesets: [] },
      older: { harvests: 0, changesets: 0 },
      altered: new Set(),
    };
    for (const name of this.#seen.harvests.missing().toSorted()) {
      look.fault(
        `${this.#keys.folder}${name}/`,
        "the inventory lists this harvest, but it is missing",
      );
    }
    for (const suspect of this.#suspects) this.#judge(suspect, { now, look, found });
    if (this.#unknown.length > 0) {
      const listed = firstAndLast(now.harvests);
      for (const name of this.#unknown) this.#judgeHarvest({ name, listed }, { now, look, found });
    }
    return found;
  }

  #compareChangeset(name: string, actual: FileSum | null): void {
    const expected = this.#before.changesets.get(name) ?? null;
    this.#seen.changesets.add(name);
    const key = `${this.#keys.changesets}${name}`;
    this.#compare({ key, actual }, expected, (index) => index.changesets.get(name) ?? null);
  }

  #compare(
    { key, actual }: Pick<Suspect, "key" | "actual">,
    known: FileSum | null,
    expected: Suspect["expected"],
  ): void {
    if (!isSame(actual, known)) this.#suspects.push({ key, actual, expected });
  }

  #judge(
    { key, actual, expected }: Suspect,
    { now, look, found }: Judging,
  ): void {
    const wanted = expected(now);
    if (isSame(actual, wanted) || look.hasFault(key)) return;
    if (!actual) return look.fault(key, "the inventory lists it, but it is missing");
    const isChangeset = key.startsWith(this.#keys.changesets);
    if (wanted || !isChangeset) {
      found.altered.add(key);
      const says = wanted
        ? "it differs from the inventory: it was altered"
        : "the inventory does not list it";
      return look.fault(key, says);
    }
    const { until } = now;
    if (this.#isCopy && until !== null && key >= this.#keys.changeset(Date.parse(until))) return;
    found.absent.changesets.push(key);
    if (this.#isOlder(key, now)) found.older.changesets++;
    else look.fault(key, "the inventory does not list it", true);
  }

  #judgeHarvest(
    { name, listed: [first, last] }: { name: string; listed: [first: string, last: string] },
    { now: { harvests, isWhole }, look, found }: Judging,
  ): void {
    if (harvests.has(name)) return;
    const folder = `${this.#keys.folder}${name}/`;
    found.absent.harvests.push(folder);
    // A faulty folder gets no entry until it is repaired.
    if ((this.#isCopy && name > last) || look.hasFault(folder)) return;
    if (!isWhole && (first === "" || name < first)) found.older.harvests++;
    else look.fault(folder, "the inventory does not list this harvest", true);
  }

  /** Returns whether a changeset is older than the inventory. */
  #isOlder(key: string, { since, isWhole }: InventoryIndex): boolean {
    if (since === null) return true;
    return !isWhole && key < this.#keys.changeset(Date.parse(since));
  }
}

/** Which names of an inventory were seen, in a byte each. */
class Seen {
  readonly #all: InventoryIndex["harvests"] | InventoryIndex["changesets"];
  readonly #rows: Uint8Array;
  #count = 0;

  /** @param all It does not change meanwhile. */
  constructor(all: InventoryIndex["harvests"] | InventoryIndex["changesets"]) {
    this.#all = all;
    this.#rows = new Uint8Array(all.rows);
  }

  /** Adds a name, if the inventory has it. */
  add(name: string): void {
    const row = this.#all.rowOf(name);
    if (row === undefined || this.#rows[row] === 1) return;
    this.#rows[row] = 1;
    this.#count++;
  }

  /** Returns the names that were not seen. */
  missing(): string[] {
    // None is looked for where all are there.
    if (this.#count === this.#all.size) return [];
    return [...this.#all.names().filter((name) => this.#rows[this.#all.rowOf(name) ?? -1] !== 1)];
  }
}

/** Returns the first and the last name; empty if there is none. */
function firstAndLast(harvests: InventoryIndex["harvests"]): [first: string, last: string] {
  let [first, last] = ["", ""];
  for (const name of harvests.names()) {
    if (first === "" || name < first) first = name;
    if (name > last) last = name;
  }
  return [first, last];
}

function isSame(actual: FileSum | null, expected: FileSum | null): boolean {
  return actual?.sha1 === expected?.sha1;
}
