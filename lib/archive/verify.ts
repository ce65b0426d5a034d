/** Verifies a collection against its documents: every file, checksum and line, and every tweet once. */

import { traitsFor } from "../collection/types/traits.ts";
import { BlockFile } from "../base/block_file.ts";
import type { Clock } from "../base/clock.ts";
import { isObject, type JsonObject } from "../base/json.ts";
import { lastWord } from "../base/visible.ts";
import { checkConfig } from "../collection/config.ts";
import { needsNoKeys } from "../collection/keyless.ts";
import type { Changeset } from "../collection/changeset.ts";
import {
  type CollectionKeys,
  collectionKeys,
  isChangeset,
  isHarvestFolder,
} from "../collection/layout.ts";
import { errorSentence, ifOurs, isOfContent } from "../base/errors.ts";
import { giveBack } from "../base/memory.ts";
import { linkless } from "../store/folder/linkless.ts";
import { ReadAhead } from "../store/read_ahead.ts";
import { isThere, type Listed, type Store } from "../store/store.ts";
import { Checkpoint } from "../bucket/checkpoint.ts";
import type { CheckpointState } from "../bucket/checkpoint_state.ts";
import { byFolder, folderFor } from "../bucket/folders.ts";
import { findKeyFile } from "../bucket/key_files.ts";
import { type HarvestFound, type Totals, totals, type Verified } from "./found.ts";
import { isHalfDone } from "../bucket/history.ts";
import { jsonParts } from "../bucket/json_parts.ts";
import type { ReadBefore } from "../bucket/fixity.ts";
import { type LockDocument, readLock } from "../bucket/lock.ts";
import { InventoryCheck } from "./verify_inventory.ts";
import { type Summing, summing } from "./summing.ts";
import { isWiped, newestCopy } from "./restored_config.ts";
import { checkChangeset } from "./changeset_check.ts";
import { gapLook } from "./gap_fill.ts";
import { GapRecords } from "./gap_list.ts";
import { isOfOriginal, lookAtLastHarvest, newestFolder } from "./last_harvest.ts";
import { RepeatCheck } from "./repeat_check.ts";
import { filesOfHarvests, type HarvestFolder, type Look, lookAtHarvest } from "./verify_harvest.ts";

/** Options of verify(). */
export interface VerifyOptions {
  store: Store;
  clock: Clock;
  collectionId: string;
  /** Returns whether the holder of a lock is certainly gone. */
  isGone: (lock: LockDocument) => boolean | null;
  /** The findings of an earlier run; everything is read without it. */
  before?: ReadBefore | undefined;
  /** Called before each file that is read. */
  onFile: (key: string) => void;
  /** Called with the findings on each harvest that was read. */
  onHarvest?: (harvest: HarvestFound) => void;
  signal: AbortSignal;
}

/**
 * Verifies a collection without changing it. Memory does not grow with the number of its tweets, and little with that of
 * its harvests: their ids, and the inventory, go to the disk for temporary files.
 * @throws OutsideError where the store fails; UserError if the disk is full; the signal's reason when it is aborted.
 */
export async function verify(options: VerifyOptions): Promise<Verified> {
  const verifier = new Verifier(options);
  try {
    await verifier.lookAtInventory();
    await verifier.lookAtConfig();
    await verifier.lookAtHarvests();
    await verifier.lookAtGaps();
    await verifier.lookAtLast();
    await verifier.compareInventory();
    await verifier.lookForRepeats();
    verifier.nameLinks();
    return verifier.found;
  } finally {
    await verifier.close();
  }
}

class Verifier {
  readonly found: Verified;
  readonly #options: VerifyOptions;
  readonly #keys: CollectionKeys;
  readonly #look: Look;
  /** For what grows with the number of harvests. */
  readonly #file = new BlockFile();
  readonly #repeats = new RepeatCheck(this.#file);
  readonly #gaps = new GapRecords();
  /** The keys with faults, and their folders. */
  readonly #faulty = new Set<string>();
  readonly #ahead: ReadAhead;
  readonly #summing: Summing;
  #inventory: InventoryCheck | undefined;
  /** The files that tweets were removed from, by changesets; null if one of them cannot be read. */
  #cleared: Set<string> | null = new Set();
  #isOnceOnly = false;
  /** The current configuration, with the last of many users; empty if it cannot be read. */
  #config: JsonObject = {};
  /** Whether a harvest's news can be merged into the configuration. */
  #hasConfig = false;
  /** Whether it can be harvested: a downloaded copy has no keys. */
  #isHarvested = false;

  constructor(given: VerifyOptions) {
    this.#ahead = new ReadAhead(linkless(given.store));
    this.#summing = summing(this.#ahead.store);
    const options = { ...given, store: this.#summing.store };
    const { collectionId, store, onFile, signal } = options;
    this.#options = options;
    this.#keys = collectionKeys(collectionId);
    const nothing = { tweets: 0, files: 0, bytes: 0 };
    this.found = {
      collectionId,
      faults: [],
      read: { harvests: 0, ...nothing },
      newest: null,
      oddLines: new Map(),
      ...nothing,
      readBefore: 0,
      withKeys: [],
      gaps: [],
      inventory: null,
    };
    this.#look = {
      store,
      sumOf: this.#summing.sumOf,
      onFile: (key) => {
        signal.throwIfAborted();
        onFile(key);
      },
      onId: (id, key) => this.#repeats.add(id, key),
      gaps: this.#gaps,
      onKeys: (key) => void this.found.withKeys.push(key),
      wasCleared: (key) => this.#cleared?.has(key) ?? true,
      fault: (key, says, canBeMended = false) => {
        this.found.faults.push({ key, says, canBeMended });
        this.#faulty.add(key).add(folderFor(key));
      },
      tried: (key, act) => this.#attempt(key, act),
    };
  }

  /** Ends what is read ahead, and removes the temporary files. */
  async close(): Promise<void> {
    await this.#ahead.close();
    await this.#repeats.close();
    await this.#file.close();
  }

  /** Reads the inventory before anything else is verified. */
  async lookAtInventory(): Promise<void> {
    const checkpoint = await this.#readCommitted().catch(nullIfDamaged);
    const { collectionId, before } = this.#options;
    const known = { checkpoint, before: before?.inventory, file: this.#file };
    this.#inventory = await InventoryCheck.open(this.#summing, collectionId, known);
  }

  /** Reports differences from the inventory. */
  async compareInventory(): Promise<void> {
    const { fault } = this.#look;
    const hasFault = (key: string) => this.#faulty.has(key);
    const found = await this.#inventory?.finish(this.#options.store, { fault, hasFault });
    this.found.inventory = found ?? null;
  }

  /** Verifies the configuration and its history. */
  async lookAtConfig(): Promise<void> {
    const { store } = this.#options;
    const { config, changesets, checkpoint } = this.#keys;
    await this.#attempt(config, async () => {
      const found = await store.get(config);
      if (!found) return this.#look.fault(config, "it is missing", await this.#hasCopy());
      if (isWiped(found.bytes)) {
        return this.#look.fault(config, "it is empty, or zeroed", await this.#hasCopy());
      }
      // A downloaded copy has neither a checkpoint nor keys.
      const keys = await isThere(store, checkpoint) ? "needed" : "optional";
      const keysBy = `collection keys ${lastWord(this.#options.collectionId)}`;
      for (const json of jsonParts(found.bytes, ["users"], "it")) {
        this.#config = isObject(json) ? json : {};
        this.#hasConfig = isObject(json);
        this.#isHarvested = isObject(json) && isObject(json.keys ?? json.credentials);
        this.#isOnceOnly = isObject(json) && traitsFor(json.type).asksOnlyForNewer;
        checkConfig(json, { keys, keysBy });
      }
      giveBack(found.bytes);
    });
    const isNew = ({ key }: Listed) => isChangeset(key) && !this.#wasChangesetRead(key);
    for await (const listed of this.#ahead.list(changesets, isNew)) {
      if (isChangeset(listed.key)) await this.#changeset(listed);
    }
    this.#inventory?.endChangesets();
  }

  #wasChangesetRead(key: string): boolean {
    return this.#wasRead(key, { changeset: key.slice(this.#keys.changesets.length) });
  }

  async #changeset({ key, size }: Listed): Promise<void> {
    const name = key.slice(this.#keys.changesets.length);
    if (this.#wasChangesetRead(key) && this.#inventory?.hasSize(name, size)) {
      // Files with removals are unknown then.
      this.#cleared = null;
      return;
    }
    const found = await this.#options.store.get(key);
    const changeset = found && await this.#readChangeset(key, found.bytes);
    if (found) giveBack(found.bytes);
    if (changeset && isHalfDone(changeset, this.#config)) return;
    this.#inventory?.changeset(key);
  }

  /** Returns a changeset, with the first of many users; null where it is damaged. */
  async #readChangeset(key: string, bytes: Uint8Array): Promise<Changeset | null> {
    if (isWiped(bytes)) {
      this.#look.fault(key, "it is empty, or zeroed: that change is unknown", true);
      this.#cleared = null;
      return null;
    }
    const changeset = await this.#attempt(key, () =>
      checkChangeset(bytes, {
        onPart: (part) => this.#repeats.noteChange(part),
        onKeys: () => this.#look.onKeys(key),
      }));
    if (!changeset) this.#cleared = null;
    for (const { file } of changeset?.removed ?? []) {
      this.#cleared?.add(`${this.#keys.folder}${file}`);
    }
    return changeset;
  }

  /** Verifies every harvest, one after the other, and looks for keys in what is no file of this program. */
  async lookAtHarvests(): Promise<void> {
    const { store, collectionId } = this.#options;
    const before = await this.#readCommitted().catch(nullIfDamaged);
    const newest = await newestFolder(store, collectionId);
    const state = await this.#checkpoint(newest);
    const current = state && this.#keys.harvest(state.began);
    const settled = state?.state === "settled" ? state : null;
    // A harvest that went on while its folder was looked for has other files by now.
    const isStale = state !== null && state.commits !== before?.commits;
    if (settled && !isStale) this.#inventory?.checkpoint(settled);
    const ours = settled && !isStale ? null : current;
    const open = ours ?? await this.#openOfOriginal(newest);
    let isCurrentThere = false;
    const isLast = (folder: string) => [newest, current, open].includes(folder);
    const isAhead = filesOfHarvests((folder) =>
      newest !== null && folder < newest && !isLast(folder) && !this.#wasRead(folder, { folder })
    );
    const listing = this.#ahead.list(this.#keys.folder, isAhead);
    for await (const [folder, objects] of byFolder(listing)) {
      for (const listed of objects) {
        if (needsNoKeys(listed.key)) continue;
        if (await findKeyFile(store, collectionId, listed)) this.#look.onKeys(listed.key);
      }
      // One that has begun since has other documents by now.
      if (!isHarvestFolder(folder) || newest === null || folder > newest) continue;
      isCurrentThere ||= folder === current;
      if (!isLast(folder) && this.#inventory && this.#wasRead(folder, { folder })) {
        this.found.readBefore++;
        addTo(this.found, this.#inventory.readBefore(folder, objects, this.#look.fault));
        continue;
      }
      const place = { folder, objects, isOpen: folder === open };
      const own = folder === current ? state : null;
      await this.#harvest(
        place.isOpen
          ? { ...place, settled: null, open: own && own.state !== "settled" ? own : null }
          : { ...place, settled: own && settled, open: null },
      );
    }
    if (settled && current && settled.files.length > 0 && !isCurrentThere) {
      this.#look.fault(this.#keys.checkpoint, `${current}, which it names, is missing`);
    }
    if (state && !settled && await this.#isCut(state)) {
      const says = "an interrupted harvest has not been finalized";
      this.#look.fault(this.#keys.checkpoint, says, this.#hasConfig);
    }
  }

  async #harvest(place: HarvestFolder): Promise<void> {
    const { found } = this;
    const harvest = await lookAtHarvest(place, this.#look);
    await this.#inventory?.harvest(harvest, place.objects.map(({ key }) => key));
    this.#repeats.noteHarvest(harvest);
    this.#summing.forget();
    await this.#ahead.drop(place.folder);
    if (harvest.info && !harvest.isOpen) found.newest = harvest.info;
    for (const [key, facts] of harvest.listed) {
      if (facts && facts.oddLines > 0) found.oddLines.set(key, facts.oddLines);
    }
    const all = totals(harvest);
    addTo(found, all);
    found.read.harvests++;
    addTo(found.read, all);
    this.#options.onHarvest?.(harvest);
  }

  /** Finds out the status of the gaps that harvests recorded. */
  async lookAtGaps(): Promise<void> {
    const { positions = {} } = await this.#readCommitted().catch(nullIfDamaged) ?? {};
    const checked = Promise.try(() => checkConfig(this.#config, { keys: "optional" }));
    const config = await checked.catch(ifOurs(null));
    const gaps = this.#gaps.listGaps(gapLook(config, positions, this.#options.clock.now()));
    this.found.gaps = gaps.map(({ folder: _, known: __, ...gap }) => gap);
  }

  /** Returns whether something was read before without a fault, and has not changed since. */
  #wasRead(key: string, what: { folder?: string; changeset?: string }): boolean {
    const { before } = this.#options;
    if (!before || !this.#inventory?.isBefore(before.inventory.entries, what)) return false;
    return !before.faulty.some((one) => one.startsWith(key));
  }

  /** Checks that last_harvest.json names an existing harvest. */
  async lookAtLast(): Promise<void> {
    const { store, collectionId } = this.#options;
    await lookAtLastHarvest(store, { collectionId, newest: this.found.newest }, this.#look);
  }

  /** Reports links that were skipped. */
  nameLinks(): void {
    for (const [key, why] of this.#options.store.passedOver?.(this.#keys.folder) ?? []) {
      this.#look.fault(key, errorSentence(why));
    }
  }

  /** Reports files with duplicate tweets. */
  async lookForRepeats(): Promise<void> {
    await this.#repeats.tell({ isOnceOnly: this.#isOnceOnly }, this.#look.fault);
  }

  /** Verifies the checkpoint; it can be rebuilt if it is damaged, or missing though harvests continue from it. */
  async #checkpoint(newest: string | null): Promise<CheckpointState | null> {
    const { store, collectionId } = this.#options;
    const { checkpoint } = this.#keys;
    const state = await this.#attempt(checkpoint, () => this.#readCommitted(), this.#hasConfig);
    if (newest === null || !this.#isHarvested) return state;
    if (await isThere(store, checkpoint) || await isOfOriginal(store, collectionId)) return state;
    this.#look.fault(checkpoint, "it is missing", true);
    return state;
  }

  /** Returns whether a harvest has an intact copy of the configuration. */
  async #hasCopy(): Promise<boolean> {
    const { store, collectionId } = this.#options;
    return await newestCopy(store, collectionId) !== null;
  }

  /** Returns the checkpoint; null if there is none. @throws UserError if it is damaged */
  async #readCommitted(): Promise<CheckpointState | null> {
    const { store, clock, collectionId } = this.#options;
    const opened = { collectionId, type: "", holder: "", clock };
    const { state } = await Checkpoint.open(store, opened);
    return state.commits > 0 ? state : null;
  }

  /** Returns the newest folder while a harvester of the Python original holds the lock: it has no checkpoint. */
  async #openOfOriginal(newest: string | null): Promise<string | null> {
    const lock = await readLock(this.#options.store, this.#options.collectionId, this.#options);
    return lock?.live && lock.document === null ? newest : null;
  }

  /** Returns whether a harvest was interrupted: neither running nor finalized. */
  async #isCut({ commits }: CheckpointState): Promise<boolean> {
    const lock = await readLock(this.#options.store, this.#options.collectionId, this.#options);
    if (lock?.live) return false;
    // Its harvester may have just ended it.
    return (await this.#readCommitted())?.commits === commits;
  }

  async #attempt<T>(
    key: string,
    act: () => Promise<T> | T,
    canBeMended = false,
  ): Promise<T | null> {
    try {
      return await act();
    } catch (error) {
      if (!isOfContent(error)) throw error;
      const { message } = error;
      const says = message.startsWith(`${key} `) ? message.replace(key, "it") : message;
      this.#look.fault(key, says, canBeMended);
      return null;
    }
  }
}

function addTo(all: Omit<Totals, "harvests">, more: Omit<Totals, "harvests">): void {
  all.tweets += more.tweets;
  all.files += more.files;
  all.bytes += more.bytes;
}

function nullIfDamaged(error: unknown): null {
  if (isOfContent(error)) return null;
  throw error;
}
