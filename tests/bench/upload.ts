/**
 * Uploads a collection of a folder bucket into one of S3 as a harvester does: one file after the other, those of tweets
 * compared with their checksums as they are read. `deno run upload.ts FOLDER BUCKET COLLECTION`.
 */

import { join } from "node:path";
import { parseBucket } from "../../lib/base/bucket_ref.ts";
import { manifests, readListedFiles } from "../../lib/bucket/manifest.ts";
import { collectionKeys } from "../../lib/collection/layout.ts";
import { openStore } from "../../lib/store/open.ts";

const [folder = ".", bucket = "", collectionId = ""] = Deno.args;
const local = await openStore(parseBucket(folder));
const s3 = await openStore(parseBucket(bucket));
const sums = new Map<string, string>();
for await (const manifest of manifests(local, collectionId)) {
  for await (const { key, sha1 } of readListedFiles(local, manifest)) sums.set(key, sha1);
}
for await (const { key, size } of local.list(collectionKeys(collectionId).folder)) {
  const sha1 = sums.get(key);
  await s3.upload(key, join(folder, key), { expected: { bytes: size, ...(sha1 ? { sha1 } : {}) } });
}
Deno.exit(0);
