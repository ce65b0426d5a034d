/** Reads a bucket on its own, with nothing of the program: what its manifests list. */

import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import type { Store } from "../../lib/store/store.ts";

/** What a bucket has. */
export interface Read {
  /** How often each tweet is there, by its id. */
  tweets: Map<string, number>;
  /** Files that are listed and not there, have another checksum, or cannot be read. */
  unreadable: string[];
  /** Files that are there and not listed. */
  unlisted: string[];
}

/** Reads every file that a manifest lists. */
export async function readBucket(store: Store): Promise<Read> {
  const read: Read = { tweets: new Map(), unreadable: [], unlisted: [] };
  const keys = (await Array.fromAsync(store.list("collections/"))).map(({ key }) => key);
  const listed = new Set<string>();
  for (const manifest of keys.filter((key) => key.endsWith("/manifest-sha1.txt"))) {
    const folder = manifest.slice(0, manifest.lastIndexOf("/") + 1);
    const text = new TextDecoder().decode((await store.get(manifest))?.bytes);
    for (const row of text.split("\n").filter(Boolean)) {
      const [sha1 = "", name = ""] = row.split("  ");
      listed.add(`${folder}${name}`);
      const ids = idsIn((await store.get(`${folder}${name}`))?.bytes, sha1);
      if (!ids) read.unreadable.push(`${folder}${name}`);
      for (const id of ids ?? []) read.tweets.set(id, (read.tweets.get(id) ?? 0) + 1);
    }
  }
  read.unlisted = keys.filter((key) => key.includes("/tweets-") && !listed.has(key));
  return read;
}

/** The ids in a file; null where it is not whole. */
function idsIn(bytes: Uint8Array | undefined, sha1: string): string[] | null {
  if (!bytes || createHash("sha1").update(bytes).digest("hex") !== sha1) return null;
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(gunzipSync(bytes));
    if (!text.endsWith("\n")) return null;
    return text.slice(0, -1).split("\n").flatMap((line) => {
      const json = JSON.parse(line);
      const tweets = json.data === undefined ? [json] : [json.data].flat();
      return tweets.map((tweet) => String(tweet.id_str ?? tweet.id));
    });
  } catch {
    return null;
  }
}
