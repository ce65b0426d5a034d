/** The input of an export: the files of collections, as their manifests list them. */

import { hash } from "node:crypto";
import { listedFiles } from "../bucket/listing.ts";
import { collectionKeys, harvestTime } from "../collection/layout.ts";
import { parseStamp } from "../base/stamp.ts";
import { UserError } from "../base/errors.ts";
import type { Store } from "../store/store.ts";
import type { SourceFile } from "./read_posts.ts";

/** The files of an export. */
export interface Source {
  files: SourceFile[];
  /** Bytes of each file, as it is stored; 0 for a missing one. */
  sizes: number[];
  /** SHA-256 over a line for each file, `<sha1>  <key>`, in their order: the same for the same input. */
  fingerprint: string;
}

/**
 * Finds the files of collections, collection by collection, the oldest harvest first.
 * @param harvest `last`, or when a harvest began, as its folder says.
 * @throws UserError where a collection has no such harvest
 */
export async function findSource(
  store: Store,
  ids: Iterable<string>,
  harvest?: string,
): Promise<Source> {
  const found: { file: SourceFile; line: string; size: number }[] = [];
  for (const id of ids) {
    const sizes = new Map<string, number>();
    for await (const { key, size } of store.list(collectionKeys(id).harvests)) sizes.set(key, size);
    const all: typeof found = [];
    for await (const { key, sha1 } of listedFiles(store, id)) {
      const file = { collection: id, key };
      all.push({ file, line: `${sha1}  ${key}\n`, size: sizes.get(key) ?? 0 });
    }
    for (const one of harvest === undefined ? all : ofHarvest(all, id, harvest)) found.push(one);
  }
  return {
    files: found.map(({ file }) => file),
    sizes: found.map(({ size }) => size),
    fingerprint: hash("sha256", found.map(({ line }) => line).join("")),
  };
}

function ofHarvest<T extends { file: SourceFile }>(all: T[], id: string, harvest: string): T[] {
  const times = all.map(({ file }) => harvestTime(file.key));
  // An id has milliseconds, and folders have none.
  const wanted = harvest === "last"
    ? times.at(-1)
    : parseStamp(harvest.replace(/\.\d+(?=Z?$)/, ""));
  const found = all.filter((_, i) => times[i] === wanted);
  if (found.length > 0) return found;
  const newest = new Date(times.at(-1) ?? NaN);
  throw new UserError(`${id} has no harvest ${harvest} with tweets`, {
    ...(Number.isNaN(newest.getTime()) ? {} : { hint: `Its last one is ${newest.toISOString()}.` }),
  });
}
