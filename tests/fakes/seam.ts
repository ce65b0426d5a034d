/** What a bucket has after a stream went over midnight. */

import { OutsideError } from "../../lib/base/errors.ts";
import type { MemoryStore } from "./memory_store.ts";
import { gunzipSync } from "node:zlib";
import { json, text } from "./whole_harvest.ts";

/** A quarter of a minute in which nothing has come, three minutes before midnight. */
export const START = Date.UTC(2026, 0, 2, 23, 57, 5);
/** A day. */
export const DAY = 86_400_000;
/** The folders of the harvests before and after midnight. */
export const [BEFORE, AFTER] = [
  "collections/c/harvests/2026/01/02/23/57/05/",
  "collections/c/harvests/2026/01/03/00/00/00/",
];
/** What a bucket fails with that is away. */
export const AWAY = new OutsideError("The store is away");

/** The ids of the tweets that a harvest's manifest lists. */
export async function idsIn(store: MemoryStore, folder: string): Promise<string[]> {
  const manifest = await text(store, `${folder}manifest-sha1.txt`);
  const ids: string[] = [];
  for (const row of manifest.split("\n").filter(Boolean)) {
    const [, name = ""] = row.split("  ");
    if (!name.startsWith("tweets-")) continue;
    const { bytes } = await store.get(`${folder}${name}`) ?? {};
    const lines = gunzipSync(bytes ?? new Uint8Array()).toString().trimEnd().split("\n");
    ids.push(...lines.map((line) => JSON.parse(line).id_str));
  }
  return ids;
}

/** What harvest.json of a folder says. */
export function infoOf(store: MemoryStore, folder: string) {
  return json(store, `${folder}harvest.json`);
}

/** The folders of all harvests, oldest first. */
export function foldersOf(store: MemoryStore): string[] {
  const begun = store.keys().filter((key) => /\/harvests\/.*\/collection\.json$/.test(key));
  return begun.map((key) => key.replace(/collection\.json$/, ""));
}
