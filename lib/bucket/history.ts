/** The history of a configuration: each change is recorded before it is in force. */

import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { isoTime } from "../base/clock.ts";
import {
  type Changeset,
  type ConfigUpdate,
  type Deletion,
  hasSecret,
  isEmpty,
  merge,
  redact,
} from "../collection/changeset.ts";
import { withoutSecrets } from "../collection/rebase.ts";
import { collectionKeys, isChangeset } from "../collection/layout.ts";
import { stamp } from "../base/stamp.ts";
import { ConflictError, UserError } from "../base/errors.ts";
import type { JsonObject } from "../base/json.ts";
import { parseDocument } from "./documents.ts";
import { jsonBytes } from "../base/json_bytes.ts";
import type { Members } from "../base/packed.ts";
import { giveBack } from "../base/memory.ts";
import { settledPut } from "../store/settled_put.ts";
import { type FileSum, sumOf } from "./inventory_entry.ts";
import type { Store, Version } from "../store/store.ts";
import { jsonObject } from "../base/json_object.ts";

const deletion: z.ZodType<Deletion> = z.lazy(() =>
  z.union([z.string(), z.record(z.string(), z.array(deletion))])
);

/** What a changeset in the bucket says. */
export const changesetSchema = z.object({
  update: jsonObject,
  delete: z.array(deletion),
  change_timestamp: z.string(),
  changed_from: z.string().optional(),
  harvest_timestamp: z.string().optional().catch(undefined),
  note: z.string().optional().catch(undefined),
  removed: z.array(z.object({
    file: z.string(),
    replaced_by: z.string().nullable(),
    tweets: z.array(z.object({ id: z.string(), reason: z.string() })),
  })).optional(),
  redacted: z.array(z.string()).optional(),
});

/** A changeset in the bucket. */
export interface Recorded {
  key: string;
  version: Version;
  changeset: Changeset;
  /** Of its file. */
  sum: FileSum;
}

/** What a collection's history says of its configuration as it stands. */
export interface Standing {
  /** Whether nothing was ever recorded, not even that the collection was added. */
  isUnrecorded: boolean;
  /** Changes of this very configuration that were recorded and are not in force: each was cut, or is under way. */
  halfDone: Recorded[];
}

/** The changesets of one collection. */
export class History {
  readonly #store: Store;
  readonly #id: string;

  constructor(store: Store, id: string) {
    this.#store = store;
    this.#id = id;
  }

  /** Every changeset, in the order of their names. @throws UserError where one is damaged. */
  async *all(): AsyncGenerator<Changeset> {
    for await (const key of this.#keys()) {
      const found = await this.#read(key);
      if (found) yield found.changeset;
    }
  }

  /**
   * Every changeset that can be read, in the order of their names.
   * @param onDamaged Called with what is wrong with each of the others.
   */
  async *readable(onDamaged: (error: UserError) => void = () => {}): AsyncGenerator<Changeset> {
    for await (const key of this.#keys()) {
      const found = await this.#read(key).catch((error) => {
        if (error instanceof UserError) onDamaged(error);
        return nullIfDamaged(error);
      });
      if (found) yield found.changeset;
    }
  }

  /** The changesets that can be read, and whose names say that they were made at a time or later. */
  async *since(ms: number): AsyncGenerator<Recorded> {
    const first = collectionKeys(this.#id).changeset(ms);
    for await (const key of this.#keys()) {
      const found = key < first ? null : await this.#read(key).catch(nullIfDamaged);
      if (found) yield found;
    }
  }

  /**
   * The configuration as it was at a time, its secrets as fingerprints; null where the history does not lead from it to
   * the one in force.
   * @param timestamp As the configuration says it.
   */
  async at(timestamp: string, current: JsonObject): Promise<JsonObject | null> {
    const { id, type, timestamp: _, ...rest } = withoutSecrets(current);
    let config: JsonObject = { ...(id === undefined ? {} : { id }), ...(type ? { type } : {}) };
    const inForce = { ...config, ...rest };
    let found: JsonObject | null = null;
    try {
      for await (const changeset of this.all()) {
        if (isHalfDone(changeset, current)) continue;
        const { update, delete: deleted } = changeset;
        config = merge(config, { update: withoutSecrets(update), delete: deleted });
        if (changeset.change_timestamp === timestamp) found ??= config;
      }
    } catch (error) {
      return nullIfDamaged(error);
    }
    return isDeepStrictEqual(config, inForce) ? found : null;
  }

  /** What is recorded of a configuration besides what is in force. @throws OutsideError */
  async standing(config: JsonObject): Promise<Standing> {
    const since = stamp(timeOrNull(timestampOf(config)) ?? 0);
    const standing: Standing = { isUnrecorded: true, halfDone: [] };
    for await (const key of this.#keys()) {
      standing.isUnrecorded = false;
      if (key < collectionKeys(this.#id).changesets + `change-${since}`) continue;
      // What is damaged is for `verify` to name: it holds up no change.
      const found = await this.#read(key).catch(nullIfDamaged);
      if (found && isHalfDone(found.changeset, config)) standing.halfDone.push(found);
    }
    return standing;
  }

  /**
   * Records a change under its second; under the next free one where another is there. Done twice, it is there once.
   * @param at In milliseconds since 1970.
   * @param users What it changes of users besides, where there are many: facts without secrets.
   */
  async record(
    change: Omit<Changeset, "change_timestamp">,
    at: number,
    users?: Members,
  ): Promise<Recorded> {
    const changeset: Changeset = { ...change, ...redact(change), change_timestamp: isoTime(at) };
    const bytes = jsonBytes(
      users ? { ...changeset, update: { ...changeset.update, users } } : changeset,
    );
    for (let ms = at;; ms += 1_000) {
      const key = collectionKeys(this.#id).changeset(ms);
      try {
        const version = await settledPut(this.#store, key, bytes, { ifAbsent: true });
        const sum = sumOf(bytes);
        giveBack(bytes);
        return { key, version, changeset, sum };
      } catch (error) {
        if (!(error instanceof ConflictError)) throw error;
      }
    }
  }

  /** Takes back the record of a change that never came into force. */
  async withdraw({ key, version }: Recorded): Promise<void> {
    try {
      await this.#store.delete(key, { ifVersion: version });
    } catch (error) {
      // Somebody else took it back.
      if (!(error instanceof ConflictError)) throw error;
    }
  }

  async *#keys(): AsyncGenerator<string> {
    for await (const { key } of this.#store.list(collectionKeys(this.#id).changesets)) {
      if (isChangeset(key)) yield key;
    }
  }

  async #read(key: string): Promise<Recorded | null> {
    const found = await this.#store.get(key);
    if (!found) return null;
    const changeset = parseDocument(changesetSchema, found.bytes, key);
    return { key, version: found.version, changeset, sum: sumOf(found.bytes) };
  }
}

/** What a configuration says of its age; nothing where it says nothing. */
export function timestampOf({ timestamp }: JsonObject): string {
  return typeof timestamp === "string" ? timestamp : "";
}

/** A time in milliseconds since 1970; one of the Python original has no zone and means UTC. Null where it is none. */
export function timeOrNull(iso: string): number | null {
  const ms = Date.parse(/Z|[+-]\d\d:\d\d$/.test(iso) ? iso : `${iso}Z`);
  return Number.isFinite(ms) ? ms : null;
}

/** Whether a record is of this very change; secrets are compared by their fingerprints. */
export function isRecordOf({ changeset }: Recorded, change: ConfigUpdate): boolean {
  const { update, delete: deleted } = redact(change);
  return isDeepStrictEqual(
    { update: changeset.update, delete: changeset.delete },
    { update, delete: deleted },
  );
}

/** Whether a change can be made from its record alone: that has no secrets. */
export function canBeEnded({ changeset }: Recorded): boolean {
  return !hasSecret(changeset.update);
}

/** Whether a change was made from a configuration that is still the one in force: each has a time of its own. */
export function isHalfDone(changeset: Changeset, config: JsonObject): boolean {
  const { changed_from, change_timestamp } = changeset;
  const now = timestampOf(config);
  return changed_from === now && change_timestamp !== now && !isEmpty(changeset);
}

function nullIfDamaged(error: unknown): null {
  if (error instanceof UserError) return null;
  throw error;
}
