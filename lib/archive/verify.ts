/** Verifies a collection against its documents: every file, checksum and line, and every tweet once. */

import { traitsFor } from "../collection/types/traits.ts";
import type { Clock } from "../base/clock.ts";
import { isObject, type JsonObject, parseAs, parseJson } from "../base/json.ts";
import { lastWord } from "../base/visible.ts";
import { checkConfig } from "../collection/config.ts";
import { needsNoKeys } from "../collection/keyless.ts";
import {
  type CollectionKeys,
  collectionKeys,
  FILES,
  isChangeset,
  isHarvestFolder,
} from "../collection/layout.ts";
import { ifOurs, OutsideError, TwarcCloudError } from "../base/errors.ts";
import { sentenceOf } from "../base/outage.ts";
import { linkless } from "../store/folder/linkless.ts";
import { isThere, type Listed, type Store } from "../store/store.ts";
import { Checkpoint } from "../bucket/checkpoint.ts";
import type { CheckpointState } from "../bucket/checkpoint_state.ts";
import { lastHarvestSchema, timeOf } from "../bucket/last_harvest.ts";
import { bytesHaveKeys, keyFiles } from "../bucket/key_files.ts";
import { newestTold, totals, type Verified } from "./found.ts";
import { changesetSchema, isHalfDone } from "../bucket/history.ts";
import type { ReadBefore } from "../bucket/fixity.ts";
import { type LockDocument, readLock } from "../bucket/lock.ts";
import { InventoryCheck } from "./verify_inventory.ts";
import { type Summing, summing } from "./summing.ts";
import { isWiped, newestCopy } from "./restored_config.ts";
import { gapLook } from "./gap_fill.ts";
import { GapRecords } from "./gap_list.ts";
import { RepeatCheck } from "./repeat_check.ts";
import { type Look, lookAtHarvest } from "./verify_harvest.ts";

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
  signal: AbortSignal;
}

/**
 * Verifies a collection without changing it. Memory does not grow with the number of its tweets: their ids go to the
 * disk for temporary files.
 * @throws OutsideError where the store fails; UserError if the disk is full; the signal's reason when it is aborted.
 */
export async function verify(options: VerifyOptions): Promise<Verified> {
  const verifier = new Verifier(options);
  try {
    await verifier.lookAtInventory();
    await verifier.lookAtConfig();
    await verifier.lookAtHarvests();
    await verifier.lookAtGaps();
    await verifier.lookAtLastHarvest();
    await verifier.lookForKeys();
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
  readonly #repeats = new RepeatCheck();
  readonly #gaps = new GapRecords();
  readonly #summing: Summing;
  #inventory: InventoryCheck | undefined;
  /** The files that tweets were removed from, by changesets; null if one of them cannot be read. */
  #cleared: Set<string> | null = new Set();
  #isOnceOnly = false;
  /** Of all existing harvests. */
  readonly #folders = new Set<string>();
  /** The current configuration; empty if it cannot be read. */
  #config: JsonObject = {};
  /** Whether a harvest's news can be merged into the configuration. */
  #hasConfig = false;
  /** Whether it can be harvested: a downloaded copy has no keys. */
  #isHarvested = false;

  constructor(given: VerifyOptions) {
    this.#summing = summing(linkless(given.store));
    const options = { ...given, store: this.#summing.store };
    const { collectionId, store, onFile, signal } = options;
    this.#options = options;
    this.#keys = collectionKeys(collectionId);
    const nothing = { tweets: 0, files: 0, bytes: 0, readBefore: 0 };
    const none = { faults: [], harvests: [], withKeys: [], gaps: [], inventory: null };
    this.found = { collectionId, ...none, ...nothing };
    this.#look = {
      store,
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
      },
      tried: (key, act) => this.#attempt(key, act),
    };
  }

  /** Removes the temporary files. */
  async close(): Promise<void> {
    await this.#repeats.close();
  }

  /** Reads the inventory before anything else is verified. */
  async lookAtInventory(): Promise<void> {
    const state = await this.#readCommitted().catch(nullIfDamaged);
    const { collectionId, before } = this.#options;
    const anchor = before?.inventory;
    this.#inventory = await InventoryCheck.open(this.#summing, collectionId, state, anchor);
  }

  /** Reports differences from the inventory. */
  async compareInventory(): Promise<void> {
    const { fault } = this.#look;
    const hasFault = (key: string) =>
      this.found.faults.some((one) =>
        key.endsWith("/") ? one.key.startsWith(key) : one.key === key
      );
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
      const json = parseJson(found.bytes, "it");
      this.#config = isObject(json) ? json : {};
      this.#hasConfig = isObject(json);
      this.#isHarvested = isObject(json) && isObject(json.keys ?? json.credentials);
      this.#isOnceOnly = isObject(json) && traitsFor(json.type).asksOnlyForNewer;
      // A downloaded copy has neither a checkpoint nor keys.
      checkConfig(json, {
        keys: await isThere(store, checkpoint) ? "needed" : "optional",
        keysBy: `collection keys ${lastWord(this.#options.collectionId)}`,
      });
    });
    const inForce: string[] = [];
    const known = new Set<string>();
    for await (const { key, size } of store.list(changesets)) {
      if (!isChangeset(key)) continue;
      const name = key.slice(changesets.length);
      if (this.#wasRead(key, { changeset: name }) && this.#inventory?.hasSize(name, size)) {
        known.add(key);
        // Files with removals are unknown then.
        this.#cleared = null;
        continue;
      }
      inForce.push(key);
      const found = await store.get(key);
      if (!found) continue;
      if (isWiped(found.bytes)) {
        this.#look.fault(key, "it is empty, or zeroed: that change is unknown", true);
        this.#cleared = null;
        continue;
      }
      const read = () => parseAs(changesetSchema, found.bytes, "it");
      const changeset = await this.#attempt(key, read);
      if (!changeset) this.#cleared = null;
      else if (isHalfDone(changeset, this.#config)) inForce.pop();
      if (bytesHaveKeys(found.bytes)) this.#look.onKeys(key);
      if (changeset) this.#repeats.noteChange(changeset);
      for (const { file } of changeset?.removed ?? []) {
        this.#cleared?.add(`${this.#keys.folder}${file}`);
      }
    }
    this.#inventory?.changesets(inForce, known);
  }

  async lookAtHarvests(): Promise<void> {
    const { store } = this.#options;
    const before = await this.#readCommitted().catch(nullIfDamaged);
    const folders = new Map<string, Listed[]>();
    for await (const listed of store.list(this.#keys.harvests)) {
      const folder = listed.key.slice(0, listed.key.lastIndexOf("/") + 1);
      if (listed.key === folder || !isHarvestFolder(folder)) continue;
      const objects = folders.get(folder) ?? [];
      objects.push(listed);
      folders.set(folder, objects);
    }
    const state = await this.#checkpoint(folders);
    const current = state && this.#keys.harvest(state.began);
    const settled = state?.state === "settled" ? state : null;
    // A harvest that went on while the folders were listed has other files by now.
    const isStale = state !== null && state.commits !== before?.commits;
    const ours = settled && !isStale ? null : current;
    const open = ours ?? await this.#openOfOriginal(folders);
    const newest = [...folders.keys()].at(-1);
    for (const [folder, objects] of folders) {
      this.#folders.add(folder);
      const isLast = folder === newest || folder === current || folder === open;
      if (!isLast && this.#inventory && this.#wasRead(folder, { folder })) {
        this.found.readBefore++;
        this.#count(this.#inventory.readBefore(folder, objects, this.#look.fault));
        continue;
      }
      const place = { folder, objects, isOpen: folder === open };
      const own = folder === current ? state : null;
      const known = place.isOpen
        ? { settled: null, open: own && own.state !== "settled" ? own : null }
        : { settled: own && settled, open: null };
      const harvest = await lookAtHarvest({ ...place, ...known }, this.#look);
      this.found.harvests.push(harvest);
      await this.#inventory?.harvest(harvest, objects.map(({ key }) => key));
      this.#count(totals(harvest));
    }
    if (settled && current && settled.files.length > 0 && !folders.has(current)) {
      this.#look.fault(this.#keys.checkpoint, `${current}, which it names, is missing`);
    }
    if (settled && !isStale) this.#inventory?.checkpoint(settled);
    if (state && !settled && await this.#isCut(state)) {
      const says = "an interrupted harvest has not been finalized";
      this.#look.fault(this.#keys.checkpoint, says, this.#hasConfig);
    }
  }

  /** Finds out the status of the gaps that harvests recorded. */
  async lookAtGaps(): Promise<void> {
    const { positions = {} } = await this.#readCommitted().catch(nullIfDamaged) ?? {};
    const checked = Promise.try(() => checkConfig(this.#config, { keys: "optional" }));
    const config = await checked.catch(ifOurs(null));
    const gaps = this.#gaps.listGaps(gapLook(config, positions, this.#options.clock.now()));
    this.found.gaps = gaps.map(({ folder: _, known: __, ...gap }) => gap);
  }

  #count({ tweets, files, bytes }: Pick<Verified, "tweets" | "files" | "bytes">): void {
    this.found.tweets += tweets;
    this.found.files += files;
    this.found.bytes += bytes;
  }

  /** Returns whether something was read before without a fault, and has not changed since. */
  #wasRead(key: string, what: { folder?: string; changeset?: string }): boolean {
    const { before } = this.#options;
    if (!before || !this.#inventory?.isBefore(before.inventory.entries, what)) return false;
    return !before.faulty.some((one) => one.startsWith(key));
  }

  /** Checks that last_harvest.json names an existing harvest. */
  async lookAtLastHarvest(): Promise<void> {
    const { lastHarvest } = this.#keys;
    const { harvests } = this.found;
    const newest = newestTold(harvests);
    const found = await this.#options.store.get(lastHarvest);
    if (!found) {
      if (newest) this.#look.fault(lastHarvest, "it is missing", true);
      return;
    }
    const problem = lastHarvestProblem(
      found.bytes,
      (ms) => this.#folders.has(this.#keys.harvest(ms)),
    );
    if (problem) this.#look.fault(lastHarvest, problem, newest !== null);
  }

  /** Searches foreign files for keys: the program's own were searched already. */
  async lookForKeys(): Promise<void> {
    const { store, collectionId } = this.#options;
    for await (const { key } of keyFiles(store, collectionId, (key) => !needsNoKeys(key))) {
      this.#look.onKeys(key);
    }
  }

  /** Reports links that were skipped. */
  nameLinks(): void {
    for (const [key, why] of this.#options.store.passedOver?.(this.#keys.folder) ?? []) {
      this.#look.fault(key, sentenceOf(why));
    }
  }

  /** Reports files with duplicate tweets. */
  async lookForRepeats(): Promise<void> {
    const facts = { harvests: this.found.harvests, isOnceOnly: this.#isOnceOnly };
    await this.#repeats.tell(facts, this.#look.fault);
  }

  /** Verifies the checkpoint; it can be rebuilt if it is damaged, or missing though harvests continue from it. */
  async #checkpoint(folders: Map<string, Listed[]>): Promise<CheckpointState | null> {
    const { checkpoint } = this.#keys;
    const state = await this.#attempt(checkpoint, () => this.#readCommitted(), this.#hasConfig);
    const has = (folder: string, name: string) =>
      folders.get(folder)?.some(({ key }) => key === `${folder}${name}`) ?? false;
    const told = [...folders.keys()].findLast((folder) =>
      has(folder, FILES.harvest) || has(folder, FILES.originalHarvest)
    );
    const isOriginal = told !== undefined && !has(told, FILES.harvest);
    if (folders.size === 0 || !this.#isHarvested || isOriginal) return state;
    if (await isThere(this.#options.store, checkpoint)) return state;
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
  async #openOfOriginal(folders: Map<string, unknown>): Promise<string | null> {
    const lock = await readLock(this.#options.store, this.#options.collectionId, this.#options);
    return lock?.live && lock.document === null ? [...folders.keys()].at(-1) ?? null : null;
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

/**
 * Returns the fault of last_harvest.json; null if there is none. @param isThere Whether there is a harvest of a time.
 */
function lastHarvestProblem(bytes: Uint8Array, isThere: (ms: number) => boolean): string | null {
  try {
    const { harvest_id } = parseAs(lastHarvestSchema, bytes, "it");
    return isThere(timeOf(harvest_id)) ? null : "the harvest that it names is missing";
  } catch (error) {
    if (!isOfContent(error)) throw error;
    return error.message;
  }
}

/** Returns whether an error is about invalid content, rather than a failing store. */
function isOfContent(error: unknown): error is TwarcCloudError {
  return error instanceof TwarcCloudError && !(error instanceof OutsideError);
}

function nullIfDamaged(error: unknown): null {
  if (isOfContent(error)) return null;
  throw error;
}
