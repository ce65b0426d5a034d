/** Selects a part of a collection to download. */

import { UserError } from "../../base/errors.ts";
import { parseStamp } from "../../base/stamp.ts";
import { collectionKeys, harvestTime } from "../../collection/layout.ts";
import type { Store } from "../../store/store.ts";

/** A selection of harvests; everything outside of harvests is always included. */
export interface Part {
  /** One harvest: `last`, or its beginning. */
  harvest?: string | undefined;
  /** Earliest beginning of harvests, in milliseconds since 1970. */
  from?: number | undefined;
  /** Latest beginning of harvests (exclusive). */
  to?: number | undefined;
  /** Whether to include files of tweets. */
  tweets: boolean;
}

/** Returns a filter of keys for a part; keys outside of harvests pass. @throws UserError if there is no such harvest */
export async function partFilter(
  store: Store,
  id: string,
  { harvest, from = -Infinity, to = Infinity }: Part,
): Promise<(key: string) => boolean> {
  const only = harvest === undefined ? undefined : await findHarvest(store, id, harvest);
  return (key) => {
    const began = harvestTime(key);
    if (Number.isNaN(began)) return true;
    return began >= from && began < to && (only === undefined || began === only);
  };
}

/** Returns the beginning of a harvest that a person names. */
async function findHarvest(store: Store, id: string, harvest: string): Promise<number> {
  // An id has milliseconds, and folders have none.
  const wanted = harvest === "last" ? undefined : parseStamp(harvest.replace(/\.\d+(?=Z?$)/, ""));
  let last = NaN;
  for await (const { key } of store.list(collectionKeys(id).harvests)) {
    const began = harvestTime(key);
    if (Number.isNaN(began)) continue;
    if (began === wanted) return began;
    last = began;
  }
  if (wanted === undefined && !Number.isNaN(last)) return last;
  throw new UserError(`${id} has no harvest ${harvest}`, {
    ...(Number.isNaN(last) ? {} : { hint: `Its last one is ${new Date(last).toISOString()}.` }),
  });
}
