/** Exports of a bucket in S3: the same files as of the same bucket in a folder. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { parseBucket } from "../../lib/base/bucket_ref.ts";
import { openStore } from "../../lib/store/open.ts";
import { MemoryStore } from "../fakes/memory_store.ts";
import { type Moto, MOTO_KEYS, MOTO_REGION, sharedMoto } from "../peers/moto.ts";
import { madePages } from "../sandbox/v2_pages.ts";
import { madeStatuses, writeHarvest } from "../export/exported.ts";
import { inPlace, type Place } from "./program.ts";

let moto: Moto;
Deno.test.beforeAll(async () => {
  moto = await sharedMoto();
});
Deno.test.afterAll(async () => await moto.close());

const FORMATS = ["csv", "parquet", "jsonl", "ids", "gexf", "bagit"];

/** A bucket with a collection of each version, in memory. */
async function twoCollections(): Promise<MemoryStore> {
  const store = new MemoryStore();
  const put = (id: string, more: object) =>
    store.put(
      `collections/${id}/collection.json`,
      new TextEncoder().encode(
        JSON.stringify({ id, type: "search", search: { query: "a" }, ...more }),
      ),
    );
  await put("old", {});
  await put("new", { api: "2" });
  await writeHarvest(store, "old", [madeStatuses(), madeStatuses().slice(0, 2)]);
  await writeHarvest(store, "new", [madePages()]);
  return store;
}

/** A place whose buckets, a folder and one in S3, have the same objects. */
async function inBoth(
  objects: MemoryStore,
  use: (place: Place, buckets: { folder: string; s3: string }) => Promise<void>,
): Promise<void> {
  await inPlace(async (place) => {
    const client = new S3Client({
      region: MOTO_REGION,
      endpoint: moto.url,
      forcePathStyle: true,
      credentials: { accessKeyId: MOTO_KEYS.accessKey, secretAccessKey: MOTO_KEYS.secretKey },
    });
    const s3 = `exports-${crypto.randomUUID().slice(0, 8)}`;
    const CreateBucketConfiguration = { LocationConstraint: MOTO_REGION } as const;
    await client.send(new CreateBucketCommand({ Bucket: s3, CreateBucketConfiguration }));
    client.destroy();
    const access = { ...MOTO_KEYS, region: MOTO_REGION, endpoint: moto.url };
    const folder = place.path("bucket");
    const stores = [folder, s3].map((name) => openStore(parseBucket(name), access));
    for (const store of await Promise.all(stores)) {
      for (const key of objects.keys()) {
        await store.put(key, (await objects.get(key))?.bytes ?? new Uint8Array());
      }
    }
    Object.assign(place.env, moto.env);
    place.useOneProcess();
    await use(place, { folder, s3 });
  });
}

/** What is in a file, or in the files of a folder, by their paths. */
async function contentOf(path: string): Promise<Record<string, string>> {
  const { isDirectory } = await Deno.stat(path);
  if (!isDirectory) return { "": (await Deno.readFile(path)).toHex() };
  const found: Record<string, string> = {};
  for await (const { name } of Deno.readDir(path)) {
    for (const [below, hex] of Object.entries(await contentOf(join(path, name)))) {
      found[`${name}/${below}`] = hex;
    }
  }
  return found;
}

Deno.test("each form of an export of a bucket in S3 is that of the same bucket in a folder, byte for byte", async () =>
  inBoth(await twoCollections(), async (place, { folder, s3 }) => {
    for (const format of FORMATS) {
      const made = [];
      for (const [where, bucket] of Object.entries({ folder, s3 })) {
        const to = ["--output", place.path(where, format), "--bucket", bucket];
        await place.ok("collection", "export", "old", "new", "--format", format, ...to);
        made.push(await contentOf(place.path(where, format)));
      }
      assert.ok(Object.keys(made[0] ?? {}).length > 0);
      assert.deepEqual(made[1], made[0], format);
    }
  }));

Deno.test("files in S3 that are damaged, or gone, are named, the rest is exported, and the exit code is 1", async () => {
  const objects = await twoCollections();
  const isOld = (key: string) => /\/old\/harvests\/.*\/tweets-/.test(key);
  const [first = "", second = ""] = objects.keys().filter(isOld);
  const bytes = (await objects.get(second))?.bytes ?? new Uint8Array();
  await objects.put(second, bytes.slice(0, bytes.length / 2));
  await objects.delete(first);
  await inBoth(objects, async (place, { s3 }) => {
    for (const format of FORMATS) {
      const to = ["--output", place.path(format), "--bucket", s3];
      const ran = await place.run("collection", "export", "old", "new", "--format", format, ...to);
      assert.equal(ran.code, 1, ran.err);
      for (const key of [first, second]) assert.ok(ran.err.includes(key.slice(-30)), ran.err);
      assert.ok(await Deno.stat(place.path(format)), format);
    }
    const ids = (await Deno.readTextFile(place.path("ids"))).trimEnd().split("\n");
    assert.ok(ids.length >= 8, ids.join());
  });
});
