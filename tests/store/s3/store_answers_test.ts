/** How a store of S3 takes what S3 answers: refusals, outages, damaged and encoded answers. */

import assert from "node:assert/strict";
import { AccessError, OutsideError, UndeletableError } from "../../../lib/base/errors.ts";
import { S3Store } from "../../../lib/store/s3/store.ts";
import { QuickClock } from "../../fakes/quick_clock.ts";
import { access, refusal, withAnswers, withFile } from "./answers.ts";

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

Deno.test("s3: an object that is deleted at a version is not left half read", async () => {
  const cancelled = Promise.withResolvers<void>();
  const answer = ({ method }: Request) => {
    if (method === "DELETE") return new Response(null, { status: 204 });
    const body = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(65_536)),
      cancel: () => cancelled.resolve(),
    });
    return new Response(body, { headers: { "x-amz-checksum-crc32": "AAAAAA==" } });
  };
  await withAnswers(answer, async (store) => {
    await store.delete("k", { ifVersion: '"e"' });
    await cancelled.promise;
  });
});
