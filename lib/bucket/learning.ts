/** Merges what a harvest learned into the newest configuration. */

import { type Changeset, type ConfigUpdate, isEmpty } from "../collection/changeset.ts";
import { effectiveChange, learnedOfMany } from "../collection/learned.ts";
import { ConflictError } from "../base/errors.ts";
import type { JsonObject } from "../base/json.ts";
import type { PackedCut } from "../base/packed.ts";
import { type Configuration, laterThan } from "./configuration.ts";

/** What a harvest learned. */
export interface News {
  change: ConfigUpdate;
  /** When, in milliseconds since 1970. */
  at: number;
  /** The harvest, and its note. */
  by: Pick<Changeset, "harvest_timestamp" | "note">;
}

/** Merges news. @returns What it changed. */
export async function learnWhole(
  configuration: Configuration,
  { change, at, by }: News,
): Promise<ConfigUpdate> {
  for (;;) {
    const loaded = await configuration.load();
    const known = effectiveChange(loaded.json, change);
    if (isEmpty(known)) return known;
    try {
      const found = await configuration.standing(loaded);
      const base = await configuration.finishHalfDone(found, at);
      const news = base === found ? known : effectiveChange(base.json, change);
      if (!isEmpty(news)) await configuration.change(base, news, timeOf(at, base.json), { by });
      return news;
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
    }
  }
}

/**
 * Merges news of many users, without a configuration that is in memory as a whole.
 * @param users News by user id, none of them in the change.
 * @returns What it changed besides; null where it changed nothing, as the whole configuration is needed: of some users,
 * it is half done, or none has news.
 */
export async function learnMany(
  configuration: Configuration,
  users: PackedCut<JsonObject>,
  { change, at, by }: News,
): Promise<ConfigUpdate | null> {
  for (;;) {
    const loaded = await configuration.loadMany();
    const news = loaded && learnedOfMany(loaded, change, users);
    if (!loaded || !news?.users.size) return null;
    const { isUnrecorded, halfDone } = await configuration.standing(loaded);
    if (isUnrecorded || halfDone.length > 0) return null;
    try {
      await configuration.changeMany(loaded, news, timeOf(at, loaded.json), by);
      return news.change;
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
    }
  }
}

/** Returns when a change is made that was learned at a time: after the configuration that it changes. */
function timeOf(at: number, config: JsonObject): number {
  const later = laterThan(config);
  return at < later - 1 ? later : at;
}
