/** The collections of a bucket: listed, loaded, added, changed, and what they last harvested. */

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
import { checkedId, collectionKeys, COLLECTIONS, idOfFolder } from "../collection/layout.ts";
import { goingOn, keepLearned, learned, learnedOfMany } from "../collection/learned.ts";
import { rebased } from "../collection/rebase.ts";
import { ConflictError, messageOf, OutsideError, UserError } from "../base/errors.ts";
import type { Json, JsonObject } from "../base/json.ts";
import { jsonObject } from "../base/json_object.ts";
import type { Packed, PackedCut } from "../base/packed.ts";
import { jsonBytes } from "../base/json_bytes.ts";
import { settledPut } from "../store/settled_put.ts";
import type { Store, Version } from "../store/store.ts";
import { lastWord } from "../base/visible.ts";
import { Configuration, laterThan, untimed } from "./configuration.ts";
import { canBeEnded, History, isRecordOf, timestampOf } from "./history.ts";
import { append } from "./inventory.ts";
import type { FileSum } from "./inventory_entry.ts";
import { type LastHarvest, lastHarvestOf } from "./last_harvest.ts";

const log = getLogger(["twarc-cloud", "bucket"]);

/** Collections that are looked at at the same time. */
const WIDTH = 8;
/** Members that are named of those that two have changed. */
const SHOWN = 10;

/** A change to a configuration that is shown before it is made. */
export interface Plan {
  change: ConfigUpdate;
  /** Whether the bucket has a newer configuration than the one that was changed. */
  isOutdated: boolean;
  /** Whether that one is known, so that only what the person changed in it is applied. */
  isBaseKnown: boolean;
  /** Whether all that the person wants is in force, so that nothing is written. */
  isInForce: boolean;
  /** Makes the change; the configuration as it is then. @throws ConflictError */
  apply: () => Promise<JsonObject>;
}

/** A disk may find `Abc` where `abc` is asked for, and a person may copy or rename a folder. @throws UserError */
function checkIsOf(id: string, configured: Json | undefined): void {
  if (typeof configured !== "string" || configured.normalize() === id.normalize()) return;
  const isSameName = configured.toLowerCase() === id.toLowerCase();
  throw new UserError(`The folder of collection ${id} has the configuration of ${configured}`, {
    hint: isSameName
      ? `This disk does not tell cases apart: type ${lastWord(configured)}.`
      : `If the folder was renamed, name it ${configured} again. If it was copied, remove the copy, and add a ` +
        `collection with another "id".`,
  });
}

/** The collections of one bucket. */
export class Collections {
  readonly #store: Store;
  /** What tells the times of changes. */
  readonly clock: Clock;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.clock = clock;
  }

  /** The ids of all collections, in order. A folder in which there is nothing is none. */
  async *list(): AsyncGenerator<string> {
    const ids: string[] = [];
    for await (const { key } of this.#store.list(COLLECTIONS, { folders: true })) {
      const id = idOfFolder(key);
      if (id !== null) ids.push(id);
    }
    for (let start = 0; start < ids.length; start += WIDTH) {
      const some = ids.slice(start, start + WIDTH);
      const has = await Promise.all(some.map((id) => this.#hasObject(id)));
      yield* some.filter((_, i) => has[i]);
    }
  }

  async #hasObject(id: string): Promise<boolean> {
    for await (const { key } of this.#store.list(collectionKeys(id).folder)) {
      if (!key.endsWith("/")) return true;
    }
    return false;
  }

  /**
   * A collection's configuration.
   * @throws UserError where there is none, or that of another collection; InvalidConfigError where it cannot be used.
   */
  async load(id: string): Promise<{ config: CollectionConfig; version: Version }> {
    const { json, version } = await this.loadJson(id);
    checkIsOf(id, json.id);
    return { config: checkConfig(json, { keysBy: `collection keys ${lastWord(id)}` }), version };
  }

  /** A collection's configuration as it stands, unchecked. @throws UserError where there is none. */
  async loadJson(id: string): Promise<{ json: JsonObject; version: Version }> {
    return await this.#configuration(id).load();
  }

  /**
   * Adds a collection; gives back its configuration as it is in the bucket. Cut at whatever point, before the
   * person's file has that too, it is ended by adding it once more.
   * @throws InvalidConfigError; UserError where there is one with this id.
   */
  async add(json: Json): Promise<JsonObject> {
    const typedAt = this.clock.now();
    const { id } = checkConfig(json, { isNew: true, unknown: "refused", typedAt });
    const config = withoutPlaceholders(jsonObject.parse(json));
    const now = this.clock.now();
    const next = { ...config, timestamp: isoTime(now) };
    const key = collectionKeys(id).config;
    if (await this.#store.get(key)) return await this.#added(id, config);
    try {
      await settledPut(this.#store, key, jsonBytes(next), { ifAbsent: true });
    } catch (cause) {
      if (!(cause instanceof ConflictError)) throw cause;
      return await this.#added(id, config, cause);
    }
    const configuration = this.#configuration(id);
    await configuration.recordAdded(next, now);
    await this.#inventory(id, configuration.inForce);
    return next;
  }

  /**
   * The very configuration that is to be added, where it was added and the record of that, or its timestamp in the
   * person's file, is missing. @throws UserError
   */
  async #added(id: string, config: JsonObject, cause?: ConflictError): Promise<JsonObject> {
    const configuration = this.#configuration(id);
    const { json, isUnrecorded } = await configuration.standing();
    const isSame = isDeepStrictEqual(withoutPlaceholders(untimed(json)), untimed(config));
    if (isSame && isUnrecorded) await configuration.recordAdded(json, this.clock.now());
    await this.#inventory(id, configuration.inForce);
    if (isSame && (isUnrecorded || config.timestamp !== json.timestamp)) return json;
    throw new UserError(`There is a collection ${id} in bucket ${this.#store.name} already`, {
      cause,
      hint: isSame
        ? "It is the one in this file: nothing is left to do."
        : "To change it: `twarc-cloud collection-config update`. For a new one, take another id.",
    });
  }

  /**
   * What a person's configuration would change in the bucket. What harvests, or others, have changed since the
   * person's copy was made stays: it was not the person who changed it.
   * @param options.force Whether the configuration is taken as it is, whatever was changed meanwhile.
   * @throws InvalidConfigError; UserError where it may not change, or changes what was changed meanwhile.
   */
  async plan(json: Json, { force = false } = {}): Promise<Plan> {
    const { id, type } = checkConfig(json);
    const mine = withoutPlaceholders(jsonObject.parse(json));
    const configuration = this.#configuration(id);
    const base = await configuration.standing();
    const { json: current, version } = base;
    if (current.type !== type) {
      throw new UserError(`Collection type may not change from ${current.type} to ${type}`, {
        hint: "Add a collection with another id.",
      });
    }
    checkConfig(json, { unknown: "refused", typedAt: this.clock.now() });
    const isOutdated = current.timestamp !== undefined && current.timestamp !== mine.timestamp;
    const from = isOutdated && !force
      ? await new History(this.#store, id).at(timestampOf(mine), current)
      : null;
    const isBaseKnown = from !== null;
    const wanted = (config: JsonObject, isOlder: boolean) => {
      const next = force
        ? mine
        : from
        ? rebasedOrStopped(id, { from, mine, current: config })
        : isOlder
        ? keepLearned(config, mine)
        : mine;
      return diff(untimed(config), untimed(goingOn(config, next)));
    };
    const change = wanted(current, isOutdated);
    if (isEmpty(change) && !base.halfDone.some(canBeEnded)) {
      // Perhaps an update of this file was done, and the person never heard of it.
      const apply = () => Promise.resolve(current);
      return { change, isOutdated: false, isBaseKnown, isInForce: true, apply };
    }
    const applied = async () => {
      const now = this.clock.now();
      const begun = base.halfDone.find((recorded) => isRecordOf(recorded, change));
      if (begun) {
        return (await configuration.enforce(base, { change, recorded: begun, file: mine })).json;
      }
      const ended = await configuration.ended(base, now);
      const left = wanted(ended.json, isOutdated || ended.version !== version);
      if (isEmpty(left)) return ended.json;
      const at = Math.max(now, laterThan(ended.json));
      return (await configuration.change(ended, left, at, { file: mine })).json;
    };
    const apply = async () => {
      try {
        return await applied();
      } finally {
        await this.#inventory(id, configuration.inForce);
      }
    };
    return { change, isOutdated, isBaseKnown, isInForce: false, apply };
  }

  /**
   * Merges what a harvest learned onto the newest configuration; done twice, the second changes nothing.
   * @param when.at When it was learned, in milliseconds since 1970.
   * @param when.began When that harvest began, in milliseconds since 1970.
   * @param when.users What it learned of users besides, where there are many.
   * @returns The changesets of it, by name: they are for the harvest's entry in the inventory.
   */
  async learn(
    id: string,
    change: ConfigUpdate,
    { at, began, users }: { at: number; began: number; users?: PackedCut<JsonObject> | undefined },
  ): Promise<Record<string, FileSum>> {
    if (isEmpty(change) && !users) return {};
    const by = { harvest_timestamp: isoTime(began), note: HARVEST_NOTE };
    const configuration = this.#configuration(id);
    const newsIn = (config: JsonObject): News =>
      users ? learnedOfMany(config, change, users) : { change: learned(config, change) };
    for (;;) {
      const loaded = await configuration.load();
      const known = newsIn(loaded.json);
      if (isNothing(known)) {
        const isNew = configuration.inForce.size > 0;
        return isNew ? Object.fromEntries(configuration.inForce) : await this.#learned(id, by, at);
      }
      try {
        const found = await configuration.standing(loaded);
        const base = await configuration.ended(found, at);
        const news = base === found ? known : newsIn(base.json);
        const isOlder = at < laterThan(base.json) - 1;
        const time = isOlder ? laterThan(base.json) : at;
        if (news.users?.size) {
          await configuration.changeMany(base, { ...news, users: news.users }, time, by);
        } else if (!isNothing(news)) await configuration.change(base, news.change, time, { by });
        if (this.#store.purge && news.change.delete.length > 0) tellKept(id);
        return Object.fromEntries(configuration.inForce);
      } catch (error) {
        if (!(error instanceof ConflictError)) throw error;
      }
    }
  }

  /**
   * Ends what a command left half done; whether a change came into force by that.
   * @throws ConflictError where somebody else changes the configuration meanwhile.
   */
  async finish(id: string): Promise<boolean> {
    const configuration = this.#configuration(id);
    const base = await configuration.standing();
    const ended = await configuration.ended(base, this.clock.now());
    await this.#inventory(id, configuration.inForce);
    return ended.version !== base.version;
  }

  /**
   * Writes down tweets that are taken out of the collection; done twice, it is there once.
   * @param at When it was decided, in milliseconds since 1970.
   */
  async recordRemoval(id: string, removed: Removal[], at: number): Promise<void> {
    const change = { update: {}, delete: [], removed };
    const { key, sum } = await new History(this.#store, id).record(change, at);
    await this.#inventory(id, new Map([[key.slice(key.lastIndexOf("/") + 1), sum]]));
  }

  /** What a harvest recorded and put in force before it was cut, and nobody has in the inventory. */
  async #learned(
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

  /** Has changes that are in force in the inventory; they stand where it cannot be written, and `verify` names them. */
  async #inventory(id: string, changesets: ReadonlyMap<string, FileSum>): Promise<void> {
    if (changesets.size === 0) return;
    const place = { store: this.#store, clock: this.clock, collectionId: id };
    try {
      await append(place, [{ what: "change", changesets: Object.fromEntries(changesets) }]);
    } catch (error) {
      if (!(error instanceof OutsideError)) throw error;
      log.warn(
        "The change is made, and the inventory of {id} could not be written: {problem}. `twarc-cloud collection verify " +
          "--repair` adds what it lacks",
        { id, problem: messageOf(error) },
      );
    }
  }

  #configuration(id: string): Configuration {
    return new Configuration(this.#store, checkedId(id));
  }

  /**
   * Every changeset of a collection.
   * @param onDamaged Called with what is wrong with each that cannot be read, where the others are wanted all the same.
   * @throws UserError where there is no such collection, or one is damaged and there is no `onDamaged`.
   */
  async changesets(id: string, onDamaged?: (error: UserError) => void): Promise<Changeset[]> {
    await this.loadJson(id);
    const history = new History(this.#store, id);
    return await Array.fromAsync(onDamaged ? history.readable(onDamaged) : history.all());
  }

  /** What a collection harvested last, or null. @throws UserError where there is no such collection. */
  async lastHarvest(id: string): Promise<LastHarvest | null> {
    await this.loadJson(id);
    return await lastHarvestOf(this.#store, id);
  }
}

/** What is news to a configuration: of many users besides, or all in one. */
interface News {
  change: ConfigUpdate;
  users?: Packed<JsonObject>;
}

function isNothing({ change, users }: News): boolean {
  return isEmpty(change) && !users?.size;
}

/** An older version may be all that brings people back who were taken out on a fault of the API: it is not deleted. */
function tellKept(id: string): void {
  log.info(
    "Users were taken out of the configuration of {id}. Where the bucket has versioning, the one before stays as an " +
      "older version of {key} for as long as the bucket's rules say (30 days with infra/); whoever wants it gone " +
      "sooner deletes that version",
    { id, key: collectionKeys(id).config },
  );
}

/** @throws UserError where both changed the same. */
function rebasedOrStopped(
  id: string,
  { from, mine, current }: { from: JsonObject; mine: JsonObject; current: JsonObject },
): JsonObject {
  const { config, conflicts } = rebased(from, untimed(mine), untimed(current));
  if (conflicts.length === 0) return config;
  const shown = conflicts.slice(0, SHOWN).join(", ");
  const more = conflicts.length - SHOWN;
  throw new UserError(
    `Since this file was made, what it changes was changed in the bucket too: ${shown}` +
      (more > 0 ? ` and ${more} more` : ""),
    {
      hint:
        `Fetch the newest with \`twarc-cloud collection-config download ${
          lastWord(id)
        }\` and change that, or ` +
        "take the file as it is with --force.",
    },
  );
}
