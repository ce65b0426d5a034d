/** Rebuilds a lost or damaged harvest.json from the tweets, the manifest and the side files. */

import { isoTime } from "../base/clock.ts";
import { jsonOrNull } from "../base/json.ts";
import { jsonBytes } from "../base/json_bytes.ts";
import { jsonObject } from "../base/json_object.ts";
import { VERSION } from "../base/version.ts";
import type { HarvestInfo } from "../collection/harvest_info.ts";
import { FILES, harvestTime } from "../collection/layout.ts";
import { isThere, type Store } from "../store/store.ts";
import { checkJsonLines } from "./file_check.ts";
import { type HarvestFound, isWhole, totals } from "./found.ts";

/** Returns whether harvest.json can be rebuilt: the manifest lists everything, and all files are intact. */
export function canBeRemade(harvest: HarvestFound): boolean {
  const { info, hasManifest, listed, unlisted, isOriginal, isOpen } = harvest;
  const isAll = hasManifest && listed.size > 0 && unlisted.length === 0;
  return info === null && !isOriginal && !isOpen && isAll && isWhole(harvest);
}

/**
 * Returns the known fields of a harvest without its harvest.json; how it ended is unknown.
 * @param now In milliseconds since 1970.
 * @throws OutsideError where the store fails.
 */
export async function remadeInfo(
  store: Store,
  { collectionId, harvest, now }: { collectionId: string; harvest: HarvestFound; now: number },
): Promise<Uint8Array> {
  const { folder } = harvest;
  const { tweets, files, bytes } = totals(harvest);
  const lines = async (name: string) => {
    const key = `${folder}${name}`;
    return await isThere(store, key) ? (await checkJsonLines(store, key)).lines : 0;
  };
  const json = async (name: string) => jsonOrNull((await store.get(`${folder}${name}`))?.bytes);
  const changes = await json(FILES.userChanges);
  const { type } = jsonObject.safeParse(await json(FILES.config)).data ?? {};
  const info: HarvestInfo = {
    collection_id: collectionId,
    harvest_timestamp: isoTime(harvestTime(folder)),
    tweets,
    files,
    file_bytes: bytes,
    ...(typeof type === "string" ? { type } : {}),
    users: await lines(FILES.users),
    user_changes: Array.isArray(changes) ? changes.length : 0,
    gaps: await lines(FILES.gaps),
    remade: { at: isoTime(now), program: `twarc-cloud ${VERSION}`, from: "tweets and manifest" },
  };
  return jsonBytes(info);
}
