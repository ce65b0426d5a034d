/** Moves tweets that a repair takes out of harvests to `set-aside/`, with a reason; they are never deleted. */

import { join } from "node:path";
import { isoTime } from "../base/clock.ts";
import { diskError } from "../base/disk_error.ts";
import { removeFile } from "../base/in_use.ts";
import { isObject, jsonOrNull } from "../base/json.ts";
import { stamp } from "../base/stamp.ts";
import { VERSION } from "../base/version.ts";
import { storedSum } from "../bucket/harvest_sums.ts";
import { History } from "../bucket/history.ts";
import { appendLines } from "../bucket/journal.ts";
import type { Lease } from "../bucket/lease.ts";
import { collectionKeys, harvestTime } from "../collection/layout.ts";
import type { Clock } from "../base/clock.ts";
import type { Store } from "../store/store.ts";

/** A collection under repair. */
export interface SetAsidePlace {
  store: Store;
  clock: Clock;
  collectionId: string;
  lease: Pick<Lease, "check">;
}

/**
 * Moves a harvest's object to `set-aside/`; the copy and its reason are written before it is deleted, so that it can be
 * retried.
 * @returns The new key.
 * @throws OutsideError where the store fails; UserError if the disk is full.
 */
export async function setAside(place: SetAsidePlace, key: string, why: string): Promise<string> {
  const { store, clock, collectionId, lease } = place;
  const { setAside: aside } = collectionKeys(collectionId);
  const name = key.slice(key.lastIndexOf("/") + 1);
  const sum = await storedSum(store, key);
  const to = `${aside}${stamp(harvestTime(key))}-${sum.sha1.slice(0, 8)}-${name}`;
  await copy(place, { key, to, sum });
  const journal = { store, key: `${aside}reasons.jsonl`, parts: `${aside}reasons/` };
  const at = isoTime(clock.now());
  await appendLines({ ...journal, guard: () => lease.check() }, (newest) => {
    const isSaid = newest.map(jsonOrNull).some((said) => isObject(said) && said.to === to);
    return isSaid ? [] : [JSON.stringify({ at, from: key, to, ...sum, why, program: VERSION })];
  });
  lease.check();
  await store.delete(key);
  return to;
}

async function copy(
  { store, lease }: SetAsidePlace,
  { key, to, sum: { sha1, bytes } }: {
    key: string;
    to: string;
    sum: { sha1: string; bytes: number };
  },
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "twarc-cloud-aside-" });
  try {
    const path = join(folder, "file");
    try {
      await Deno.writeFile(path, await store.read(key));
    } catch (cause) {
      throw diskError(cause);
    }
    lease.check();
    await store.upload(to, path, { expected: { sha1, bytes } });
  } finally {
    await removeFile(folder, { recursive: true });
  }
}

/** Returns the files that X or a person wanted tweets removed from, which are not kept. */
export async function removedFiles(
  { store, collectionId }: Pick<SetAsidePlace, "store" | "collectionId">,
): Promise<Set<string>> {
  const { folder } = collectionKeys(collectionId);
  const changesets = await Array.fromAsync(new History(store, collectionId).readable(() => {}));
  return new Set(
    changesets.flatMap(({ removed = [] }) => removed.map(({ file }) => `${folder}${file}`)),
  );
}
