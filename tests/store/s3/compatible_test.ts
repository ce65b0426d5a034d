import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { acquireLease } from "../../../lib/bucket/lease.ts";
import { parseBucket } from "../../../lib/base/bucket_ref.ts";
import { type Clock, systemClock } from "../../../lib/base/clock.ts";
import { ConflictError, LockedError } from "../../../lib/base/errors.ts";
import { CompatibleStore } from "../../../lib/store/s3/compatible.ts";
import { S3Store } from "../../../lib/store/s3/store.ts";
import { openStore } from "../../../lib/store/open.ts";
import { QuickClock } from "../../fakes/quick_clock.ts";
import { type Lacking, type LackingS3, startLackingS3 } from "../../peers/lacking_s3.ts";
import { type Moto, MOTO_KEYS, MOTO_REGION, sharedMoto } from "../../peers/moto.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const access = { ...MOTO_KEYS, region: MOTO_REGION };
let moto: Moto;
let buckets = 0;

Deno.test.beforeAll(async () => {
  moto = await sharedMoto();
});
Deno.test.afterAll(() => moto.close());

/** A new bucket of a store that lacks something; `open` is as another process opens it. */
async function withBucket(
  lacking: Lacking,
  use: (place: { open: () => CompatibleStore; s3: LackingS3 }) => Promise<void>,
  clock: Clock = new QuickClock(),
): Promise<void> {
  const s3 = startLackingS3(moto.url, lacking);
  const bucket = `bucket-${++buckets}`;
  await (await fetch(`${moto.url}/${bucket}`, { method: "PUT" })).body?.cancel();
  const stores: CompatibleStore[] = [];
  const open = () => {
    const store = new CompatibleStore(bucket, { ...access, endpoint: s3.url }, clock);
    stores.push(store);
    return store;
  };
  try {
    await use({ open, s3 });
  } finally {
    for (const store of stores) store.close();
    await s3.close();
  }
}

const KINDS: [string, Lacking, RegExp | null][] = [
  ["keeps all", {}, null],
  ["makes ETags weak on their way", { etags: "weak" }, null],
  [
    "ignores conditions",
    { conditions: "ignored", deletions: "ignored" },
    /ignores the conditions of writes/,
  ],
  [
    "knows no conditions",
    { conditions: "refused", deletions: "refused" },
    /ignores the conditions of writes/,
  ],
  ["has versions that never fit", { conditions: "never met" }, /versions that never match/],
  [
    "ignores conditions of deletions",
    { deletions: "ignored" },
    /ignores the conditions of deletions/,
  ],
  [
    "knows no conditions of deletions",
    { deletions: "refused" },
    /ignores the conditions of deletions/,
  ],
  ["takes no checksums", { checksums: "refused" }, /does not support S3.s checksums/],
];

for (const [what, lacking, remark] of KINDS) {
  Deno.test(`a store that ${what} is known by the first write, holds conditions, and says what does not hold`, () =>
    withBucket(lacking, async ({ open, s3 }) => {
      const store = open();
      assert.equal(await store.get("k"), null);
      assert.equal(store.remark(), null, "reading finds nothing out");
      const first = await store.put("k", bytes("one"), { ifAbsent: true });
      const said = store.remark();
      if (remark === null) assert.equal(said, null);
      else {
        assert.match(said?.text ?? "", remark);
        assert.match(said?.text ?? "", /^The store of bucket bucket-\d+ keeps less than S3 does\./);
        assert.equal(said?.isNew, true);
      }
      await assert.rejects(store.put("k", bytes("two"), { ifAbsent: true }), ConflictError);
      const second = await store.put("k", bytes("two"), { ifVersion: first });
      await assert.rejects(store.put("k", bytes("three"), { ifVersion: first }), ConflictError);
      const other = open();
      const found = await other.get("k");
      assert.deepEqual(found?.bytes, bytes("two"));
      s3.asked.length = 0;
      await other.put("k", bytes("four"), { ifVersion: found?.version ?? "" });
      assert.ok(!s3.asked.some((one) => one.includes("probe")), "it is probed once");
      assert.equal(other.remark()?.isNew, remark === null ? undefined : false);
      await assert.rejects(store.delete("k", { ifVersion: second }), ConflictError);
      await store.delete("k", { ifVersion: (await store.get("k"))?.version ?? "" });
      assert.equal(await store.get("k"), null);
      const left = await Array.fromAsync(store.list(""));
      assert.deepEqual(left.map(({ key }) => key), [".twarc-cloud/store.json"]);
    }));
}

Deno.test("files of any size go into a store that takes no checksums, compared by an MD5", () =>
  withBucket({ checksums: "refused" }, async ({ open }) => {
    const path = await Deno.makeTempFile();
    try {
      for (const size of [3, 9 << 20]) {
        const content = new Uint8Array(size).map((_, i) => i % 251);
        await Deno.writeFile(path, content);
        const sha1 = createHash("sha1").update(content).digest("hex");
        const store = open();
        await store.upload("file", path, { expected: { bytes: size, sha1 } });
        assert.deepEqual(await new Response(await store.read("file")).bytes(), content);
      }
    } finally {
      await Deno.remove(path);
    }
  }));

Deno.test("of two that want a lease of a store without conditions in the same moment one gets it", () =>
  withBucket({ conditions: "ignored" }, async ({ open }) => {
    await open().put("made", bytes("ready"));
    const take = (id: string) =>
      acquireLease({
        store: open(),
        collectionId: "c",
        holder: { id, host: id, pid: 1 },
        clock: systemClock,
        isGone: () => false,
      });
    const taken = await Promise.allSettled(["a", "b"].map(take));
    const leases = taken.flatMap((one) => one.status === "fulfilled" ? [one.value] : []);
    for (const lease of leases) await lease.release();
    assert.equal(leases.length, 1);
    const lost = taken.find(({ status }) => status === "rejected");
    assert.ok(lost?.status === "rejected" && lost.reason instanceof LockedError);
  }, systemClock));

Deno.test("a bucket that allows no probe is written to as it is", () =>
  withBucket({}, async ({ open, s3 }) => {
    const forbidding = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      (request) => {
        const { pathname, search } = new URL(request.url);
        if (!pathname.includes("/.twarc-cloud/")) {
          return fetch(`${s3.url}${pathname}${search}`, request);
        }
        const code = "AccessDenied";
        const body =
          `<?xml version="1.0"?><Error><Code>${code}</Code><Message>No</Message></Error>`;
        return new Response(body, { status: 403 });
      },
    );
    const bucket = open().name;
    const url = `http://127.0.0.1:${forbidding.addr.port}`;
    const store = new CompatibleStore(bucket, { ...access, endpoint: url });
    try {
      const version = await store.put("k", bytes("1"), { ifAbsent: true });
      await store.put("k", bytes("2"), { ifVersion: version });
    } finally {
      store.close();
      await forbidding.shutdown();
    }
  }));

Deno.test("AWS's own S3 is not probed: it keeps what it promises", async () => {
  for (
    const storeEndpoint of [
      "https://s3.eu-central-1.amazonaws.com",
      "https://bucket.vpce-1.s3.eu-central-1.vpce.amazonaws.com",
    ]
  ) {
    assert.ok(
      await openStore(parseBucket("tweets"), { ...access, storeEndpoint }) instanceof S3Store,
    );
  }
  const own = { ...access, storeEndpoint: "https://amazonaws.com.example.org" };
  assert.ok(await openStore(parseBucket("tweets"), own) instanceof CompatibleStore);
});
