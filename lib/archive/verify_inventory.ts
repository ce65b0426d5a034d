/** Compares a collection with its inventory: detects what was deleted, altered or replaced. */

import { type CheckpointState, checkpointSum } from "../bucket/checkpoint_state.ts";
import { inventoryName, isInventoried, storedSum } from "../bucket/harvest_sums.ts";
import type { FileSum, Head } from "../bucket/inventory_entry.ts";
import { type InventoryIndex, readInventory } from "../bucket/inventory_index.ts";
import { type CollectionKeys, collectionKeys, FILES, GROWING_SIDES } from "../collection/layout.ts";
import type { Listed, Store } from "../store/store.ts";
import type { HarvestFound, InventoryFound } from "./found.ts";
import type { Summing } from "./summing.ts";

/** Callbacks for an inventory's findings. */
export interface InventoryLook {
  fault: (key: string, says: string, canBeMended?: boolean) => void;
  /** Whether an object, or one in a folder (a key that ends with `/`), has a fault already. */
  hasFault: (key: string) => boolean;
}

/** A possible difference from the inventory, which may have been updated since. */
interface Suspect {
  key: string;
  /** The actual file; null if missing. */
  actual: FileSum | null;
  /** Returns the file according to the inventory; null if it has none. */
  expected: (index: InventoryIndex) => FileSum | null;
}

/** Compares a collection with its inventory during a verification. */
export class InventoryCheck {
  readonly #summing: Summing;
  readonly #keys: CollectionKeys;
  readonly #collectionId: string;
  #index: InventoryIndex;
  readonly #suspects: Suspect[] = [];
  readonly #seen = new Set<string>();
  readonly #unknown: string[] = [];
  /** Whether this is a copy without a checkpoint, which may have more than its inventory. */
  readonly #isCopy: boolean;

  private constructor(
    summing: Summing,
    { collectionId, isCopy }: { collectionId: string; isCopy: boolean },
    index: InventoryIndex,
  ) {
    this.#isCopy = isCopy;
    this.#summing = summing;
    this.#collectionId = collectionId;
    this.#keys = collectionKeys(collectionId);
    this.#index = index;
  }

  /** Reads the inventory before anything else is verified. @throws OutsideError */
  static async open(
    summing: Summing,
    collectionId: string,
    checkpoint: CheckpointState | null,
    before?: Head,
  ): Promise<InventoryCheck> {
    const index = await readInventory(summing.store, collectionId, [
      ...(checkpoint?.inventory ? [{ ...checkpoint.inventory, by: "checkpoint.json" }] : []),
      ...(before ? [{ ...before, by: "fixity.jsonl" }] : []),
    ]);
    return new InventoryCheck(summing, { collectionId, isCopy: checkpoint === null }, index);
  }

  /** Returns whether a harvest's or changeset's last entry is not later than an entry. */
  isBefore(entries: number, { folder = "", changeset = "" }): boolean {
    const { harvests, changesetEntries } = this.#index;
    const entry = harvests.get(inventoryName(folder))?.entry ?? changesetEntries.get(changeset);
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
  ): { tweets: number; files: number; bytes: number } {
    const name = inventoryName(folder);
    this.#seen.add(name);
    const sizes = new Map(objects.map(({ key, size }) => [key, size]));
    const has = { tweets: 0, files: 0, bytes: 0 };
    for (const [file, { bytes, tweets }] of this.#index.harvests.get(name)?.files ?? []) {
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

  /** Returns whether a changeset has the size in the inventory. */
  hasSize(changeset: string, size: number | undefined): boolean {
    return this.#index.changesets.get(changeset)?.bytes === size;
  }

  /** Whether there is an inventory. */
  get isThere(): boolean {
    return this.#index.head !== null;
  }

  /** Adds the changesets that exist and were read. @param keys Theirs. */
  changesets(keys: string[], readBefore: ReadonlySet<string>): void {
    const { changesets } = this.#keys;
    const actual = new Map(
      keys.map((key) => [key.slice(changesets.length), this.#summing.take(key) ?? null]),
    );
    for (const name of new Set([...actual.keys(), ...this.#index.changesets.keys()])) {
      if (readBefore.has(`${changesets}${name}`)) continue;
      this.#compare(
        `${changesets}${name}`,
        actual.get(name) ?? null,
        (index) => index.changesets.get(name) ?? null,
      );
    }
  }

  /** Adds a harvest's folder that was verified. @param keys Of the objects in it. */
  async harvest(
    { folder, listed, isOpen }: Pick<HarvestFound, "folder" | "listed" | "isOpen">,
    keys: string[],
  ): Promise<void> {
    const name = inventoryName(folder);
    this.#seen.add(name);
    const expected = this.#index.harvests.get(name);
    const actual = new Map<string, FileSum>();
    for (const key of keys) {
      const file = key.slice(folder.length);
      const isSide = isInventoried(file);
      const sum = this.#summing.take(key);
      const facts = listed.get(key);
      if (isOpen || (!isSide && !facts && !expected?.files.has(file))) continue;
      actual.set(file, sum ?? await storedSum(this.#summing.store, key));
    }
    if (isOpen) return;
    if (!expected) {
      // A folder that was claimed but not used is not a harvest.
      if ([...actual.keys()].some((file) => file !== FILES.config)) this.#unknown.push(name);
      return;
    }
    // The entry of an interrupted harvest omits what it wrote just before it was killed.
    const isUnsettled = !GROWING_SIDES.some((file) => expected.files.has(file));
    for (const file of new Set([...actual.keys(), ...expected.files.keys()])) {
      if (isUnsettled && GROWING_SIDES.includes(file)) continue;
      this.#compare(
        `${folder}${file}`,
        actual.get(file) ?? null,
        (index) => index.harvests.get(name)?.files.get(file) ?? null,
      );
    }
  }

  /** Adds the checkpoint, if its harvest is settled. */
  checkpoint(state: CheckpointState): void {
    const { harvest, checkpoint } = this.#keys;
    const name = inventoryName(harvest(state.began));
    const of = (sha1 = "") => ({ sha1, bytes: 0 });
    const known = this.#index.harvests.get(name)?.checkpoint;
    if (known === undefined) return;
    this.#compare(
      checkpoint,
      of(checkpointSum(state)),
      (index) => of(index.harvests.get(name)?.checkpoint),
    );
  }

  /** Returns the findings after everything was verified. @throws OutsideError */
  async finish(store: Store, look: InventoryLook): Promise<InventoryFound> {
    const before = this.#index;
    const isDoubtful = this.#suspects.length + this.#unknown.length > 0;
    // The inventory has what was written meanwhile.
    if (isDoubtful) this.#index = await readInventory(store, this.#collectionId);
    for (const { key, says } of before.faults) look.fault(key, says);
    const found: InventoryFound = {
      entries: before.head?.entries ?? 0,
      head: before.head,
      absent: { harvests: [], changesets: [] },
      older: { harvests: 0, changesets: 0 },
      altered: new Set(),
    };
    for (const name of before.harvests.keys()) {
      if (this.#seen.has(name)) continue;
      look.fault(
        `${this.#keys.folder}${name}/`,
        "the inventory lists this harvest, but it is missing",
      );
    }
    for (const suspect of this.#suspects) this.#judge(suspect, { look, found });
    for (const name of this.#unknown) this.#judgeHarvest(name, { look, found });
    return found;
  }

  #compare(key: string, actual: FileSum | null, expected: Suspect["expected"]): void {
    if (!isSame(actual, expected(this.#index))) this.#suspects.push({ key, actual, expected });
  }

  #judge(
    { key, actual, expected }: Suspect,
    { look, found }: { look: InventoryLook; found: InventoryFound },
  ): void {
    const wanted = expected(this.#index);
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
    const { until } = this.#index;
    if (this.#isCopy && until !== null && key >= this.#keys.changeset(Date.parse(until))) return;
    found.absent.changesets.push(key);
    if (this.#isOlder(key)) found.older.changesets++;
    else look.fault(key, "the inventory does not list it", true);
  }

  #judgeHarvest(
    name: string,
    { look, found }: { look: InventoryLook; found: InventoryFound },
  ): void {
    const { harvests, isWhole } = this.#index;
    if (harvests.has(name)) return;
    const names = [...harvests.keys()].toSorted();
    const [first, last = ""] = [names[0], names.at(-1)];
    const folder = `${this.#keys.folder}${name}/`;
    found.absent.harvests.push(folder);
    // A faulty folder gets no entry until it is repaired.
    if ((this.#isCopy && name > last) || look.hasFault(folder)) return;
    if (!isWhole && (first === undefined || name < first)) found.older.harvests++;
    else look.fault(folder, "the inventory does not list this harvest", true);
  }

  /** Returns whether a changeset is older than the inventory. */
  #isOlder(key: string): boolean {
    const { since, isWhole } = this.#index;
    if (since === null) return true;
    return !isWhole && key < this.#keys.changeset(Date.parse(since));
  }
}

function isSame(actual: FileSum | null, expected: FileSum | null): boolean {
  return actual?.sha1 === expected?.sha1;
}
