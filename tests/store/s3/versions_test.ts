import assert from "node:assert/strict";
import {
  CreateBucketCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { OutsideError } from "../../../lib/base/errors.ts";
import { S3Store } from "../../../lib/store/s3/store.ts";
import { type Moto, MOTO_KEYS, MOTO_REGION, sharedMoto } from "../../peers/moto.ts";

const access = { ...MOTO_KEYS, region: MOTO_REGION };
let moto: Moto;
Deno.test.beforeAll(async () => {
  moto = await sharedMoto();
});
Deno.test.afterAll(() => moto.close());

/** A bucket of moto, with versioning unless said. */
async function withBucket(
  name: string,
  use: (store: S3Store, client: S3Client) => Promise<void>,
  { isVersioned = true } = {},
): Promise<void> {
  const credentials = { accessKeyId: "testing", secretAccessKey: "testing" };
  const options = { region: MOTO_REGION, endpoint: moto.url, forcePathStyle: true, credentials };
  const client = new S3Client(options);
  const store = new S3Store(name, { ...access, endpoint: moto.url });
  const CreateBucketConfiguration = { LocationConstraint: MOTO_REGION } as const;
  await client.send(new CreateBucketCommand({ Bucket: name, CreateBucketConfiguration }));
  const VersioningConfiguration = { Status: "Enabled" } as const;
  if (isVersioned) {
    await client.send(new PutBucketVersioningCommand({ Bucket: name, VersioningConfiguration }));
  }
  try {
    await use(store, client);
  } finally {
    store.close();
    client.destroy();
  }
}

/** Every version of every object, `key current` or `key old`. */
async function versions(client: S3Client, Bucket: string): Promise<string[]> {
  const { Versions = [] } = await client.send(new ListObjectVersionsCommand({ Bucket }));
  return Versions.map(({ Key, IsLatest }) => `${Key} ${IsLatest ? "current" : "old"}`).toSorted();
}

Deno.test("older versions of what is garbage are deleted for good, whether it is still there or not; no others", () =>
  withBucket("versioned", async (store, client) => {
    for (const key of ["c/gone", "c/rewritten", "c/kept", "d/gone", "c/a b+%ü"]) {
      await store.put(key, new Uint8Array(1));
      await store.put(key, new Uint8Array(2));
    }
    for (const key of ["c/gone", "d/gone", "c/a b+%ü"]) await store.delete(key);
    const isGarbage = (key: string) => key !== "c/kept";
    const older = await store.older("c/", isGarbage) ?? assert.fail();
    assert.deepEqual(older.map(({ key }) => key), [
      "c/a b+%ü",
      "c/a b+%ü",
      "c/gone",
      "c/gone",
      "c/rewritten",
    ]);
    assert.ok(older.every(({ written }) => Math.abs(Date.now() - written) < 600_000));
    assert.deepEqual(await store.purge("c/", isGarbage), { deleted: 5, left: null });
    assert.deepEqual(await store.older("c/", isGarbage), []);
    assert.deepEqual(await versions(client, "versioned"), [
      "c/kept current",
      "c/kept old",
      "c/rewritten current",
      "d/gone old",
      "d/gone old",
    ]);
    assert.equal(await store.get("c/gone"), null, "It does not come back");
    assert.deepEqual(await store.purge("c/", isGarbage), { deleted: 0, left: null });
  }));

Deno.test("a bucket without versioning has nothing to delete", () =>
  withBucket("plain", async (store, client) => {
    await store.put("c/a", new Uint8Array(1));
    await store.put("c/a", new Uint8Array(2));
    assert.deepEqual(await store.older("c/", () => true), []);
    assert.deepEqual(await store.purge("c/", () => true), { deleted: 0, left: null });
    assert.deepEqual(await versions(client, "plain"), ["c/a current"]);
  }, { isVersioned: false }));

/** A request to S3 as an answer is chosen for it. */
interface Asked {
  method: string;
  query: URLSearchParams;
  body: string;
}

const xml = (body: string, status = 200) =>
  new Response(`<?xml version="1.0"?>${body}`, {
    status,
    headers: { "content-type": "application/xml" },
  });
const denied = () => xml("<Error><Code>AccessDenied</Code><Message>no</Message></Error>", 403);
const version = (key: string, id: string, isLatest: boolean) =>
  `<Version><Key>${key}</Key><VersionId>${id}</VersionId><IsLatest>${isLatest}</IsLatest></Version>`;
const page = (versions: string, more = "<IsTruncated>false</IsTruncated>") =>
  xml(
    `<ListVersionsResult><EncodingType>url</EncodingType>${more}${versions}</ListVersionsResult>`,
  );
const lifecycle = (rules: string) =>
  xml(`<LifecycleConfiguration>${rules}</LifecycleConfiguration>`);
const rule = (days: number, { status = "Enabled", prefix = "" } = {}) =>
  `<Rule><Status>${status}</Status><Filter><Prefix>${prefix}</Prefix></Filter>` +
  `<NoncurrentVersionExpiration><NoncurrentDays>${days}</NoncurrentDays></NoncurrentVersionExpiration></Rule>`;

async function withAnswers(
  answer: (asked: Asked) => Response,
  use: (store: S3Store) => Promise<void>,
): Promise<Asked[]> {
  const all: Asked[] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      const { searchParams: query } = new URL(request.url);
      const asked = { method: request.method, query, body: await request.text() };
      all.push(asked);
      return answer(asked);
    },
  );
  const endpoint = `http://127.0.0.1:${server.addr.port}`;
  const store = new S3Store("tweets", { ...access, endpoint, tries: 1 });
  try {
    await use(store);
  } finally {
    store.close();
    await server.shutdown();
  }
  return all;
}

Deno.test("versions are gone through page by page, with markers as they are", async () => {
  const more = "<IsTruncated>true</IsTruncated><NextKeyMarker>c/a%0Ab</NextKeyMarker>" +
    "<NextVersionIdMarker>2</NextVersionIdMarker>";
  const asked = await withAnswers(({ method, query }) => {
    if (method === "POST") return xml("<DeleteResult></DeleteResult>");
    if (query.has("key-marker")) return page(version("c/a%0Ab", "3", false));
    return page(version("c/a%0Ab", "1", true) + version("c/a%0Ab", "2", false), more);
  }, async (store) => {
    assert.deepEqual(await store.purge("c/", (key) => key === "c/a\nb"), {
      deleted: 2,
      left: null,
    });
  });
  const lists = asked.filter(({ method }) => method === "GET").map(({ query }) => query);
  assert.deepEqual(
    lists.map((query) => [query.get("key-marker"), query.get("version-id-marker")]),
    [
      [null, null],
      ["c/a\nb", "2"],
    ],
  );
  const deletes = asked.filter(({ method }) => method === "POST");
  assert.deepEqual(deletes.map(({ body }) => /<VersionId>(.)</.exec(body)?.[1]), ["2", "3"]);
});

const refusals: [string, (asked: Asked) => Response | null][] = [
  ["to list", () => denied()],
  ["to delete any", ({ method }) => method === "POST" ? denied() : null],
  ["to delete some", ({ method }) =>
    method === "POST"
      ? xml(
        "<DeleteResult><Error><Key>c/b</Key><Code>AccessDenied</Code></Error></DeleteResult>",
      )
      : null],
];
for (const [what, refusal] of refusals) {
  Deno.test(`where AWS does not allow ${what} versions, it is said for how long they stay`, async () => {
    for (
      const [rules, days] of [
        [
          lifecycle(
            rule(90) + rule(30) + rule(1, { status: "Disabled" }) + rule(2, { prefix: "d/" }),
          ),
          30,
        ],
        [lifecycle(rule(5, { prefix: "c/" })), 5],
        [lifecycle("<Rule><Status>Enabled</Status><Filter></Filter></Rule>"), Infinity],
        [xml("<Error><Code>NoSuchLifecycleConfiguration</Code></Error>", 404), Infinity],
        [denied(), null],
      ] as const
    ) {
      await withAnswers((asked) => {
        if (asked.query.has("lifecycle")) return rules.clone();
        const old = version("c/a", "1", false) + version("c/b", "2", false);
        return refusal(asked) ?? page(old);
      }, async (store) => {
        const deleted = what === "to delete some" ? 1 : 0;
        const older = await store.older("c/", () => true);
        assert.equal(older?.length, what === "to list" ? undefined : 2);
        assert.deepEqual(await store.purge("c/", () => true), { deleted, left: { days } });
      });
    }
  });
}

Deno.test("a store that knows no versions keeps none, and one that fails has failed", async () => {
  await withAnswers(() => xml("<Error><Code>NotImplemented</Code></Error>", 501), async (store) => {
    assert.deepEqual(await store.older("c/", () => true), []);
    assert.deepEqual(await store.purge("c/", () => true), { deleted: 0, left: null });
  });
  await withAnswers(() => xml("<Error><Code>InternalError</Code></Error>", 500), async (store) => {
    await assert.rejects(store.purge("c/", () => true), OutsideError);
    await assert.rejects(store.older("c/", () => true), OutsideError);
  });
  await withAnswers(
    ({ method }) =>
      method === "POST"
        ? xml(
          "<DeleteResult><Error><Key>c/a</Key><Code>InternalError</Code></Error></DeleteResult>",
        )
        : page(version("c/a", "1", false)),
    async (store) => {
      await assert.rejects(store.purge("c/", () => true), {
        name: "OutsideError",
        message: "An older version of c/a cannot be deleted: InternalError",
      });
    },
  );
});
