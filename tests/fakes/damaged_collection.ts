/** A collection whose files a test damages, and repairs. */

import assert from "node:assert/strict";
import { gunzipSync, gzipSync } from "node:zlib";
import { acquireLease } from "../../lib/bucket/lease.ts";
import { checkTweets } from "../../lib/archive/file_check.ts";
import { repair } from "../../lib/archive/repair.ts";
import { verify } from "../../lib/archive/verify.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { gapLook } from "../../lib/archive/gap_fill.ts";
import { listGaps } from "../../lib/archive/gap_list.ts";
import { readCheckpoint } from "../../lib/bucket/checkpoint_state.ts";
import { harvestTime } from "../../lib/collection/layout.ts";
import { compareTweetsFileNames } from "../../lib/format/file_name.ts";
import { Collections } from "../../lib/bucket/collections.ts";
import type { MemoryStore } from "./memory_store.ts";
import { ROOT } from "../bucket/verified_bucket.ts";

export const CHECKPOINT = `${ROOT}checkpoint.json`;

export function collection(store: MemoryStore) {
  const { signal } = new AbortController();
  const [isGone, onFile] = [() => true, () => {}];
  return { store, clock: systemClock, collectionId: "c", isGone, onFile, signal };
}

/** What a repair does, and what is wrong then. */
export async function repaired(
  store: MemoryStore,
  clock = systemClock,
): Promise<{ mended: string[]; faults: string[] }> {
  const mended: string[] = [];
  const options = { ...collection(store), clock };
  const holder = { id: "mender", host: "here", pid: 1 };
  const lease = await acquireLease({ ...options, holder });
  const onMended = (what: string) => void mended.push(what);
  try {
    await repair({ ...options, lease, holder: holder.id, onMended });
  } finally {
    await lease.release();
  }
  return { mended, faults: await faults(store) };
}

/** What is wrong besides the files that are damaged. */
async function faults(store: MemoryStore): Promise<string[]> {
  const found = await verify(collection(store));
  return found.faults.filter(({ says }) =>
    !/not an intact|from the inventory|manifest lists it|line|it says \d+ tweets/.test(says)
  )
    .map(({ key, says }) => `${key}: ${says}`);
}

/** Every id of which a reader gets the tweet, damaged files as far as they can be read. */
export async function ids(store: MemoryStore): Promise<string[]> {
  const found: string[] = [];
  for (const key of store.keys().filter((key) => key.includes("/tweets-"))) {
    const bytes = (await store.get(key))?.bytes ?? assert.fail();
    const lines = gunzipSync(bytes, { finishFlush: 2 }).toString().split("\n");
    // A line without an end is none.
    for (const line of lines.slice(0, -1)) {
      try {
        const status = JSON.parse(line);
        found.push(
          ...(status.data ?? [status]).map((one: { id_str?: string; id: string }) =>
            one.id_str ?? one.id
          ),
        );
      } catch {
        // Cut off.
      }
    }
  }
  return found;
}

/** As `ids`, without files of which nothing can be trusted. */
export async function readable(store: MemoryStore): Promise<string[]> {
  const found: string[] = [];
  for (const key of store.keys().filter((key) => key.includes("/tweets-"))) {
    const own: string[] = [];
    const { isAltered } = await checkTweets(store, key, (id) => void own.push(id));
    if (!isAltered) found.push(...own);
  }
  return found;
}

export async function cut(store: MemoryStore, key: string, share = 0.5): Promise<void> {
  const { bytes } = await store.get(key) ?? assert.fail();
  await store.put(key, bytes.slice(0, Math.floor(bytes.length * share)));
}

/** Alters bytes of a file: lines still parse, with other ids, and only the checksum shows it. */
export async function alter(store: MemoryStore, key: string): Promise<void> {
  const { bytes } = await store.get(key) ?? assert.fail();
  let nth = 0;
  // Of all, one in the future, and one of years ago.
  const others = ["9", "1"];
  const lines = gunzipSync(bytes).toString().split("\n").map((line) => {
    const [, id = ""] = /"id_str":"(\d+)"/.exec(line) ?? [];
    const other = id.replace(/^\d/, others[nth++ % 4] ?? id.slice(0, 1));
    return id === "" ? line : line.replaceAll(id, other);
  });
  const altered = gzipSync(lines.join("\n"));
  // Of the checksum.
  const at = altered.length - 8;
  altered[at] = (altered[at] ?? 0) ^ 1;
  await store.put(key, altered);
}

/** Damages a file in one of the ways in which disks do. */
export async function hurt(
  store: MemoryStore,
  key: string,
  how: string,
  share = 0.5,
): Promise<void> {
  if (how === "deleted") return await store.delete(key);
  if (how === "altered") return await alter(store, key);
  if (how === "cut") return await cut(store, key, share);
  const { bytes } = await store.get(key) ?? assert.fail();
  await store.put(key, new Uint8Array(bytes.length));
}

/** The tweets files, in the order in which they were made. */
export const filesOf = (store: MemoryStore) =>
  store.keys().filter((key) => key.includes("/tweets-")).toSorted((a, b) =>
    harvestTime(a) - harvestTime(b) ||
    compareTweetsFileNames(a.slice(a.indexOf("tweets-")), b.slice(b.indexOf("tweets-")))
  );

/** What `collection gaps` says of each. */
export async function statuses(store: MemoryStore, clock = systemClock): Promise<string[]> {
  const { config } = await new Collections(store, clock).load("c");
  const { positions = {} } = await readCheckpoint(store, "c") ?? {};
  const look = gapLook(config, positions, clock.now());
  return (await listGaps(store, "c", look)).map(({ status }) => status);
}
