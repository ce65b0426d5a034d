/** The history of a configuration: each change is recorded before it takes effect. */

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
import { type FileSum, fileSum } from "./inventory_entry.ts";
import type { Store, Version } from "../store/store.ts";
import { jsonObject } from "../base/json_object.ts";
import { items, text } from "../twitter/bytes/raw_json.ts";

const deletion: z.ZodType<Deletion> = z.lazy(() =>
  z.union([z.string(), z.record(z.string(), z.array(deletion))])
);

/** The schema of a changeset in the bucket. */
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

/** Changes recorded in a collection's history, compared with its current configuration. */
export interface Standing {
  /** Whether nothing was ever recorded, not even that the collection was added. */
  isUnrecorded: boolean;
  /** Changes of this configuration that were recorded and are not in force: interrupted, or in progress. */
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

  /** Yields every changeset in the order of their names. @throws UserError if one is damaged. */
  async *all(): AsyncGenerator<Changeset> {
    for await (const key of this.#keys()) {
      const found = await this.#read(key);
      if (found) yield found.changeset;
    }
  }

  /**
   * Yields every readable changeset in the order of their names.
   * @param onDamaged Called with the error of each of the others.
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

  /** Yields the readable changesets that were made at a time or later, by their names. */
  async *since(ms: number): AsyncGenerator<Recorded> {
    const first = collectionKeys(this.#id).changeset(ms);
    for await (const key of this.#keys()) {
      const found = key < first ? null : await this.#read(key).catch(nullIfDamaged);
      if (found) yield found;
    }
  }

  /**
   * Returns the configuration as of a time, with secrets as fingerprints; null if the history does not connect it to
   * the current one.
   * @param timestamp As in the configuration.
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

  /** Returns what is recorded of a configuration besides what is in force. @throws OutsideError */
  async standing(config: JsonObject): Promise<Standing> {
    const since = stamp(timeOrNull(readTimestamp(config)) ?? 0);
    const standing: Standing = { isUnrecorded: true, halfDone: [] };
    for await (const key of this.#keys()) {
      standing.isUnrecorded = false;
      if (key < collectionKeys(this.#id).changesets + `change-${since}`) continue;
      // Damage does not block a change: `verify` reports it.
      const found = await this.#read(key, readTimestamp(config)).catch(nullIfDamaged);
      if (found && isHalfDone(found.changeset, config)) standing.halfDone.push(found);
    }
    return standing;
  }

  /**
   * Records a change under its second, or the next free one. Idempotent.
   * @param at In milliseconds since 1970.
   * @param users Changes of many users: facts without secrets.
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
        const sum = fileSum(bytes);
        giveBack(bytes);
        return { key, version, changeset, sum };
      } catch (error) {
        if (!(error instanceof ConflictError)) throw error;
      }
    }
  }

  /** Deletes the record of a change that never took effect. */
  async withdraw({ key, version }: Recorded): Promise<void> {
    try {
      await this.#store.delete(key, { ifVersion: version });
    } catch (error) {
      // Another process deleted it.
      if (!(error instanceof ConflictError)) throw error;
    }
  }

  async *#keys(): AsyncGenerator<string> {
    for await (const { key } of this.#store.list(collectionKeys(this.#id).changesets)) {
      if (isChangeset(key)) yield key;
    }
  }

  /** @param from Of a configuration: what was certainly not changed from that is not parsed, and null. */
  async #read(key: string, from?: string): Promise<Recorded | null> {
    const found = await this.#store.get(key);
    if (!found) return null;
    const { bytes, version } = found;
    const isOther = from !== undefined && isFromAnother(bytes, from);
    const read = isOther ? null : {
      key,
      version,
      changeset: parseDocument(changesetSchema, bytes, key),
      sum: fileSum(bytes),
    };
    giveBack(bytes);
    return read;
  }
}

/** Returns a configuration's timestamp; empty if it has none. */
export function readTimestamp({ timestamp }: JsonObject): string {
  return typeof timestamp === "string" ? timestamp : "";
}

/** Parses a time to milliseconds since 1970; the Python original's have no zone and mean UTC. Null if it is not one. */
export function timeOrNull(iso: string): number | null {
  const ms = Date.parse(/Z|[+-]\d\d:\d\d$/.test(iso) ? iso : `${iso}Z`);
  return Number.isFinite(ms) ? ms : null;
}

/** Returns whether a record is of this change; secrets are compared by their fingerprints. */
export function matchesChange({ changeset }: Recorded, change: ConfigUpdate): boolean {
  const { update, delete: deleted } = redact(change);
  return isDeepStrictEqual(
    { update: changeset.update, delete: changeset.delete },
    { update, delete: deleted },
  );
}

/** Returns whether a change can be completed from its record alone: it has no secrets. */
export function canBeEnded({ changeset }: Recorded): boolean {
  return !hasSecret(changeset.update);
}

/** Returns whether a change was made from the configuration still in force: each has a timestamp of its own. */
export function isHalfDone(changeset: Changeset, config: JsonObject): boolean {
  const { changed_from, change_timestamp } = changeset;
  const now = readTimestamp(config);
  return changed_from === now && change_timestamp !== now && !isEmpty(changeset);
}

/**
 * Returns whether a changeset is certainly in force, or of another configuration than the one with this timestamp, by
 * its text: parsed, a change of a hundred thousand users takes several times as much memory.
 */
function isFromAnother(bytes: Uint8Array, timestamp: string): boolean {
  const times = new Map<string, string>();
  try {
    for (const { key, ...span } of items(bytes)) {
      if (key === "change_timestamp" || key === "changed_from") times.set(key, text(bytes, span));
    }
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
  const changedAt = times.get("change_timestamp");
  return changedAt !== undefined &&
    (changedAt === timestamp || times.get("changed_from") !== timestamp);
}

function nullIfDamaged(error: unknown): null {
  if (error instanceof UserError) return null;
  throw error;
}
