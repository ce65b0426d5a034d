/** The collections of a bucket: lists, loads, adds and changes them. */

import { getLogger } from "@logtape/logtape";
import { isDeepStrictEqual } from "node:util";
import { type Clock, isoTime } from "../base/clock.ts";
import {
  type Changeset,
  type ConfigUpdate,
  diff,
  HARVEST_NOTE,
  isEmpty,
  type Removal,
} from "../collection/changeset.ts";
import { checkConfig, withoutPlaceholders } from "../collection/config.ts";
import { type CollectionConfig } from "../collection/types/registry.ts";
import { checkNotFrozen } from "../collection/frozen.ts";
import { checkedId, collectionKeys } from "../collection/layout.ts";
import { goingOn, keepLearned, withUsers } from "../collection/learned.ts";
import { rebase } from "../collection/rebase.ts";
import { ConflictError, errorMessage, OutsideError, UserError } from "../base/errors.ts";
import type { Json, JsonObject } from "../base/json.ts";
import { jsonObject } from "../base/json_object.ts";
import type { PackedCut } from "../base/packed.ts";
import { jsonBytes } from "../base/json_bytes.ts";
import { settledPut } from "../store/settled_put.ts";
import type { Store, Version } from "../store/store.ts";
import { lastWord } from "../base/visible.ts";
import { CollectionFolders } from "./collection_folders.ts";
import { Configuration, laterThan, withoutTimestamp } from "./configuration.ts";
import { learnMany, learnWhole } from "./learning.ts";
import { canBeEnded, History, matchesChange, readTimestamp } from "./history.ts";
import { append } from "./inventory.ts";
import type { FileSum } from "./inventory_entry.ts";
import { type LastHarvest, readLastHarvest } from "./last_harvest.ts";

const log = getLogger(["twarc-cloud", "bucket"]);

/** Number of conflicting members that a message names. */
const SHOWN = 10;

/** A planned change of a configuration, shown before it is applied. */
export interface Plan {
  change: ConfigUpdate;
  /** Whether the bucket has a newer configuration than the one that was edited. */
  isOutdated: boolean;
  /** Whether the edited version is known, so that only the person's edits are applied. */
  isBaseKnown: boolean;
  /** Whether everything is in force already, so that nothing is written. */
  isInForce: boolean;
  /** Applies the change. @returns The configuration with it. @throws ConflictError */
  apply: () => Promise<JsonObject>;
}

/** A collection's folder has the configuration of another one, or of the same in another case. */
export class OtherIdError extends UserError {}

/**
 * Checks the id: a disk may find `Abc` when asked for `abc`, and a folder may have been copied or renamed. @throws
 * OtherIdError
 */
function checkId(id: string, configured: Json | undefined): void {
  if (typeof configured !== "string" || configured.normalize() === id.normalize()) return;
  const isSameName = configured.toLowerCase() === id.toLowerCase();
  throw new OtherIdError(`The folder of collection ${id} has the configuration of ${configured}`, {
    hint: isSameName
      ? `This disk is case-insensitive: type ${lastWord(configured)}.`
      : `If the folder was renamed, rename it to ${configured} again. If it was copied, remove the copy, and copy it with: ` +
        `twarc-cloud collection copy ${lastWord(configured)} ${lastWord(id)}`,
  });
}

/** The collections of one bucket. */
export class Collections {
  readonly #store: Store;
  /** The clock for timestamps of changes. */
  readonly clock: Clock;
  readonly folders: CollectionFolders;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.folders = new CollectionFolders(store);
    this.clock = clock;
  }

  /** Yields the ids of all collections, in order. An empty folder is not a collection. */
  list(): AsyncGenerator<string> {
    return this.folders.ids();
  }

  /**
   * Returns a collection's configuration.
   * @param options.keys "optional" where nothing is asked for: a copy has none.
   * @throws UserError if there is none, or it is another collection's; InvalidConfigError if it is invalid.
   */
  async load(
    id: string,
    { keys = "needed" }: { keys?: "needed" | "optional" } = {},
  ): Promise<{ config: CollectionConfig; version: Version }> {
    const { json, version } = await this.loadJson(id);
    const keysBy = `collection keys ${lastWord(id)}`;
    return { config: checkConfig(json, { keys, keysBy }), version };
  }

  /**
   * Returns a collection's configuration, of which only the id was checked. @throws UserError if there is none;
   * OtherIdError
   */
  async loadJson(id: string): Promise<{ json: JsonObject; version: Version }> {
    const loaded = await this.#configuration(id).load();
    checkId(id, loaded.json.id);
    return loaded;
  }

  /**
   * Adds a collection. If it is interrupted before the person's file is updated, adding it again completes it.
   * @returns The configuration in the bucket.
   * @throws InvalidConfigError; UserError if the id is taken.
   */
  async add(json: Json): Promise<JsonObject> {
    const typedAt = this.clock.now();
    const { id } = checkConfig(json, { isNew: true, unknown: "refused", typedAt });
    const config = withoutPlaceholders(jsonObject.parse(json));
    const now = this.clock.now();
    const next = { ...config, timestamp: isoTime(now) };
    const key = collectionKeys(id).config;
    if (await this.#store.get(key)) return await this.#findAdded(id, config);
    try {
      await settledPut(this.#store, key, jsonBytes(next), { ifAbsent: true });
    } catch (cause) {
      if (!(cause instanceof ConflictError)) throw cause;
      return await this.#findAdded(id, config, cause);
    }
    const configuration = this.#configuration(id);
    await configuration.recordAdded(next, now);
    await this.#inventory(id, configuration.inForce);
    return next;
  }

  /**
   * Returns the same configuration if it was added, but its record or the timestamp in the person's file is missing.
   * @throws UserError
   */
  async #findAdded(id: string, config: JsonObject, cause?: ConflictError): Promise<JsonObject> {
    const configuration = this.#configuration(id);
    const { json, isUnrecorded } = await configuration.standing();
    checkId(id, json.id);
    const isSame = isDeepStrictEqual(
      withoutPlaceholders(withoutTimestamp(json)),
      withoutTimestamp(config),
    );
    if (isSame && isUnrecorded) await configuration.recordAdded(json, this.clock.now());
    await this.#inventory(id, configuration.inForce);
    if (isSame && (isUnrecorded || config.timestamp !== json.timestamp)) return json;
    throw new UserError(`Collection ${id} already exists in bucket ${this.#store.name}`, {
      cause,
      hint: isSame
        ? "It is the same as this file: nothing is left to do."
        : "To change it: `twarc-cloud collection-config update`. For a new one, use another id.",
    });
  }

  /**
   * Plans the change from the bucket's configuration to a person's. Changes that harvests or others have made since the
   * person's copy are kept.
   * @param options.force Whether to take the configuration as it is, whatever changed meanwhile.
   * @throws InvalidConfigError; UserError if a change is not allowed, or conflicts with one made meanwhile.
   */
  async plan(json: Json, { force = false } = {}): Promise<Plan> {
    const { id, type } = checkConfig(json);
    const mine = withoutPlaceholders(jsonObject.parse(json));
    const configuration = this.#configuration(id);
    const base = await configuration.standing();
    const { json: current, version } = base;
    checkId(id, current.id);
    checkNotFrozen(id, current);
    if (current.type !== type) {
      throw new UserError(`Collection type may not change from ${current.type} to ${type}`, {
        hint: "Add a collection with another id.",
      });
    }
    checkConfig(json, { unknown: "refused", typedAt: this.clock.now() });
    const isOutdated = current.timestamp !== undefined && current.timestamp !== mine.timestamp;
    const from = isOutdated && !force
      ? await new History(this.#store, id).at(readTimestamp(mine), current)
      : null;
    const isBaseKnown = from !== null;
    const wantedConfig = (config: JsonObject, isOlder: boolean) => {
      const next = force
        ? mine
        : from
        ? rebasedOrStopped(id, { from, mine, current: config })
        : isOlder
        ? keepLearned(config, mine)
        : mine;
      return diff(withoutTimestamp(config), withoutTimestamp(goingOn(config, next)));
    };
    const change = wantedConfig(current, isOutdated);
    if (isEmpty(change) && !base.halfDone.some(canBeEnded)) {
      // Possibly an update of this file succeeded without the person knowing.
      const apply = () => Promise.resolve(current);
      return { change, isOutdated: false, isBaseKnown, isInForce: true, apply };
    }
    const applyChange = async () => {
      const now = this.clock.now();
      const begun = base.halfDone.find((recorded) => matchesChange(recorded, change));
      if (begun) {
        return (await configuration.enforce(base, { change, recorded: begun, file: mine })).json;
      }
      const ended = await configuration.finishHalfDone(base, now);
      const left = wantedConfig(ended.json, isOutdated || ended.version !== version);
      if (isEmpty(left)) return ended.json;
      const at = Math.max(now, laterThan(ended.json));
      return (await configuration.change(ended, left, at, { file: mine })).json;
    };
    const apply = async () => {
      try {
        return await applyChange();
      } finally {
        await this.#inventory(id, configuration.inForce);
      }
    };
    return { change, isOutdated, isBaseKnown, isInForce: false, apply };
  }

  /**
   * Merges what a harvest learned into the newest configuration. Idempotent.
   * @param when.at When it was learned, in milliseconds since 1970.
   * @param when.began When that harvest began, in milliseconds since 1970.
   * @param when.users Facts about users, if there are many.
   * @returns Its changesets, by name, for the harvest's entry in the inventory.
   */
  async learn(
    id: string,
    change: ConfigUpdate,
    { at, began, users }: { at: number; began: number; users?: PackedCut<JsonObject> | undefined },
  ): Promise<Record<string, FileSum>> {
    if (isEmpty(change) && !users) return {};
    const by = { harvest_timestamp: isoTime(began), note: HARVEST_NOTE };
    const configuration = this.#configuration(id);
    const news = { change, at, by };
    const made = users && await learnMany(configuration, users, news) ||
      await learnWhole(configuration, { ...news, change: withUsers(change, users) });
    if (configuration.inForce.size === 0) return await this.#readLearned(id, by, at);
    if (this.#store.purge && made.delete.length > 0) tellKept(id);
    return Object.fromEntries(configuration.inForce);
  }

  /**
   * Completes a change that was left incomplete. @returns Whether one came into force
   * @throws ConflictError if another process changes the configuration meanwhile.
   */
  async finish(id: string): Promise<boolean> {
    const configuration = this.#configuration(id);
    if (await configuration.isComplete()) return false;
    const base = await configuration.standing();
    const ended = await configuration.finishHalfDone(base, this.clock.now());
    await this.#inventory(id, configuration.inForce);
    return ended.version !== base.version;
  }

  /**
   * Records tweets that are removed from the collection. Idempotent.
   * @param at When it was decided, in milliseconds since 1970.
   */
  async recordRemoval(id: string, removed: Removal[], at: number): Promise<void> {
    const change = { update: {}, delete: [], removed };
    const { key, sum } = await new History(this.#store, id).record(change, at);
    await this.#inventory(id, new Map([[key.slice(key.lastIndexOf("/") + 1), sum]]));
  }

  /** Returns the changesets of an interrupted harvest that are in force and not yet in the inventory. */
  async #readLearned(
    id: string,
    { harvest_timestamp }: { harvest_timestamp: string },
    at: number,
  ): Promise<Record<string, FileSum>> {
    const found: [string, FileSum][] = [];
    for await (const { key, changeset, sum } of new History(this.#store, id).since(at)) {
      if (changeset.harvest_timestamp !== harvest_timestamp) continue;
      found.push([key.slice(key.lastIndexOf("/") + 1), sum]);
    }
    return Object.fromEntries(found);
  }

  /** Adds changes in force to the inventory. If it cannot be written, they stay, and `verify` reports them. */
  async #inventory(id: string, changesets: ReadonlyMap<string, FileSum>): Promise<void> {
    if (changesets.size === 0) return;
    const place = { store: this.#store, clock: this.clock, collectionId: id };
    try {
      await append(place, [{ what: "change", changesets: Object.fromEntries(changesets) }]);
    } catch (error) {
      if (!(error instanceof OutsideError)) throw error;
      log.warn(
        "The change was made, but the inventory of {id} could not be written: {problem}. `twarc-cloud collection verify " +
          "--repair` adds the missing entries",
        { id, problem: errorMessage(error) },
      );
    }
  }

  #configuration(id: string): Configuration {
    return new Configuration(this.#store, checkedId(id));
  }

  /**
   * Returns every changeset of a collection.
   * @param onDamaged Called with the error of each unreadable one, to get the others all the same.
   * @throws UserError if there is no such collection, or one is damaged and there is no `onDamaged`.
   */
  async changesets(id: string, onDamaged?: (error: UserError) => void): Promise<Changeset[]> {
    await this.loadJson(id);
    const history = new History(this.#store, id);
    return await Array.fromAsync(onDamaged ? history.readable(onDamaged) : history.all());
  }

  /** Returns a collection's last harvest, or null. @throws UserError if there is no such collection. */
  async lastHarvest(id: string): Promise<LastHarvest | null> {
    await this.loadJson(id);
    return await readLastHarvest(this.#store, id);
  }
}

/** An older version may be the only record of users removed by a fault of the API: it is not deleted. */
function tellKept(id: string): void {
  log.info(
    "Users were removed from the configuration of {id}. If the bucket has versioning, the previous one is kept as an " +
      "older version of {key} for as long as the bucket's rules say (30 days with infra/); to remove it " +
      "sooner, delete that version",
    { id, key: collectionKeys(id).config },
  );
}

/** Returns a person's edits on the newest configuration. @throws UserError if both changed the same members. */
function rebasedOrStopped(
  id: string,
  { from, mine, current }: { from: JsonObject; mine: JsonObject; current: JsonObject },
): JsonObject {
  const { config, conflicts } = rebase(from, withoutTimestamp(mine), withoutTimestamp(current));
  if (conflicts.length === 0) return config;
  const shown = conflicts.slice(0, SHOWN).join(", ");
  const more = conflicts.length - SHOWN;
  throw new UserError(
    `Since this file was made, the bucket's configuration has changed in the same place: ${shown}` +
      (more > 0 ? ` and ${more} more` : ""),
    {
      hint:
        `Download the newest with \`twarc-cloud collection-config download ${
          lastWord(id)
        }\` and edit that, or ` +
        "replace it by this file with --force.",
    },
  );
}
