/** Looks whether what is in a collection is what its inventory has: nothing deleted, altered, or put in place of it. */

import { type CheckpointState, checkpointSum } from "../bucket/checkpoint.ts";
import { inventoryName, isInventoried, storedSum } from "../bucket/harvest_sums.ts";
import type { FileSum, Head } from "../bucket/inventory_entry.ts";
import { type InventoryIndex, readInventory } from "../bucket/inventory_index.ts";
import { type CollectionKeys, collectionKeys, FILES, GROWING_SIDES } from "../collection/layout.ts";
import type { Listed, Store } from "../store/store.ts";
import type { HarvestFound, InventoryFound } from "./found.ts";
import type { Summing } from "./summing.ts";

/** How an inventory's findings are given to who looks. */
export interface InventoryLook {
  fault: (key: string, says: string, canBeMended?: boolean) => void;
  /** Whether something is wrong with an object already, or with one in a folder, whose key ends with `/`. */
  hasFault: (key: string) => boolean;
}

/** Something that is not as the inventory has it; it may be so by now. */
interface Suspect {
  key: string;
  /** What is there; null for nothing. */
  actual: FileSum | null;
  /** What the inventory has of it, as it is then; null for nothing. */
  expected: (index: InventoryIndex) => FileSum | null;
}

/** Compares a collection with its inventory while it is looked at. */
export class InventoryCheck {
  readonly #summing: Summing;
  readonly #keys: CollectionKeys;
  readonly #collectionId: string;
  #index: InventoryIndex;
  readonly #suspects: Suspect[] = [];
  readonly #seen = new Set<string>();
  readonly #unknown: string[] = [];
  /** Whether nothing goes on with the collection here: a copy of one that does may have more than its inventory. */
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

  /** Reads the inventory as it is before anything else is looked at. @throws OutsideError */
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

  /** Whether nothing was said of a harvest, or a changeset, after an entry. */
  isBefore(entries: number, { folder = "", changeset = "" }): boolean {
    const { harvests, changesetEntries } = this.#index;
    const entry = harvests.get(inventoryName(folder))?.entry ?? changesetEntries.get(changeset);
    return entry !== undefined && entry <= entries;
  }

  /**
   * Takes in a harvest that was read before: its files are looked for, and their sizes compared.
   * @returns What the inventory has of it.
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
      if (size === undefined) fault(key, "the inventory has it, and it is not there");
      else if (size !== bytes) fault(key, `it has ${size} bytes, and the inventory says ${bytes}`);
      if (tweets === undefined) continue;
      has.tweets += tweets;
      has.files++;
      has.bytes += bytes;
    }
    return has;
  }

  /** Whether a changeset has the size that the inventory has. */
  hasSize(changeset: string, size: number | undefined): boolean {
    return this.#index.changesets.get(changeset)?.bytes === size;
  }

  /** Whether there is an inventory. */
  get isThere(): boolean {
    return this.#index.head !== null;
  }

  /** The changesets that are there and were read. @param keys Theirs. */
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

  /** A harvest's folder that was looked at. @param keys Of the objects in it. */
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
      // A folder that was claimed, and in which nothing was begun, is no harvest.
      if ([...actual.keys()].some((file) => file !== FILES.config)) this.#unknown.push(name);
      return;
    }
    // The entry of a harvest that was interrupted has none of what it still put when it was killed.
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

  /** The checkpoint, where its harvest is settled. */
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

  /** Gives what was found, once all was looked at. @throws OutsideError */
  async ended(store: Store, look: InventoryLook): Promise<InventoryFound> {
    const before = this.#index;
    const isDoubtful = this.#suspects.length + this.#unknown.length > 0;
    // What was written meanwhile is in the inventory by now.
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
        "the inventory has this harvest, and it is not there",
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
    if (!actual) return look.fault(key, "the inventory has it, and it is not there");
    const isChangeset = key.startsWith(this.#keys.changesets);
    if (wanted || !isChangeset) {
      found.altered.add(key);
      const says = wanted
        ? "it is not what the inventory has: it was altered"
        : "the inventory does not have it";
      return look.fault(key, says);
    }
    const { until } = this.#index;
    if (this.#isCopy && until !== null && key >= this.#keys.changeset(Date.parse(until))) return;
    found.absent.changesets.push(key);
    if (this.#isOlder(key)) found.older.changesets++;
    else look.fault(key, "the inventory does not have it", true);
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
    // What is not as it should be gets no entry before it is.
    if ((this.#isCopy && name > last) || look.hasFault(folder)) return;
    if (!isWhole && (first === undefined || name < first)) found.older.harvests++;
    else look.fault(folder, "the inventory does not have this harvest", true);
  }

  /** Whether a changeset is of a time when there was no inventory. */
  #isOlder(key: string): boolean {
    const { since, isWhole } = this.#index;
    if (since === null) return true;
    return !isWhole && key < this.#keys.changeset(Date.parse(since));
  }
}

function isSame(actual: FileSum | null, expected: FileSum | null): boolean {
  return actual?.sha1 === expected?.sha1;
}
