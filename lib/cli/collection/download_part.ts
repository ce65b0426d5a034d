/** Which part of a collection is downloaded. */

import { UserError } from "../../base/errors.ts";
import { parseStamp } from "../../base/stamp.ts";
import { collectionKeys, harvestTime } from "../../collection/layout.ts";
import type { Store } from "../../store/store.ts";

/** What is wanted of a collection: of its harvests; what else it has is always wanted. */
export interface Part {
  /** One harvest: `last`, or when it began. */
  harvest?: string | undefined;
  /** Milliseconds since 1970: harvests that began from then on. */
  from?: number | undefined;
  /** Harvests that began before then. */
  to?: number | undefined;
  /** Whether the files of tweets are wanted. */
  tweets: boolean;
}

/** Returns whether an object is wanted, by its key: of what is in no harvest all is. @throws UserError where there is no such harvest */
export async function partOf(
  store: Store,
  id: string,
  { harvest, from = -Infinity, to = Infinity }: Part,
): Promise<(key: string) => boolean> {
  const only = harvest === undefined ? undefined : await timeOf(store, id, harvest);
  return (key) => {
    const began = harvestTime(key);
    if (Number.isNaN(began)) return true;
    return began >= from && began < to && (only === undefined || began === only);
  };
}

/** Returns when the harvest began that a person names. */
async function timeOf(store: Store, id: string, harvest: string): Promise<number> {
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
