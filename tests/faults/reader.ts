/** Reads a bucket on its own, with nothing of the program: what its manifests list, and the checkpoint of a harvest that goes on. */

import { createHash } from "node:crypto";
import { z } from "zod";
import { manifestsOf } from "../listings.ts";
import type { Listed } from "../../lib/store/store.ts";

/** As much of a Store as is read. */
export interface Readable {
  list(prefix: string): AsyncIterable<Pick<Listed, "key" | "version">>;
  get(key: string): Promise<{ bytes: Uint8Array } | null>;
}

/** What a bucket has. */
export interface Read {
  /** The files that each tweet is in, by its id. */
  tweets: Map<string, string[]>;
  /** Files that are listed and not there, have another checksum, or cannot be read. */
  unreadable: string[];
  /** Files that are there and not listed. */
  unlisted: string[];
}

const tweetSchema = z.object({
  id: z.union([z.string(), z.number()]),
  id_str: z.string().optional(),
});
const lineSchema = z.union([
  z.object({ data: z.union([tweetSchema.array(), tweetSchema.transform((tweet) => [tweet])]) })
    .transform(({ data }) => data),
  tweetSchema.transform((tweet) => [tweet]),
]);

/** Reads every file that a manifest, or the checkpoint of a harvest that goes on, lists. */
export async function readBucket(bucket: Readable): Promise<Read> {
  const read: Read = { tweets: new Map(), unreadable: [], unlisted: [] };
  const keys = (await Array.fromAsync(bucket.list("collections/"))).map(({ key }) => key);
  const listed = new Set<string>();
  const text = async (key: string) => new TextDecoder().decode((await bucket.get(key))?.bytes);
  for (const [folder, manifest] of await manifestsOf(keys, text)) {
    for (const row of manifest.split("\n").filter(Boolean)) {
      const [, sha1 = "", name = row] = /^([0-9a-f]{40}) {2}(\S+)$/.exec(row) ?? [];
      listed.add(`${folder}${name}`);
      if (!name.startsWith("tweets-")) {
        const side = (await bucket.get(`${folder}${name}`))?.bytes;
        if (!side || sha1Of(side) !== sha1) read.unreadable.push(`${folder}${name}`);
        continue;
      }
      const ids = await idsIn((await bucket.get(`${folder}${name}`))?.bytes, sha1);
      if (!ids) read.unreadable.push(`${folder}${name}`);
      for (const id of ids ?? []) {
        read.tweets.set(id, [...read.tweets.get(id) ?? [], `${folder}${name}`]);
      }
    }
  }
  read.unlisted = keys.filter((key) => key.includes("/tweets-") && !listed.has(key));
  return read;
}

function sha1Of(bytes: Uint8Array): string {
  return createHash("sha1").update(bytes).digest("hex");
}

/** The ids in a file; null where it is not whole: the checksum, one member of gzip, a JSON text on each line. */
async function idsIn(bytes: Uint8Array | undefined, sha1: string): Promise<string[] | null> {
  if (!bytes || sha1Of(bytes) !== sha1) return null;
  try {
    // Fails on a file of several members, and on one that is cut.
    const member = new Blob([new Uint8Array(bytes)]).stream().pipeThrough(
      new DecompressionStream("gzip"),
    );
    const bytesOfText = await new Response(member).bytes();
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytesOfText);
    if (!text.endsWith("\n")) return null;
    return text.slice(0, -1).split("\n").flatMap((line) =>
      lineSchema.parse(JSON.parse(line)).map(({ id_str, id }) => id_str ?? `${id}`)
    );
  } catch {
    return null;
  }
}
