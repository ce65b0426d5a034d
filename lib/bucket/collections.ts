/** The collections of a bucket: listed, loaded, added, changed, and what they last harvested. */

import { z } from "zod";
import { type Clock, isoTime } from "../clock.ts";
import {
  type Changeset,
  type ConfigUpdate,
  type Deletion,
  diff,
  isEmpty,
  keepLearned,
  learned,
  merge,
  redact,
  type Removal,
} from "../collection/changeset.ts";
import { checkConfig, type CollectionConfig } from "../collection/config.ts";
import { type HarvestInfo, harvestInfoSchema } from "../collection/harvest_info.ts";
import { checkedId, collectionKeys, COLLECTIONS, FILES } from "../collection/layout.ts";
import { ConflictError, UserError } from "../errors.ts";
import { type Json, jsonBytes, type JsonObject, parseAs } from "../json.ts";
import type { Store, Version } from "../store/store.ts";

const object = z.record(z.string(), z.json());
const deletion: z.ZodType<Deletion> = z.lazy(() =>
  z.union([z.string(), z.record(z.string(), z.array(deletion))])
);
/** What a changeset in the bucket says. */
export const changesetSchema = z.object({
  update: object,
  delete: z.array(deletion),
  change_timestamp: z.string(),
  removed: z.array(z.object({
    file: z.string(),
    replaced_by: z.string().nullable(),
    tweets: z.array(z.object({ id: z.string(), reason: z.string() })),
  })).optional(),
});
/** What last_harvest.json says. */
export const lastHarvestSchema = z.object({ harvest_id: z.string() });
/** What user_changes.json says. */
export const userChangesSchema = z.array(z.object({
  user_id: z.string(),
  screen_name: z.string().nullish(),
  change: z.string(),
}));

/** A change to a configuration that is shown before it is made. */
export interface Plan {
  change: ConfigUpdate;
  /** Whether the bucket has a newer configuration than the one that was changed. */
  isOutdated: boolean;
  /** Makes the change; the configuration as it is then. @throws ConflictError */
  apply: () => Promise<JsonObject>;
}

/** What a collection harvested last. */
export interface LastHarvest {
  info: HarvestInfo;
  userChanges: z.infer<typeof userChangesSchema>;
}

/** The collections of one bucket. */
export class Collections {
  readonly #store: Store;
  readonly #clock: Clock;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** The ids of all collections, in order. */
  async *list(): AsyncGenerator<string> {
    for await (const { key } of this.#store.list(COLLECTIONS, { folders: true })) {
      if (key.endsWith("/")) yield key.slice(COLLECTIONS.length, -1);
    }
  }

  /**
   * A collection's configuration.
   * @throws UserError where there is none; InvalidConfigError where it cannot be used.
   */
  async load(id: string): Promise<{ config: CollectionConfig; version: Version }> {
    const { json, version } = await this.loadJson(id);
    return { config: checkConfig(json), version };
  }

  /** A collection's configuration as it stands, unchecked. @throws UserError where there is none. */
  async loadJson(id: string): Promise<{ json: JsonObject; version: Version }> {
    const key = collectionKeys(checkedId(id)).config;
    const found = await this.#store.get(key);
    if (!found) {
      throw new UserError(`There is no collection ${id} in bucket ${this.#store.name}`, {
        hint: "See what there is with `twarc-cloud collection list`.",
      });
    }
    return { json: parseAs(object, found.bytes, key), version: found.version };
  }

  /**
   * Adds a collection; gives back its configuration as it is in the bucket.
   * @throws InvalidConfigError; UserError where there is one with this id.
   */
  async add(json: Json): Promise<JsonObject> {
    const { id, type } = checkConfig(json);
    const config = parseObject(json);
    const now = this.#clock.now();
    const next = { ...config, timestamp: isoTime(now) };
    try {
      await this.#store.put(collectionKeys(id).config, jsonBytes(next), { ifAbsent: true });
    } catch (cause) {
      if (!(cause instanceof ConflictError)) throw cause;
      throw new UserError(`There is a collection ${id} in bucket ${this.#store.name} already`, {
        cause,
        hint:
          "To change it: `twarc-cloud collection-config update`. For a new one, take another id.",
      });
    }
    await this.#record(id, diff({ id, type }, untimed(config)), now);
    return next;
  }

  /**
   * What a person's configuration would change in the bucket. What harvests have learned since the
   * person's copy was made stays: it was not the person who changed it.
   * @throws InvalidConfigError; UserError where it may not change, or changes nothing.
   */
  async plan(json: Json): Promise<Plan> {
    const { id, type } = checkConfig(json);
    const mine = parseObject(json);
    const { json: current, version } = await this.loadJson(id);
    if (current.type !== type) {
      throw new UserError(`Collection type may not change from ${current.type} to ${type}`, {
        hint: "Add a collection with another id.",
      });
    }
    const isOutdated = current.timestamp !== undefined && current.timestamp !== mine.timestamp;
    const wanted = isOutdated ? keepLearned(current, mine) : mine;
    const change = diff(untimed(current), untimed(wanted));
    if (isEmpty(change)) {
      throw new UserError("No changes in collection configuration", {
        hint:
          "Edit the file first, or fetch the newest with `twarc-cloud collection-config download`.",
      });
    }
    const apply = async () => {
      const now = this.#clock.now();
      const next = { ...merge(current, change), timestamp: isoTime(now) };
      await this.#store.put(collectionKeys(id).config, jsonBytes(next), { ifVersion: version });
      await this.#record(id, change, now);
      return next;
    };
    return { change, isOutdated, apply };
  }

  /**
   * Merges what a harvest learned onto the newest configuration; done twice, the second changes nothing.
   * @param at When it was learned, in milliseconds since 1970.
   */
  async learn(id: string, change: ConfigUpdate, at: number): Promise<void> {
    for (;;) {
      const { json: current, version } = await this.loadJson(id);
      const news = learned(current, change);
      if (isEmpty(news)) return;
      const next = { ...merge(current, news), timestamp: isoTime(at) };
      try {
        // The changeset first: after a crash between the two it is written again, the same.
        await this.#record(id, news, at);
        await this.#store.put(collectionKeys(id).config, jsonBytes(next), { ifVersion: version });
        return;
      } catch (error) {
        if (!(error instanceof ConflictError)) throw error;
      }
    }
  }

  /**
   * Writes down tweets that are taken out of the collection; done twice, it is there once.
   * @param at When it was decided, in milliseconds since 1970.
   */
  async recordRemoval(id: string, removed: Removal[], at: number): Promise<void> {
    await this.#record(id, { update: {}, delete: [], removed }, at);
  }

  /** Every changeset of a collection. @throws UserError where there is no such collection. */
  async changesets(id: string): Promise<Changeset[]> {
    await this.loadJson(id);
    const found: Changeset[] = [];
    for await (const { key } of this.#store.list(collectionKeys(id).changesets)) {
      const object = await this.#store.get(key);
      if (object) found.push(parseAs(changesetSchema, object.bytes, key));
    }
    return found;
  }

  /** What a collection harvested last, or null. @throws UserError where there is no such collection. */
  async lastHarvest(id: string): Promise<LastHarvest | null> {
    await this.loadJson(id);
    const keys = collectionKeys(id);
    const last = await this.#store.get(keys.lastHarvest);
    if (!last) return null;
    const { harvest_id } = parseAs(lastHarvestSchema, last.bytes, keys.lastHarvest);
    const folder = keys.harvest(timeOf(harvest_id));
    let infoKey = `${folder}${FILES.harvest}`;
    let info = await this.#store.get(infoKey);
    if (!info) {
      infoKey = `${folder}${FILES.originalHarvest}`;
      info = await this.#store.get(infoKey);
    }
    if (!info) return null;
    const changes = await this.#store.get(`${folder}${FILES.userChanges}`);
    return {
      info: parseAs(harvestInfoSchema, info.bytes, infoKey),
      userChanges: changes
        ? parseAs(userChangesSchema, changes.bytes, `${folder}${FILES.userChanges}`)
        : [],
    };
  }

  /** Writes a changeset under its second; under the next free one where another is there. */
  async #record(
    id: string,
    change: Omit<Changeset, "change_timestamp">,
    at: number,
  ): Promise<void> {
    const changeset: Changeset = { ...change, ...redact(change), change_timestamp: isoTime(at) };
    const bytes = jsonBytes(changeset);
    for (let ms = at;; ms += 1_000) {
      const key = collectionKeys(id).changeset(ms);
      try {
        await this.#store.put(key, bytes, { ifAbsent: true });
        return;
      } catch (error) {
        if (!(error instanceof ConflictError)) throw error;
        const found = await this.#store.get(key);
        if (found && sameBytes(found.bytes, bytes)) return;
      }
    }
  }
}

/**
 * The id of a harvest as milliseconds since 1970; one of the Python original has no zone and means UTC.
 * @throws UserError where it is no time.
 */
export function timeOf(iso: string): number {
  const ms = Date.parse(/Z|[+-]\d\d:\d\d$/.test(iso) ? iso : `${iso}Z`);
  if (!Number.isFinite(ms)) throw new UserError(`${JSON.stringify(iso)} is no time of a harvest`);
  return ms;
}

function parseObject(json: Json): JsonObject {
  return object.parse(json);
}

function untimed({ timestamp: _, ...config }: JsonObject): JsonObject {
  return config;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
