import assert from "node:assert/strict";
import {
  CreateBucketCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  S3Client,
} from "@aws-sdk/client-s3";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import {
  AccessError,
  ConflictError,
  DamagedError,
  OutsideError,
  UndeletableError,
  UserError,
} from "../../../lib/base/errors.ts";
import { type Clock, systemClock } from "../../../lib/base/clock.ts";
import { S3Store } from "../../../lib/store/s3/store.ts";
import { isThere } from "../../../lib/store/store.ts";
import { storeContract } from "../../contract/store.ts";
import { S3Proxy } from "../../faults/s3_proxy.ts";
import { QuickClock } from "../../fakes/quick_clock.ts";
import { type Moto, MOTO_KEYS, MOTO_REGION, PAGE, sharedMoto } from "../../peers/moto.ts";

const access = { ...MOTO_KEYS, region: MOTO_REGION };

let moto: Moto;
let proxy: S3Proxy;
let buckets = 0;

Deno.test.beforeAll(async () => {
  moto = await sharedMoto();
  proxy = await S3Proxy.start(moto.url);
});
Deno.test.afterAll(async () => {
  await proxy.close();
  await moto.close();
});

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

/** A store whose bucket is answered for by `answer`. */
async function withAnswers(
  answer: (request: Request) => Response | Promise<Response>,
  use: (store: S3Store) => Promise<void>,
  { tries = 2, clock = systemClock }: { tries?: number; clock?: Clock } = {},
): Promise<void> {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, answer);
  const url = `http://127.0.0.1:${server.addr.port}`;
  const store = new S3Store("tweets", { ...access, endpoint: url, tries }, { clock });
  try {
    await use(store);
  } finally {
    store.close();
    await server.shutdown();
  }
}

function refusal(status: number, code: string, headers: Record<string, string> = {}): Response {
  const body =
    `<?xml version="1.0"?><Error><Code>${code}</Code><Message>As ${code} says</Message>` +
    `<RequestId>1</RequestId></Error>`;
  return new Response(body, { status, headers: { "content-type": "application/xml", ...headers } });
}

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

Deno.test("s3: what may not be read may not be there: who may not list is not shown which", () =>
  withAnswers(() => refusal(403, "AccessDenied"), async (store) => {
    const says = {
      hint: /infra\/person\.tf.* Without s3:ListBucket, S3 denies access to absent objects too/,
    };
    await assert.rejects(store.get("collections/c/lock.json"), says);
    await assert.rejects(store.put("k", new Uint8Array()), (error: AccessError) => {
      assert.doesNotMatch(error.hint ?? "", /ListBucket/);
      return true;
    });
  }));

for (
  const [what, response, kind, says] of [
    ["access denied", () => refusal(403, "AccessDenied"), AccessError, /AWS does not allow it/],
    [
      "an expired token",
      () => refusal(400, "ExpiredToken"),
      AccessError,
      /credentials have expired/,
    ],
    [
      "a wrong key",
      () => refusal(403, "InvalidAccessKeyId"),
      AccessError,
      /AWS rejected the credentials/,
    ],
    ["a wrong clock", () => refusal(403, "RequestTimeTooSkewed"), AccessError, /clock is wrong/],
    [
      "a wrong region",
      () => refusal(400, "AuthorizationHeaderMalformed", { "x-amz-bucket-region": "us-west-2" }),
      AccessError,
      /is in region us-west-2|in another region/,
    ],
    ["a full store", () => refusal(507, "InsufficientStorage"), AccessError, /the store is full/],
    ["a quota", () => refusal(403, "QuotaExceeded"), AccessError, /or a quota is reached/],
    ["throttling", () => refusal(503, "SlowDown"), OutsideError, /throttled the request/],
    ["a failing S3", () => refusal(500, "InternalError"), OutsideError, /As InternalError says/],
    ["an answer that is none", () => new Response("<html>", { status: 502 }), OutsideError, /fail/],
  ] as const
) {
  Deno.test(`s3: ${what} is one clear line`, () =>
    withAnswers(response, async (store) => {
      await assert.rejects(store.put("collections/c/x", new Uint8Array([1])), (error: Error) => {
        assert.equal(error.constructor, kind, `${error.constructor.name}: ${error.message}`);
        assert.match(error.message, says);
        assert.match(error.message, /^Writing collections\/c\/x in bucket tweets failed: /);
        assert.ok(!error.message.includes("\n"));
        return true;
      });
    }));
}

Deno.test("s3: a deletion that nobody allows is told from keys that have expired", async () => {
  for (
    const [status, code, Kind] of [
      [403, "AccessDenied", UndeletableError],
      [405, "MethodNotAllowed", UndeletableError],
      [400, "ExpiredToken", AccessError],
      [500, "InternalError", OutsideError],
    ] as const
  ) {
    await withAnswers(() => refusal(status, code), async (store) => {
      await assert.rejects(store.delete("k"), (error: Error) => error.constructor === Kind);
    });
  }
});

Deno.test("s3: a listing that is encoded is read, and so is one of a store that does not encode", async () => {
  const answer = (names: string[], encoding: string) => (request: Request) => {
    assert.equal(new URL(request.url).searchParams.get("encoding-type"), "url");
    const rows = names.map((name) => `<Contents><Key>${name}</Key><Size>1</Size></Contents>`);
    return new Response(
      `<?xml version="1.0"?><ListBucketResult>${encoding}<IsTruncated>false</IsTruncated>` +
        `${rows.join("")}</ListBucketResult>`,
      { headers: { "content-type": "application/xml" } },
    );
  };
  const keys: string[] = [];
  const read = async (store: S3Store) => {
    for await (const { key } of store.list("c/")) keys.push(key);
  };
  const names = ["c/a%0Ab", "c/a+b%2Bc", "c/%F0%9F%98%80", "c/100%"];
  await withAnswers(answer(names, "<EncodingType>url</EncodingType>"), read);
  assert.deepEqual(keys.splice(0), ["c/a\nb", "c/a b+c", "c/😀", "c/100%"]);
  await withAnswers(answer(["c/a%0Ab", "c/a+b"], ""), read);
  assert.deepEqual(keys, ["c/a%0Ab", "c/a+b"]);
});

Deno.test("s3: no network is one clear line", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const url = `http://127.0.0.1:${listener.addr.port}`;
  listener.close();
  const store = new S3Store("tweets", { ...access, endpoint: url, tries: 2 });
  try {
    await assert.rejects(store.get("k"), (error: Error) => {
      assert.ok(error instanceof OutsideError);
      assert.match(error.message, /AWS cannot be reached/);
      return true;
    });
  } finally {
    store.close();
  }
});

Deno.test("s3: a failure that passes is not noticed", async () => {
  let asked = 0;
  await withAnswers(() => {
    if (++asked < 4) {
      return refusal(asked === 1 ? 500 : 503, asked === 1 ? "InternalError" : "SlowDown");
    }
    return new Response(null, { headers: { etag: '"1"' } });
  }, async (store) => {
    assert.equal(await store.put("k", new Uint8Array([1])), '"1"');
  }, { tries: 8 });
  assert.equal(asked, 4);
});

for (const code of ["ConditionalRequestConflict", "OperationAborted"]) {
  Deno.test(`s3: ${code} is waited for with growing waits, and is nobody else's write`, async () => {
    const clock = new QuickClock();
    const { slept } = clock;
    let refusals = 6;
    const answer = () =>
      refusals-- > 0 ? refusal(409, code) : new Response(null, { headers: { etag: '"1"' } });
    const options = { tries: 1, clock };
    await withAnswers(answer, async (store) => {
      assert.equal(await store.put("k", new Uint8Array(1), { ifVersion: '"0"' }), '"1"');
      assert.deepEqual(slept.splice(0), [100, 200, 400, 800, 1_600, 3_200]);
      refusals = Infinity;
      for (const when of [undefined, { ifAbsent: true } as const]) {
        await assert.rejects(store.put("k", new Uint8Array(1), when), (error: Error) => {
          assert.equal(error.constructor, OutsideError);
          assert.match(error.message, /another write of it is still in progress/);
          return true;
        });
        const lasted = slept.splice(0).reduce((sum, ms) => sum + ms, 0);
        assert.ok(lasted > 20_000 && lasted <= 25_000, `${lasted}`);
      }
    }, options);
  });
}

for (const code of ["BadDigest", "IncompleteBody"]) {
  Deno.test(`s3: what arrived damaged (${code}) is sent again, a few times`, async () => {
    const clock = new QuickClock();
    let refusals = 3;
    const answer = () =>
      refusals-- > 0 ? refusal(400, code) : new Response(null, { headers: { etag: '"1"' } });
    await withAnswers(answer, async (store) => {
      assert.equal(await store.put("k", new Uint8Array(1)), '"1"');
      assert.equal(clock.slept.splice(0).length, 3);
      refusals = Infinity;
      await assert.rejects(store.put("k", new Uint8Array(1)), OutsideError);
      assert.equal(clock.slept.length, 3);
    }, { tries: 1, clock });
  });
}

Deno.test("s3: a file is sent without asking first whether it may be: some stores never answer that", () =>
  withFile(5 << 20, async (path, expected) => {
    const expectations: (string | null)[] = [];
    await withAnswers(async (request) => {
      expectations.push(request.headers.get("expect"));
      await request.body?.cancel();
      return new Response(null, { headers: { etag: '"1"' } });
    }, async (store) => {
      await store.upload("k", path, { expected });
    });
    assert.deepEqual(expectations, [null]);
  }));

Deno.test("s3: a download that is cut never ends as if it were whole", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    for await (const connection of listener) {
      await connection.read(new Uint8Array(10_000));
      const head = 'HTTP/1.1 200 OK\r\ncontent-length: 10000\r\netag: "1"\r\n\r\n';
      await connection.write(new TextEncoder().encode(head + "x".repeat(5_000)));
      connection.close();
    }
  })();
  const url = `http://127.0.0.1:${listener.addr.port}`;
  const store = new S3Store("tweets", { ...access, endpoint: url, tries: 2 });
  try {
    await assert.rejects(async () => {
      await new Response(await store.read("k")).bytes();
    }, OutsideError);
    await assert.rejects(store.get("k"), OutsideError);
  } finally {
    store.close();
    listener.close();
    await serving;
  }
});

Deno.test("s3: a download whose checksum is not as S3 says is refused", () =>
  withAnswers(
    () => new Response("0123456789", { headers: { "x-amz-checksum-crc32": "AAAAAA==" } }),
    async (store) => {
      await assert.rejects(store.get("k"), OutsideError);
      await assert.rejects(async () => {
        await new Response(await store.read("k")).bytes();
      }, OutsideError);
    },
  ));

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

/** A file on this machine's disk, and what it has to be. */
async function withFile(
  size: number,
  use: (path: string, expected: { bytes: number; sha1: string }) => Promise<void>,
): Promise<void> {
  const path = await Deno.makeTempFile();
  try {
    const content = new Uint8Array(size).map((_, i) => i % 251);
    await Deno.writeFile(path, content);
    await use(path, {
      bytes: size,
      sha1: createHash("sha1").update(content).digest("hex"),
    });
  } finally {
    await Deno.remove(path);
  }
}

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
