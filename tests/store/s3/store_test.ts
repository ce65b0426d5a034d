import assert from "node:assert/strict";
import {
  CreateBucketCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  S3Client,
} from "@aws-sdk/client-s3";
import { Buffer } from "node:buffer";
import { crc32 } from "node:zlib";
import { ConflictError, DamagedError, UserError } from "../../../lib/base/errors.ts";
import { S3Store } from "../../../lib/store/s3/store.ts";
import { isThere } from "../../../lib/store/store.ts";
import { storeContract } from "../../contract/store.ts";
import { S3Proxy } from "../../faults/s3_proxy.ts";
import { QuickClock } from "../../fakes/quick_clock.ts";
import { type Moto, MOTO_REGION, PAGE, sharedMoto } from "../../peers/moto.ts";
import { access, refusal, withAnswers, withFile } from "./answers.ts";

let moto: Moto;

let proxy: S3Proxy;

let buckets = 0;

function clientOf({ url }: Moto): S3Client {
  return new S3Client({
    region: MOTO_REGION,
    endpoint: url,
    forcePathStyle: true,
    credentials: { accessKeyId: "testing", secretAccessKey: "testing" },
  });
}

async function newBucket(): Promise<string> {
  const client = clientOf(moto);
  const Bucket = `bucket-${++buckets}`;
  const CreateBucketConfiguration = { LocationConstraint: MOTO_REGION } as const;
  await client.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration }));
  client.destroy();
  return Bucket;
}

/** Answers to an upload in parts. @param sum What S3 says the whole came to. */
function inParts(sum: string, seen: string[]) {
  const xml = (body: string) =>
    new Response(`<?xml version="1.0"?>${body}`, {
      headers: { "content-type": "application/xml" },
    });
  return async (request: Request): Promise<Response> => {
    const { searchParams } = new URL(request.url);
    const { headers } = request;
    await request.body?.pipeTo(new WritableStream());
    if (searchParams.has("uploads")) {
      seen.push(`begun ${headers.get("x-amz-checksum-type")}`);
      return xml(
        "<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>",
      );
    }
    if (request.method === "PUT") {
      seen.push(`part ${headers.has("x-amz-checksum-crc32") || headers.get("x-amz-trailer")}`);
      return new Response(null, { headers: { etag: '"p"' } });
    }
    seen.push(`${request.method} ${headers.get("x-amz-mp-object-size")}`);
    return xml(
      `<CompleteMultipartUploadResult><ETag>"whole-2"</ETag><ChecksumCRC32>${sum}</ChecksumCRC32>` +
        "<ChecksumType>FULL_OBJECT</ChecksumType></CompleteMultipartUploadResult>",
    );
  };
}

Deno.test.beforeAll(async () => {
  moto = await sharedMoto();
  proxy = await S3Proxy.start(moto.url);
});

Deno.test.afterAll(async () => {
  await proxy.close();
  await moto.close();
});

storeContract("s3", async () => {
  const store = new S3Store(await newBucket(), { ...access, endpoint: proxy.url });
  return { store, close: () => Promise.resolve(store.close()) };
}, { versions: "content" });

Deno.test("s3: a listing goes on beyond a page", async () => {
  const bucket = await newBucket();
  const store = new S3Store(bucket, { ...access, endpoint: moto.url });
  const keys = Array.from({ length: PAGE + 5 }, (_, i) => `c/${String(i).padStart(4, "0")}`);
  // Moto takes them without a signature, which costs a second less.
  const put = async (key: string) => {
    const response = await fetch(`${moto.url}/${bucket}/${key}`, { method: "PUT", body: "1" });
    await response.body?.cancel();
  };
  for (let i = 0; i < keys.length; i += 50) await Promise.all(keys.slice(i, i + 50).map(put));
  const client = clientOf(moto);
  const page = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
  client.destroy();
  assert.deepEqual([page.KeyCount, page.IsTruncated], [PAGE, true]);
  const listed = await Array.fromAsync(store.list("c/"));
  assert.deepEqual(listed.map(({ key }) => key), keys);
  store.close();
});

Deno.test("s3: a listing has keys of any characters as they are, and leaves out what only marks a folder", async () => {
  const store = new S3Store(await newBucket(), { ...access, endpoint: moto.url });
  const keys = ["a\u0001b", " a ", "a+b%20c", "a&<b>", "a\\b", "a\u007f", "c//d", "e/"]
    .map((name) => `c/${name}`);
  for (const key of keys) await store.put(key, new Uint8Array(1));
  for (const marker of ["c/", "c/x/", "c/x/y/", "d/"]) await store.put(marker, new Uint8Array());
  const names = async (prefix: string, folders: boolean) =>
    (await Array.fromAsync(store.list(prefix, { folders }))).map(({ key }) => key);
  assert.deepEqual((await names("c/", false)).toSorted(), keys.toSorted());
  for (const key of keys) assert.ok(await isThere(store, key), key);
  assert.deepEqual((await names("", true)).toSorted(), ["c/", "d/"]);
  const level = keys.map((key) => key === "c/c//d" ? "c/c/" : key).concat("c/x/");
  assert.deepEqual((await names("c/", true)).toSorted(), level.toSorted());
  store.close();
});

Deno.test("s3: a bucket that is not there is told, with where to look", async () => {
  const store = new S3Store("nobody-has-this", { ...access, endpoint: moto.url });
  for (
    const act of [
      () => store.get("k"),
      () => store.put("k", new Uint8Array()),
      () => Array.fromAsync(store.list("c/")),
    ]
  ) {
    await assert.rejects(act, (error: UserError) => {
      assert.ok(error instanceof UserError);
      assert.match(error.message, /in bucket nobody-has-this failed: the bucket does not exist$/);
      assert.match(error.hint ?? "", /twarc_cloud\.ini/);
      return true;
    });
  }
  store.close();
});

Deno.test("s3: how old an object is comes from S3's own two times, whatever the clock here says", async () => {
  const answer = (date: string, modified: string) => () =>
    new Response("1", {
      headers: { date, "last-modified": modified, etag: '"e"', "content-length": "1" },
    });
  const at = (seconds: number) => new Date(Date.UTC(2031, 0, 2, 3, 4, seconds)).toUTCString();
  await withAnswers(answer(at(64), at(3)), async (store) => {
    assert.equal((await store.get("k"))?.age, 61_000);
  });
  await withAnswers(answer("some day", at(3)), async (store) => {
    assert.equal((await store.get("k"))?.age, undefined);
  });
  const store = new S3Store(await newBucket(), { ...access, endpoint: moto.url });
  await store.put("k", new Uint8Array());
  const { age = NaN } = await store.get("k") ?? {};
  assert.ok(age >= -1_000 && age < 60_000, `${age}`);
  store.close();
});

Deno.test("s3: a large file goes up in parts, keeps to its condition, and comes back the same", async () => {
  const store = new S3Store(await newBucket(), { ...access, endpoint: moto.url });
  const path = await Deno.makeTempFile();
  try {
    const content = new Uint8Array(20 * 1024 * 1024 + 3).map((_, i) => (i * 7) % 251);
    await Deno.writeFile(path, content);
    const version = await store.upload("large", path, { when: { ifAbsent: true } });
    assert.match(version, /-3"$/, "It has three parts");
    assert.deepEqual(await new Response(await store.read("large")).bytes(), content);
    await assert.rejects(store.upload("large", path, { when: { ifAbsent: true } }), ConflictError);
    // Moto does not look at If-Match where parts are put together.
    await store.upload("large", path, { when: { ifVersion: version } });
  } finally {
    store.close();
    await Deno.remove(path);
  }
});

Deno.test("s3: the checksum of a file goes with it, so that S3 refuses what did not arrive as it was", () =>
  withFile(100, async (path, expected) => {
    const sent: (string | null)[] = [];
    await withAnswers(async (request) => {
      sent.push(request.headers.get("x-amz-checksum-sha1"));
      await request.body?.cancel();
      return refusal(400, "BadDigest");
    }, async (store) => {
      await assert.rejects(store.upload("k", path, { expected }), {
        name: "OutsideError",
        message: /As BadDigest says/,
      });
    }, { clock: new QuickClock() });
    assert.deepEqual([...new Set(sent)], [Buffer.from(expected.sha1, "hex").toString("base64")]);
  }));

Deno.test("s3: the parts of a large file are checked each, and the whole by its length and its checksum", () =>
  withFile(9 << 20, async (path, expected) => {
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc32(await Deno.readFile(path)));
    const seen: string[] = [];
    await withAnswers(inParts(sum.toString("base64"), seen), async (store) => {
      assert.equal(await store.upload("k", path, { expected }), '"whole-2"');
    });
    assert.deepEqual(seen, ["begun FULL_OBJECT", "part true", "part true", `POST ${9 << 20}`]);
    await withAnswers(inParts("AAAAAA==", seen), async (store) => {
      await assert.rejects(store.upload("k", path, { expected }), {
        name: "OutsideError",
        message: "k was damaged in transit",
      });
    });
  }));

Deno.test("s3: of a large file that is damaged no part stays", () =>
  withFile(9 << 20, async (path, expected) => {
    const Bucket = await newBucket();
    const store = new S3Store(Bucket, { ...access, endpoint: moto.url });
    const client = clientOf(moto);
    try {
      await Deno.truncate(path, (9 << 20) - 1);
      await assert.rejects(store.upload("k", path, { expected }), DamagedError);
      const { Uploads } = await client.send(new ListMultipartUploadsCommand({ Bucket }));
      assert.deepEqual(Uploads ?? [], []);
      assert.deepEqual(await Array.fromAsync(store.list("")), []);
    } finally {
      client.destroy();
      store.close();
    }
  }));
