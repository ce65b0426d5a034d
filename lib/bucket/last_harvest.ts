/** Reads the last harvest of a collection. */

import { z } from "zod";
import { type HarvestInfo, harvestInfoSchema, hasEndedItself } from "../collection/harvest_info.ts";
import { collectionKeys, FILES } from "../collection/layout.ts";
import { AccessError, UserError } from "../base/errors.ts";
import { parseDocument } from "./documents.ts";
import type { Store } from "../store/store.ts";
import { timeOrNull } from "./history.ts";

/** The schema of last_harvest.json. */
export const lastHarvestSchema = z.object({ harvest_id: z.string() });
/** The schema of user_changes.json. */
export const userChangesSchema = z.array(z.object({
  user_id: z.string(),
  screen_name: z.string().nullish(),
  change: z.string(),
  at: z.string().optional(),
  old_screen_name: z.string().optional(),
  was: z.string().optional(),
}));

/** The last harvest of a collection. */
export interface LastHarvest {
  info: HarvestInfo;
  userChanges: z.infer<typeof userChangesSchema>;
}

/**
 * Returns a collection's last harvest, or null. One from before a rename, or in a copy, has the collection's id.
 * @throws UserError if its documents are damaged.
 */
export async function readLastHarvest(store: Store, id: string): Promise<LastHarvest | null> {
  const keys = collectionKeys(id);
  const last = await store.get(keys.lastHarvest);
  if (!last) return null;
  const { harvest_id } = parseDocument(lastHarvestSchema, last.bytes, keys.lastHarvest);
  const folder = keys.harvest(parseHarvestId(harvest_id));
  let infoKey = `${folder}${FILES.harvest}`;
  let info = await store.get(infoKey);
  if (!info) {
    infoKey = `${folder}${FILES.originalHarvest}`;
    info = await store.get(infoKey);
  }
  if (!info) return null;
  const changes = await store.get(`${folder}${FILES.userChanges}`);
  return {
    info: { ...parseDocument(harvestInfoSchema, info.bytes, infoKey), collection_id: id },
    userChanges: changes
      ? parseDocument(userChangesSchema, changes.bytes, `${folder}${FILES.userChanges}`)
      : [],
  };
}

/**
 * Returns why a collection's last harvest ended by itself, if it did since a time; null if not, or if it cannot be
 * read.
 * @param since In milliseconds since 1970.
 * @throws OutsideError where the store fails.
 */
export async function endedWhy(
  store: Store,
  id: string,
  since = -Infinity,
): Promise<string | null> {
  const { info } = await readLastHarvest(store, id).catch(nullIfDamaged) ?? {};
  if (!info || !hasEndedItself(info)) return null;
  if (Date.parse(info.harvest_end_timestamp ?? "") < since) return null;
  return info.reason ?? "It is done";
}

function nullIfDamaged(error: unknown): null {
  if (error instanceof UserError && !(error instanceof AccessError)) return null;
  throw error;
}

/**
 * Parses a harvest's id to milliseconds since 1970; the Python original's have no zone and mean UTC.
 * @throws UserError if it is not a time.
 */
export function parseHarvestId(iso: string): number {
  const ms = timeOrNull(iso);
  if (ms === null) throw new UserError(`${JSON.stringify(iso)} is not the time of a harvest`);
  return ms;
}
