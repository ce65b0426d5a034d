import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash, createHmac } from "node:crypto";
import { crc32 } from "node:zlib";
import { LargerError } from "../../../lib/base/errors.ts";
import { S3Store } from "../../../lib/store/s3/store.ts";
import { access, refusal, withAnswers } from "./answers.ts";

const DIGITS = "123456789";
/** The CRC-64/NVME of the digits, from the catalogue of parametrised CRC algorithms. */
const CRC64_OF_DIGITS = Buffer.from("ae8b14860a799888", "hex").toString("base64");

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** Whether the SDK made a request with all that it does. */
function isOfSdk(request: Request): boolean {
  return request.headers.has("amz-sdk-request");
}

/** Encodes all but letters, digits and `-._~` of a path, whatever is encoded of it. */
function encodePath(path: string): string {
  const encode = (letter: string) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`;
  return path.split("/").map((part) =>
    encodeURIComponent(decodeURIComponent(part)).replace(/[!'()*]/g, encode)
  ).join("/");
}

/** Returns the Authorization that AWS computes for a request (AWS's "Signature Version 4"). */
function authorizationFor(request: Request, secret: string): string {
  const given = request.headers.get("authorization") ?? "";
  const [, signed = ""] = /, SignedHeaders=(.+), Signature=/.exec(given) ?? [];
  const date = request.headers.get("x-amz-date") ?? "";
  const scope = `${date.slice(0, 8)}/${access.region}/s3/aws4_request`;
  const { pathname, searchParams } = new URL(request.url);
  const headers = signed.split(";").map((name) => `${name}:${request.headers.get(name)}\n`);
  const payload = request.headers.get("x-amz-content-sha256");
  const asked = ["GET", encodePath(pathname), `${searchParams}`, headers.join(""), signed, payload]
    .join("\n");
  const text = ["AWS4-HMAC-SHA256", date, scope, sha256(asked)].join("\n");
  const hmac = (key: string | Buffer, part: string) => createHmac("sha256", key).update(part);
  const key = scope.split("/").reduce<string | Buffer>(
    (key, part) => hmac(key, part).digest(),
    `AWS4${secret}`,
  );
  const signature = hmac(key, text).digest("hex");
  return `AWS4-HMAC-SHA256 Credential=${access.accessKey}/${scope}, SignedHeaders=${signed}, Signature=${signature}`;
}

/** A store that has read an object already: it knows how they are requested. `asked` has who made each request. */
async function withReads(
  answer: (request: Request) => Response | Promise<Response>,
  use: (store: S3Store, asked: ("SDK" | "signed" | "badly signed")[]) => Promise<void>,
): Promise<void> {
  const asked: ("SDK" | "signed" | "badly signed")[] = [];
  const first = (request: Request) => {
    if (new URL(request.url).pathname === "/tweets/first") return new Response("");
    asked.push(isOfSdk(request) ? "SDK" : isSigned(request) ? "signed" : "badly signed");
    return answer(request);
  };
  await withAnswers(first, async (store) => {
    await store.get("first");
    await use(store, asked);
  });
}

function isSigned(request: Request): boolean {
  const expected = authorizationFor(request, access.secretKey);
  return request.headers.get("authorization") === expected;
}

Deno.test("objects after the first are requested without the SDK, each signed as AWS asks", async () => {
  const keys = ["a", "a b", "é/中/😀", "it's (all) *!~-_.", "100%+1=&?#"];
  await withReads((request) => new Response(request.url), async (store, asked) => {
    for (const key of keys) {
      const found = new TextDecoder().decode((await store.get(key))?.bytes);
      assert.equal(decodeURIComponent(new URL(found).pathname), `/tweets/${key}`);
    }
    assert.deepEqual(asked, keys.map(() => "signed"));
  });
});

Deno.test("temporary credentials are sent with their token", async () => {
  const tokens: unknown[] = [];
  const answer = (request: Request) => {
    tokens.push(request.headers.get("x-amz-security-token"));
    assert.equal(request.headers.get("authorization"), authorizationFor(request, "s"));
    return new Response("");
  };
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, answer);
  const endpoint = `http://127.0.0.1:${server.addr.port}`;
  const store = new S3Store("tweets", { ...access, secretKey: "s", sessionToken: "t", endpoint });
  for (const key of ["a", "b"]) await store.get(key);
  store.close();
  assert.deepEqual(tokens, ["t", "t"]);
});

Deno.test("an object has its bytes, its version and its age", async () => {
  const headers = {
    etag: 'W/"e"',
    date: "Mon, 05 Jan 2026 10:00:07 GMT",
    "last-modified": "Mon, 05 Jan 2026 10:00:00 GMT",
  };
  await withReads(() => new Response("abc", { headers }), async (store) => {
    const bytes = new TextEncoder().encode("abc");
    assert.deepEqual(await store.get("a"), { bytes, version: '"e"', age: 7_000 });
  });
});

Deno.test("what does not exist is null, and a bucket that does not is an error", async () => {
  await withReads(() => refusal(404, "NoSuchKey"), async (store, asked) => {
    assert.equal(await store.get("a"), null);
    assert.deepEqual(asked, ["signed"]);
  });
  await withReads(() => refusal(404, "NoSuchBucket"), async (store) => {
    await assert.rejects(store.get("a"), /there is no such bucket|bucket/i);
  });
});

Deno.test("an object with more bytes than it may have is refused before it is read", async () => {
  await withReads(() => new Response("abc"), async (store, asked) => {
    await assert.rejects(store.get("a", 2), LargerError);
    assert.deepEqual(asked, ["signed"]);
    assert.equal((await store.get("a", 3))?.bytes.length, 3);
  });
});

Deno.test("where the store fails, the SDK goes on with its tries", async () => {
  for (const status of [429, 503]) {
    let failures = 2;
    const answer = () => failures-- > 0 ? refusal(status, "SlowDown") : new Response("abc");
    await withReads(answer, async (store, asked) => {
      assert.equal((await store.get("a"))?.bytes.length, 3);
      await store.get("a");
      assert.deepEqual(asked, ["signed", "SDK", "SDK", "signed"]);
    });
  }
});

Deno.test("what the store refuses is left to the SDK from then on", async () => {
  await withReads(() => refusal(403, "AccessDenied"), async (store, asked) => {
    await assert.rejects(store.get("a"), /AccessDenied|denied/);
    await assert.rejects(store.get("a"), /AccessDenied|denied/);
    assert.deepEqual(asked, ["signed", "SDK", "SDK"]);
  });
});

for (
  const [name, sum] of [
    ["crc32", () => {
      const sum = Buffer.alloc(4);
      sum.writeUInt32BE(crc32(DIGITS));
      return sum.toString("base64");
    }],
    ["sha1", () => createHash("sha1").update(DIGITS).digest("base64")],
    ["sha256", () => createHash("sha256").update(DIGITS).digest("base64")],
  ] as const
) {
  Deno.test(`bytes that do not have their checksum are requested again: ${name}`, async () => {
    const headers = { [`x-amz-checksum-${name}`]: sum(), "x-amz-checksum-type": "FULL_OBJECT" };
    let damaged = 1;
    const answer = () =>
      new Response(damaged-- > 0 ? DIGITS.replace("5", "6") : DIGITS, { headers });
    await withReads(answer, async (store, asked) => {
      for (let read = 0; read < 2; read++) {
        assert.equal(new TextDecoder().decode((await store.get("a"))?.bytes), DIGITS);
      }
      assert.deepEqual(asked, ["signed", "SDK", "signed"]);
      damaged = Infinity;
      await assert.rejects(store.get("a"), /checksum/i);
    });
  });
}

Deno.test("the sum of an object in parts is no checksum of its bytes", async () => {
  const headers = { "x-amz-checksum-crc32": "AAAAAA==-2", "x-amz-checksum-type": "COMPOSITE" };
  await withReads(() => new Response(DIGITS, { headers }), async (store, asked) => {
    assert.equal((await store.get("a"))?.bytes.length, DIGITS.length);
    assert.deepEqual(asked, ["signed"]);
  });
});

Deno.test("a checksum of another kind is the SDK's to compare, from then on", async () => {
  const headers = { "x-amz-checksum-crc64nvme": CRC64_OF_DIGITS };
  await withReads(() => new Response(DIGITS, { headers }), async (store, asked) => {
    for (let read = 0; read < 2; read++) await store.get("a");
    assert.deepEqual(asked, ["signed", "SDK", "SDK"]);
  });
  const other = () => new Response(DIGITS.replace("5", "6"), { headers });
  await withReads(other, async (store) => {
    await assert.rejects(store.get("a"), /checksum/i);
  });
});

Deno.test("an object without a length is the SDK's to read", async () => {
  const cut = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode("abc"));
      controller.close();
    },
  });
  const answers = [new Response(cut), new Response("abc")];
  await withReads(() => answers.shift() ?? refusal(500, "No"), async (store, asked) => {
    assert.equal((await store.get("a"))?.bytes.length, 3);
    assert.deepEqual(asked, ["signed", "SDK"]);
  });
});

Deno.test("a clock that is wrong here is corrected in these requests, too", async () => {
  const ahead = 3_600_000;
  const answer = (request: Request) => {
    const date = request.headers.get("x-amz-date") ?? "";
    const [, ...parts] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date) ?? [];
    const [year = 0, month = 0, ...rest] = parts.map(Number);
    const off = Math.abs(Date.UTC(year, month - 1, ...rest) - (Date.now() + ahead));
    const headers = { date: new Date(Date.now() + ahead).toUTCString() };
    if (off > 300_000) return refusal(403, "RequestTimeTooSkewed", headers);
    return new Response("abc", { headers });
  };
  const asked: string[] = [];
  await withAnswers(
    (request) => (asked.push(isOfSdk(request) ? "SDK" : "signed"), answer(request)),
    async (store) => {
      for (let read = 0; read < 2; read++) await store.get("a");
    },
  );
  assert.deepEqual(asked, ["SDK", "SDK", "signed"]);
});
