/** The claim of a folder by the harvest that begins in it. */

import { Buffer } from "node:buffer";
import { isoTime } from "../base/clock.ts";
import { collectionKeys, FILES } from "../collection/layout.ts";
import { ConflictError, OutsideError } from "../base/errors.ts";
import type { JsonObject } from "../base/json.ts";
import { jsonBytes } from "../base/json_bytes.ts";
import type { Store } from "../store/store.ts";
import type { NamedSum } from "./checkpoint_state.ts";
import { sha1Hex } from "./inventory_entry.ts";

/**
 * Claims a folder for a harvest that begins now, by a conditional put of its collection.json; if the second is taken,
 * the next one. The checkpoint is fenced: no other harvester begins in a folder.
 * @param config The configuration without keys.
 * @returns When the harvest began, in milliseconds since 1970, and what is in its folder.
 */
export async function claimFolder(
  store: Store,
  { collectionId, config, now }: { collectionId: string; config: JsonObject; now: number },
): Promise<{ began: number; sides: NamedSum[] }> {
  const keys = collectionKeys(collectionId);
  const bytes = jsonBytes(config);
  const sides = [{ name: FILES.config, sha1: sha1Hex(bytes) }];
  for (let began = now, tries = 0; tries < 60; began = (Math.floor(began / 1_000) + 1) * 1_000) {
    try {
      await store.put(`${keys.harvest(began)}${FILES.config}`, bytes, { ifAbsent: true });
      return { began, sides };
    } catch (error) {
      if (!(error instanceof OutsideError)) throw error;
      const claimed = isUnused(store, keys.harvest(began), bytes);
      if (await claimed.catch(() => Promise.reject(error))) return { began, sides };
      if (!(error instanceof ConflictError)) throw error;
      tries++;
    }
  }
  throw new OutsideError(`No free harvest folder was found from ${isoTime(now)} on`);
}

/**
 * Returns whether a folder was just claimed: by a put whose response was lost, or by a harvester killed right after.
 */
async function isUnused(store: Store, folder: string, config: Uint8Array): Promise<boolean> {
  const key = `${folder}${FILES.config}`;
  for await (const found of store.list(folder)) if (found.key !== key) return false;
  const found = await store.get(key);
  return found !== null && Buffer.from(found.bytes).equals(config);
}
