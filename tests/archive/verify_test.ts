import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { acquireLease } from "../../lib/bucket/lease.ts";
import { verify } from "../../lib/archive/verify.ts";
import type { JsonObject } from "../../lib/base/json.ts";
import { jsonBytes } from "../../lib/base/json_bytes.ts";
import { MemoryStore } from "../fakes/memory_store.ts";
import {
  BEGAN,
  below,
  Bucket,
  FILE,
  FOLDERS,
  harvestJson,
  NEW,
  OLD,
  ROOT,
  sha1Of,
  text,
  v1,
  withBucket,
  zipped,
} from "../bucket/verified_bucket.ts";

Deno.test("a collection that is whole has no fault", () =>
  withBucket(async (bucket) => {
    const { faults, read, tweets, files, gaps } = await bucket.verify();
    assert.deepEqual({ faults, tweets, files, gaps }, {
      faults: [],
      tweets: 4,
      files: 2,
      gaps: [],
    });
    assert.equal(read.harvests, 2);
    assert.deepEqual(await bucket.repair(), { mended: [], faults: [] });
  }));

for (
  const { what, bytes, says } of [
    {
      what: "of two gzip members",
      bytes: new Uint8Array([...zipped(v1(1)), ...zipped(v1(2))]),
      says: /: it is not an intact gzip file, from line \d/,
    },
    {
      what: "with bytes behind its end",
      bytes: new Uint8Array([...zipped(v1(1), v1(2)), 0, 0]),
      says: /: it is not an intact gzip file/,
    },
    {
      what: "without a line break at its end",
      bytes: gzipSync(`${v1(1)}\n${v1(2)}`),
      says: /: line 2 has no end$/,
    },
    { what: "with an empty line", bytes: zipped(v1(1), "", v1(2)), says: /: line 2 is invalid/ },
    {
      what: "with a line that has no id",
      bytes: zipped(v1(1), '{"a":1}', v1(2)),
      says: /: line 2 is invalid: An object has no id$/,
    },
    {
      what: "with an id that no tweet can have",
      bytes: zipped(v1(1), '{"id":99999999999999999999999}', v1(2)),
      says: /: line 2 is invalid: An id has more than 64 bits$/,
    },
    {
      what: "with a line that is not UTF-8",
      bytes: gzipSync(new Uint8Array([...text(`${v1(1)}\n${v1(2)}\n"`), 0xff, 0x22, 0x0a])),
      says: /: line 3 is invalid/,
    },
    {
      what: "that unpacks to a line without an end, far longer than memory is to hold",
      bytes: gzipSync(new Uint8Array(65 * 2 ** 20).fill(0x20)),
      says: /: line 1 is invalid: A line is longer than 64 MiB$/,
    },
  ]
) {
  Deno.test(`a file ${what} is told, and kept`, () =>
    withBucket(
      async (bucket) => {
        const key = `${OLD}${FILE}`;
        const faults = (await bucket.faults()).filter((one) => one.includes(FILE));
        assert.equal(faults.length, 1);
        assert.match(faults[0] ?? "", says);
        await bucket.repair();
        assert.deepEqual((await bucket.store.get(key))?.bytes, new Uint8Array(bytes));
      },
      "search",
      [bytes, zipped(v1(8), v1(9))],
    ));
}

Deno.test("a copy that was downloaded, which has no keys, is as whole as its bucket", () =>
  withBucket(async (bucket) => {
    const { keys: _, ...config } = JSON.parse(await bucket.text(`${ROOT}collection.json`));
    await bucket.store.put(`${ROOT}collection.json`, jsonBytes(config));
    assert.match((await bucket.faults()).join(), /Missing keys/, "It cannot be harvested further");
    await bucket.store.delete(`${ROOT}checkpoint.json`);
    assert.deepEqual(await bucket.faults(), []);
    await bucket.store.put(`${ROOT}collection.json`, jsonBytes({ ...config, keys: "none" }));
    assert.match((await bucket.faults()).join(), /^collection\.json: .*Keys is not properly/);
  }));

Deno.test("what marks a folder, and what strayed into a collection, is no harvest, no changeset, and no fault", async () => {
  const store = new MemoryStore();
  const bucket = new Bucket(store);
  await bucket.fill("search", [zipped(v1(1), v1(2)), zipped(v1(3), v1(4))]);
  const markers = ["", "harvests/", "harvests/2027/", "changesets/", OLD.slice(ROOT.length)];
  for (const marker of markers) await store.put(`${ROOT}${marker}`, new Uint8Array());
  const strays = ["harvests/z.txt", "harvests/2099/x", "changesets/a\\b.json", "changesets/notes"];
  for (const name of strays) await store.put(`${ROOT}${name}`, text("{"));
  await store.put(`${OLD}tweets:1`, text("x"));
  const { faults, read, tweets } = await bucket.verify();
  assert.deepEqual([faults, read.harvests, tweets], [[], 2, 4]);
});

Deno.test("a manifest line that names no file is told, also in an older harvest", () =>
  withBucket(async (bucket) => {
    const manifest = await bucket.text(`${OLD}manifest-sha1.txt`);
    const sum = sha1Of(new Uint8Array());
    const lines = ["rubbish", `${sum}  ../../${FILE}`, `${sum}  ..`, `${sum}  a\\b`, `${sum}  a:b`];
    for (const line of lines) {
      await bucket.store.put(`${OLD}manifest-sha1.txt`, text(`${manifest}${line}\n`));
      assert.deepEqual(await bucket.faults(), [
        `${below(OLD, "manifest-sha1.txt")}: it has a line that names no file: ${line}`,
      ]);
    }
  }));

const MADE_AGAIN =
  "Rebuilt checkpoint.json from the manifests and what can be read of their files: the next harvest continues from there";

Deno.test("a damaged configuration or checkpoint is told once, and the rest is verified and mended all the same", () =>
  withBucket(async (bucket) => {
    await bucket.store.put(`${OLD}tweets-20260102030405-2.jsonl.gz`, text("half"));
    for (
      const [name, again] of [["collection.json", []], ["checkpoint.json", [MADE_AGAIN]]] as const
    ) {
      const before = await bucket.text(`${ROOT}${name}`);
      await bucket.store.put(`${ROOT}${name}`, text("{"));
      const faults = await bucket.faults();
      assert.equal(faults.filter((one) => one.startsWith(`${name}: it is not JSON`)).length, 1);
      await bucket.store.put(`${OLD}tweets-20260102030405-2.jsonl.gz`, text("half"));
      const { mended, faults: left } = await bucket.repair();
      assert.deepEqual(mended, [
        ...again,
        `Set aside ${
          below(OLD, "tweets-20260102030405-2.jsonl.gz")
        }, which no manifest lists, as ` +
        `set-aside/20260102030405-${
          sha1Of(text("half")).slice(0, 8)
        }-tweets-20260102030405-2.jsonl.gz`,
      ]);
      assert.equal(left.length, again.length === 0 ? 1 : 0);
      await bucket.store.put(`${ROOT}${name}`, text(before));
    }
  }));

Deno.test("a changeset, user changes, gaps and other lines that are damaged are each told", () =>
  withBucket(async (bucket) => {
    await bucket.store.put(`${ROOT}changesets/change-20260101000000.json`, text("["));
    await bucket.store.put(`${ROOT}changesets/change-20260101000001.json`, text("{}"));
    await bucket.store.put(`${OLD}user_changes.json`, text('{"a":1}'));
    await bucket.store.put(`${OLD}gaps.jsonl`, text('{"a":1}\n'));
    await bucket.store.put(`${OLD}users.jsonl`, text('{"a":1'));
    await bucket.store.put(`${OLD}messages.jsonl`, text("no\n"));
    const faults = (await bucket.faults()).map((fault) => fault.split(":")[0]);
    assert.deepEqual(faults.toSorted(), [
      "changesets/change-20260101000000.json",
      "changesets/change-20260101000001.json",
      below(OLD, "gaps.jsonl"),
      below(OLD, "messages.jsonl"),
      below(OLD, "user_changes.json"),
      below(OLD, "users.jsonl"),
    ]);
  }));

Deno.test("what is wrong with one of many users is told as among few: in the configuration, its copy, and what changed", () =>
  withBucket(async (bucket) => {
    const many = (last: JsonObject): Record<string, JsonObject> =>
      Object.fromEntries([
        ...Array.from({ length: 40_000 }, (_, i) => [`${i + 1}`, { screen_name: `name${i}` }]),
        ["99999", last],
      ]);
    const config = JSON.parse(await bucket.text(`${ROOT}collection.json`));
    const change = { delete: [], change_timestamp: "2026-01-01T00:00:00.000Z" };
    const changes = (last: JsonObject) =>
      [...Object.values(many({})), last].map((one) => ({
        change: "screen name changed",
        date_time: "2026-01-02T03:04:05.000Z",
        user_id: "1",
        ...one,
      }));
    const put = async (last: JsonObject, news: JsonObject) => {
      const timeline = { ...config, type: "user_timeline", search: undefined };
      await bucket.json("collection.json", { ...timeline, users: many(last) });
      await bucket.store.put(`${OLD}collection.json`, jsonBytes({ id: "c", users: many(news) }));
      const update = { users: many(news) };
      await bucket.json("changesets/change-20260101000000.json", { update, ...change });
    };
    const key = "99999";
    await put({ screen_name: "last" }, { since_id: "1" });
    await bucket.store.put(`${OLD}user_changes.json`, jsonBytes(changes({})));
    assert.deepEqual(await bucket.faults(), []);
    await put({ screen_name: 1 }, { since_id: "1", token: { access_token: "secret of somebody" } });
    await bucket.store.put(`${OLD}user_changes.json`, jsonBytes(changes({ change: 1 })));
    const { withKeys } = await bucket.verify();
    const faults = await bucket.faults();
    assert.equal(faults.length, 2, faults.join("\n"));
    assert.match(faults.join("\n"), new RegExp(`collection.json: .*${key}`));
    assert.match(faults.join("\n"), /user_changes.json: .*change/);
    assert.deepEqual(withKeys, [
      `${ROOT}changesets/change-20260101000000.json`,
      `${OLD}collection.json`,
    ]);
  }));

Deno.test("a changeset of which a power cut has left nothing is told, and removed by a repair", () =>
  withBucket(async (bucket) => {
    const keys = ["change-20260101000000.json", "change-20260101000001.json"]
      .map((name) => `${ROOT}changesets/${name}`);
    await bucket.store.put(keys[0] ?? "", new Uint8Array());
    await bucket.store.put(keys[1] ?? "", new Uint8Array(300));
    const faults = await bucket.faults();
    assert.equal(faults.length, 2);
    for (const fault of faults) assert.match(fault, /is empty, or zeroed: that change is unknown/);
    await bucket.repair();
    assert.deepEqual(await bucket.faults(), []);
  }));

Deno.test("fewer lines beside the tweets than harvest.json tells of are told", () =>
  withBucket(async (bucket) => {
    const info = JSON.parse(await bucket.text(`${OLD}harvest.json`));
    const counts = { users: 2, messages: { limit: 1, delete: 2 }, gaps: 1 };
    await bucket.store.put(`${OLD}harvest.json`, jsonBytes({ ...info, ...counts }));
    await bucket.store.put(`${OLD}users.jsonl`, text("{}\n"));
    await bucket.store.put(`${OLD}messages.jsonl`, text("{}\n{}\n{}\n{}\n"));
    assert.deepEqual(await bucket.faults(), [
      `${below(OLD, "users.jsonl")}: it has 1 lines, but harvest.json says 2`,
      `${below(OLD, "gaps.jsonl")}: it has 0 lines, but harvest.json says 1`,
    ]);
  }));

Deno.test("gaps are told, and are no fault", () =>
  withBucket(async (bucket) => {
    await bucket.store.put(`${OLD}gaps.jsonl`, text('{"from":0,"to":1000,"why":"cut"}\n'));
    const { faults, gaps } = await bucket.verify();
    assert.deepEqual(faults, []);
    const [from, to] = ["1970-01-01T00:00:00.000Z", "1970-01-01T00:00:01.000Z"];
    assert.deepEqual(gaps, [{ from, to, why: "cut", status: "beyond reach" }]);
  }, "filter"));

Deno.test("a gap that a later harvest filled is not missed, and of one that it filled in part the rest is", () =>
  withBucket(async (bucket) => {
    const gaps = [
      { from: 0, to: 1000, why: "cut" },
      { from: 2000, to: 4000, why: "cut" },
      { from: 5000, to: 6000, why: "cut", user_id: "12" },
    ];
    const lines = (...all: object[]) => text(all.map((one) => `${JSON.stringify(one)}\n`).join(""));
    await bucket.store.put(`${OLD}gaps.jsonl`, lines(...gaps));
    await bucket.store.put(
      `${NEW}filled.jsonl`,
      lines({ from: 0, to: 1000 }, { from: 3000, to: 4000 }),
    );
    const statuses = async () => {
      const found = await bucket.verify();
      assert.deepEqual(found.faults, []);
      return found.gaps.map(({ from, to, status }) => [Date.parse(from), Date.parse(to), status]);
    };
    const expected = [
      [0, 1000, "filled"],
      [2000, 3000, "beyond reach"],
      [3000, 4000, "filled"],
      [5000, 6000, "beyond reach"],
    ];
    assert.deepEqual(await statuses(), expected);
  }, "search"));

Deno.test("a damaged record of filled gaps is a fault, and the gaps are reported all the same", () =>
  withBucket(async (bucket) => {
    await bucket.store.put(`${OLD}gaps.jsonl`, text('{"from":0,"to":1000,"why":"cut"}\n'));
    await bucket.store.put(`${NEW}filled.jsonl`, text("{\n"));
    const { faults, gaps } = await bucket.verify();
    assert.deepEqual(faults.map(({ key }) => key), [`${NEW}filled.jsonl`]);
    assert.deepEqual(gaps.map(({ status }) => status), ["beyond reach"]);
  }, "filter"));

for (const type of ["user_timeline", "search"] as const) {
  Deno.test(`a tweet in two harvests of a ${type} collection is a fault in both, with the other file`, () =>
    withBucket(
      async (bucket) => {
        const says = "1 of its tweets are duplicates (3), also in";
        assert.deepEqual(await bucket.faults(), [
          `${below(OLD, FILE)}: ${says} ${below(NEW, FILE)}`,
          `${below(NEW, FILE)}: ${says} ${below(OLD, FILE)}`,
        ]);
      },
      type,
      [zipped(v1(1), v1(3)), zipped(v1(3), v1(4))],
    ));
}

Deno.test("a stream may bring a tweet again in another harvest, but not twice in one", async () => {
  const seen = zipped(v1(1), v1(3));
  await withBucket(
    async (bucket) => assert.deepEqual(await bucket.faults(), []),
    "filter",
    [seen, zipped(v1(3), v1(4))],
  );
  await withBucket(
    async (bucket) => {
      assert.deepEqual(await bucket.faults(), [
        `${below(NEW, FILE)}: 1 of its tweets are duplicates (3)`,
      ]);
    },
    "filter",
    [seen, zipped(v1(3), v1(3))],
  );
});

Deno.test("what is inside another tweet, or in the includes of a version 2 answer, is no repeat", () => {
  const retweet = '{"id":9,"id_str":"9","retweeted_status":{"id":1,"id_str":"1"}}';
  const answer = (id: number) =>
    `{"data":[{"id":"${id}"}],"includes":{"tweets":[{"id":"1"}]},"__twarc":{}}`;
  return withBucket(
    async (bucket) => assert.deepEqual(await bucket.faults(), []),
    "search",
    [zipped(v1(1), retweet), zipped(answer(4), answer(5))],
  );
});

Deno.test("a bucket of the Python original has no fault", () =>
  withBucket(async (bucket) => {
    for (const [i, folder] of FOLDERS.entries()) {
      const { bytes } = await bucket.store.get(`${folder}${FILE}`) ?? assert.fail();
      await bucket.store.delete(`${folder}harvest.json`);
      // It counted bytes in its own way, and has no zone in its times.
      const began = (BEGAN[i] ?? "").replace("000Z", "123456");
      await bucket.store.put(`${folder}harvester.json`, jsonBytes(harvestJson(began, 2, 1)));
      const row = `${sha1Of(bytes)} ${FILE}\n`;
      await bucket.store.put(`${folder}manifest-sha1.txt`, text(row));
    }
    await bucket.store.delete(`${ROOT}checkpoint.json`);
    await bucket.json("last_harvest.json", { harvest_id: BEGAN[1].replace("000Z", "123456") });
    assert.deepEqual(await bucket.faults(), []);
    // One that it harvests now.
    const now = `${ROOT}harvests/2026/01/04/03/04/05/`;
    await bucket.store.put(`${now}tweets-20260104030405.jsonl.gz`, text("half"));
    assert.equal((await bucket.faults()).length, 1);
    await bucket.store.put(`${ROOT}lock.json`, text("{}"));
    assert.deepEqual(await bucket.faults(), []);
  }));

Deno.test("files of a harvest that runs are no garbage; of one that was cut they are, once it is told", () =>
  withBucket(async (bucket) => {
    const { bytes } = await bucket.store.get(`${NEW}${FILE}`) ?? assert.fail();
    await bucket.checkpoint({ state: "harvesting" }, bytes);
    await bucket.store.put(`${NEW}tweets-20260102030405-2.jsonl.gz`, text("half"));
    const options = bucket.options();
    const lease = await acquireLease({ ...options, holder: { id: "x", host: "here", pid: 1 } });
    assert.deepEqual(await bucket.faults(), []);
    await lease.release();
    assert.deepEqual(await bucket.faults(), [
      "checkpoint.json: an interrupted harvest has not been finalized (mended)",
    ]);
    const { mended, faults } = await bucket.repair();
    assert.deepEqual(mended, [`Finalized the interrupted harvest of ${BEGAN[1]}`]);
    assert.deepEqual(faults, []);
    assert.equal(await bucket.store.get(`${NEW}tweets-20260102030405-2.jsonl.gz`), null);
  }));

Deno.test("a harvest that ends while its folder is listed is not held against what was there before", async () => {
  const bucket = new Bucket(new MemoryStore());
  const bytes = zipped(v1(3), v1(4));
  await bucket.fill("search", [zipped(v1(1), v1(2)), bytes]);
  await bucket.checkpoint({ state: "harvesting", commits: 3 }, bytes);
  await bucket.store.put(`${NEW}tweets-20260102030405-3.jsonl.gz`, text("merged a moment later"));
  const { store } = bucket;
  assert.ok(store instanceof MemoryStore);
  store.before = ({ method, key }) => {
    if (method !== "get" || key !== `${ROOT}checkpoint.json`) return;
    // Looked at once, the harvest ends.
    store.before = ({ method, key }) => {
      if (method !== "get" || key !== `${ROOT}checkpoint.json`) return;
      store.before = () => {};
      return bucket.checkpoint({ commits: 5 }, bytes)
        .then(() => store.delete(`${NEW}tweets-20260102030405-3.jsonl.gz`));
    };
  };
  assert.deepEqual(await bucket.faults(), []);
});

Deno.test("a harvest that begins while others are verified is left to the next verification", async () => {
  const bucket = new Bucket(new MemoryStore());
  await bucket.fill("search", [zipped(v1(1), v1(2)), zipped(v1(3), v1(4))]);
  const { store } = bucket;
  assert.ok(store instanceof MemoryStore);
  store.before = async ({ method, key }) => {
    // All that there is: the newest harvest was looked for before.
    if (method !== "list" || key !== ROOT) return;
    store.before = () => Promise.resolve();
    await store.put(
      `${ROOT}harvests/2030/01/01/00/00/00/tweets-20300101000000.jsonl.gz`,
      text("x"),
    );
  };
  const { faults, read } = await bucket.verify();
  assert.deepEqual([faults, read.harvests], [[], 2]);
});

Deno.test("a line of gaps that is JSON, and no gap, is a fault", () =>
  withBucket(async (bucket) => {
    await bucket.store.put(`${OLD}gaps.jsonl`, text('{"from":0,"to":1000,"why":"cut"}\n7\n'));
    assert.deepEqual(await bucket.faults(), [
      `${below(OLD, "gaps.jsonl")}: it has a line that is not a gap`,
    ]);
  }));

Deno.test("a verification that is told to end does so before the next file", () =>
  withBucket(async (bucket) => {
    const ending = new AbortController();
    const onFile = () => ending.abort(new Error("enough"));
    const verifying = verify({ ...bucket.options(), onFile, signal: ending.signal });
    await assert.rejects(verifying, /enough/);
  }));
