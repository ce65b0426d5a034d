/** A collection's configuration in its bucket: each change is recorded, then put in force. */

import {
  type Changeset,
  type ConfigUpdate,
  diff,
  isEmpty,
  isInForce,
  merge,
} from "../collection/changeset.ts";
import { collectionKeys } from "../collection/layout.ts";
import { ConflictError, UserError } from "../base/errors.ts";
import { isObject, type JsonObject } from "../base/json.ts";
import { jsonBytes } from "../base/json_bytes.ts";
import {
  effectiveChange,
  type NewsOfMany,
  sortUsersLike,
  usersWith,
  withUsers,
} from "../collection/learned.ts";
import { MadeMembers, type Packed } from "../base/packed.ts";
import { giveBack } from "../base/memory.ts";
import { settledPut } from "../store/settled_put.ts";
import type { Store, Version } from "../store/store.ts";
import type { FileSum } from "./inventory_entry.ts";
import {
  canBeEnded,
  History,
  readTimestamp,
  type Recorded,
  type Standing,
  timeOrNull,
} from "./history.ts";
import { parseDocument } from "./documents.ts";
import { firstPart } from "./json_parts.ts";
import { packUsers } from "./packed_users.ts";
import { jsonObject } from "../base/json_object.ts";

/** A configuration as it is in the bucket, unchecked. */
export interface Stored {
  json: JsonObject;
  version: Version;
}

/** A configuration to change, with what else is recorded of it. */
export type Base = Stored & Standing;

/** A configuration without its users, and they packed. */
export interface StoredMany extends Stored {
  users: Packed<JsonObject>;
  /** The size of both. */
  bytes: number;
}

/** The configuration of one collection. */
export class Configuration {
  readonly #store: Store;
  readonly #id: string;
  readonly #key: string;
  readonly #history: History;
  /** The changesets that this object put in force, by name, for the inventory. */
  readonly inForce = new Map<string, FileSum>();

  constructor(store: Store, id: string) {
    this.#store = store;
    this.#id = id;
    this.#key = collectionKeys(id).config;
    this.#history = new History(store, id);
  }

  /** Returns the configuration in force. @throws UserError if there is no such collection. */
  async load(): Promise<Stored> {
    const found = await this.#store.get(this.#key);
    if (found) {
      const json = parseDocument(jsonObject, found.bytes, this.#key);
      giveBack(found.bytes);
      return { json, version: found.version };
    }
    throw new UserError(`There is no collection ${this.#id} in bucket ${this.#store.name}`, {
      hint: "List the collections with `twarc-cloud collection list`.",
    });
  }

  /** Returns the configuration in force with its users packed; null where it has none, or they cannot be packed. */
  async loadMany(): Promise<StoredMany | null> {
    const found = await this.#store.get(this.#key);
    const parts = found && packUsers(found.bytes);
    if (!parts) return null;
    const bytes = found.bytes.length;
    giveBack(found.bytes);
    return { ...parts, version: found.version, bytes };
  }

  /** Returns whether no change was left incomplete, of as many users as there are. @throws UserError if it is damaged */
  async isComplete(): Promise<boolean> {
    const found = await this.#store.get(this.#key);
    const json = found && firstPart(found.bytes, ["users"], this.#key);
    if (!isObject(json)) return false;
    if (found) giveBack(found.bytes);
    const { isUnrecorded, halfDone } = await this.#history.standing(json);
    return !isUnrecorded && halfDone.length === 0;
  }

  /**
   * Returns the configuration in force, with changes that were left incomplete.
   * @param loaded The configuration in force, if it was just loaded.
   * @throws UserError if there is no such collection.
   */
  async standing(loaded?: Stored): Promise<Base> {
    const { json, version } = loaded ?? await this.load();
    return { json, version, ...await this.#history.standing(json) };
  }

  /**
   * Records that the collection was added, which its configuration shows as long as nothing else has changed it.
   * @param now In milliseconds since 1970, for a configuration without a timestamp.
   */
  async recordAdded(json: JsonObject, now: number): Promise<void> {
    const named = Object.entries(json).filter(([name]) => name === "id" || name === "type");
    const change = diff(Object.fromEntries(named), withoutTimestamp(json));
    this.#note(await this.#history.record(change, timeOrNull(readTimestamp(json)) ?? now));
  }

  /**
   * Completes a change that was left incomplete, if its record suffices; the next change withdraws the records of
   * others.
   * @throws ConflictError if another process changes the configuration meanwhile.
   */
  async finishHalfDone(base: Base, now: number): Promise<Base> {
    if (base.isUnrecorded) await this.recordAdded(base.json, now);
    const recorded = base.halfDone.find(canBeEnded);
    if (!recorded) return base;
    return await this.enforce(base, { change: recorded.changeset, recorded });
  }

  /**
   * Makes a change. If it is interrupted after it was recorded, the next command that changes something completes it.
   * @param at When, in milliseconds since 1970.
   * @param by The harvest that makes it, and its note; empty for a person.
   * @param file The person's configuration, whose users keep their order.
   * @throws ConflictError if another process changed the configuration meanwhile.
   */
  async change(
    base: Base,
    change: ConfigUpdate,
    at: number,
    { by = {}, file }: {
      by?: Pick<Changeset, "harvest_timestamp" | "note">;
      file?: JsonObject;
    } = {},
  ): Promise<Base> {
    const changeset = { ...change, changed_from: readTimestamp(base.json), ...by };
    const recorded = await this.#history.record(changeset, at);
    return await this.enforce(base, { change, recorded, file });
  }

  /**
   * Puts a recorded change in force.
   * @param change The change with its secrets.
   * @param file The person's configuration, whose users keep their order.
   * @throws ConflictError if another process changed the configuration meanwhile.
   */
  async enforce(
    base: Base,
    { change, recorded, file = {} }: {
      change: ConfigUpdate;
      recorded: Recorded;
      file?: JsonObject | undefined;
    },
  ): Promise<Base> {
    const merged = sortUsersLike(merge(base.json, change), file);
    const next = { ...merged, timestamp: recorded.changeset.change_timestamp };
    const found = await this.#put(base, recorded, {
      bytes: jsonBytes(next),
      isDone: (json) => isInForce(json, change),
    });
    return "json" in found ? found : { json: next, ...found, isUnrecorded: false, halfDone: [] };
  }

  /**
   * Makes a change that a harvest of many users has learned.
   * @throws as `change`
   */
  async changeMany(
    base: StoredMany,
    news: NewsOfMany,
    at: number,
    by: Pick<Changeset, "harvest_timestamp" | "note">,
  ): Promise<void> {
    const { change, users } = news;
    const changeset = { ...change, changed_from: readTimestamp(base.json), ...by };
    const recorded = await this.#history.record(changeset, at, users.cut());
    const bytes = base.bytes + users.cut().bytes;
    const all = new MadeMembers(() => usersWith(base.users, news), bytes);
    const timestamp = recorded.changeset.change_timestamp;
    const next = { ...merge(base.json, change), users: all, timestamp };
    await this.#put({ ...base, halfDone: [] }, recorded, {
      bytes: jsonBytes(next),
      isDone: (json) => isEmpty(effectiveChange(json, withUsers(change, users.cut()))),
    });
  }

  /**
   * Writes the configuration with a recorded change.
   * @returns Its version; if another process has built on it, what is there.
   * @throws ConflictError if another process changed the configuration meanwhile.
   */
  async #put(
    { version, halfDone }: Pick<Base, "version" | "halfDone">,
    recorded: Recorded,
    { bytes, isDone }: { bytes: Uint8Array; isDone: (found: JsonObject) => boolean },
  ): Promise<Base | { version: Version }> {
    try {
      const written = await settledPut(this.#store, this.#key, bytes, { ifVersion: version });
      giveBack(bytes);
      this.#note(recorded);
      // They belong to the former configuration; their authors get a conflict.
      for (const other of halfDone) {
        if (other.key !== recorded.key) await this.#history.withdraw(other);
      }
      return { version: written };
    } catch (cause) {
      if (!(cause instanceof ConflictError)) throw cause;
      const found = await this.standing();
      // It was written, and another process has built on it.
      if (isDone(found.json)) {
        this.#note(recorded);
        return found;
      }
      await this.#history.withdraw(recorded);
      throw new ConflictError(this.#key, {
        cause,
        hint: "Run it again: it starts from the newest configuration.",
      });
    }
  }

  #note({ key, sum }: Recorded): void {
    this.inForce.set(key.slice(key.lastIndexOf("/") + 1), sum);
  }
}

/** Returns a configuration without its timestamp, which is not the person's. */
export function withoutTimestamp({ timestamp: _, ...config }: JsonObject): JsonObject {
  return config;
}

/** Returns the first millisecond after a configuration's timestamp: timestamps identify configurations. */
export function laterThan(config: JsonObject): number {
  return (timeOrNull(readTimestamp(config)) ?? -Infinity) + 1;
}
