import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import type { CheckpointState } from "../../lib/bucket/checkpoint.ts";
import type { Verified } from "../../lib/bucket/found.ts";
import { takeLease } from "../../lib/bucket/lease.ts";
import { repair } from "../../lib/bucket/repair.ts";
import { verify, type VerifyOptions } from "../../lib/bucket/verify.ts";
import { systemClock } from "../../lib/clock.ts";
import { jsonBytes } from "../../lib/json.ts";
import { LocalStore } from "../../lib/store/local.ts";
import type { Store } from "../../lib/store/store.ts";
import { MemoryStore } from "../fakes/memory_store.ts";

const ROOT = "collections/c/";
const BEGAN = ["2026-01-02T03:04:05.000Z", "2026-01-03T03:04:05.000Z"] as const;
const FOLDERS = [
  `${ROOT}harvests/2026/01/02/03/04/05/`,
  `${ROOT}harvests/2026/01/03/03/04/05/`,
] as const;
const [OLD, NEW] = FOLDERS;
const FILE = "tweets-20260102030406.jsonl.gz";
const CONFIG = {
  user_timeline: { users: { 12: {} } },
  search: { search: { query: "a" } },
  filter: { filter: { track: "a" } },
};
type CollectionType = keyof typeof CONFIG;

const v1 = (id: number) => `{"id":${id},"id_str":"${id}"}`;
const zipped = (...lines: string[]) => gzipSync(lines.map((line) => `${line}\n`).join(""));
const sha1Of = (bytes: Uint8Array) => createHash("sha1").update(bytes).digest("hex");
const text = (content: string) => new TextEncoder().encode(content);
const harvestJson = (began: string, tweets: number, bytes: number) => ({
  collection_id: "c",
  harvest_timestamp: began,
  tweets,
  files: 1,
  file_bytes: bytes,
});

/** A bucket with a collection `c`. */
class Bucket {
  readonly store: Store;

  constructor(store: Store) {
    this.store = store;
  }

  /** A collection of two harvests of a file each. */
  async fill(type: CollectionType, files: [Uint8Array, Uint8Array]): Promise<void> {
    const keys = { consumer_key: "a", consumer_secret: "b" };
    const tokens = { access_token: "c", access_token_secret: "d" };
    await this.json("collection.json", {
      id: "c",
      type,
      ...CONFIG[type],
      keys: { ...keys, ...tokens },
    });
    for (const [i, bytes] of files.entries()) {
      const folder = FOLDERS[i] ?? assert.fail();
      await this.harvest(folder, bytes, BEGAN[i] ?? assert.fail());
    }
    await this.json("last_harvest.json", { harvest_id: BEGAN[1] });
    await this.checkpoint({}, files[1]);
  }

  async harvest(folder: string, bytes: Uint8Array, began: string): Promise<void> {
    await this.store.put(`${folder}${FILE}`, bytes);
    await this.store.put(`${folder}manifest-sha1.txt`, text(`${sha1Of(bytes)}  ${FILE}\n`));
    const info = harvestJson(began, 2, bytes.length);
    await this.store.put(`${folder}harvest.json`, jsonBytes(info));
    await this.store.put(`${folder}collection.json`, jsonBytes({ id: "c" }));
  }

  async checkpoint(change: Partial<CheckpointState>, bytes: Uint8Array): Promise<void> {
    const counts = {
      walks: 1,
      walks_done: 1,
      users: 0,
      user_changes: 0,
      messages: {},
      undelivered: 0,
      gaps: 0,
    };
    const state: CheckpointState = {
      format: 1,
      holder: "somebody",
      commits: 4,
      state: "settled",
      type: "search",
      began: Date.parse(BEGAN[1]),
      at: Date.parse(BEGAN[1]),
      positions: {},
      files: [{ name: FILE, sha1: sha1Of(bytes), bytes: bytes.length, tweets: 2 }],
      update: { update: {}, delete: [] },
      counts,
      outcome: "complete",
      ...change,
    };
    await this.json("checkpoint.json", state);
  }

  async json(name: string, value: unknown): Promise<void> {
    await this.store.put(`${ROOT}${name}`, jsonBytes(value));
  }

  /** The content of an object as text. */
  async text(key: string): Promise<string> {
    const found = await this.store.get(key);
    return new TextDecoder().decode(found?.bytes ?? assert.fail(`${key} is not there`));
  }

  options(): VerifyOptions {
    const { signal } = new AbortController();
    const [isGone, onFile] = [() => false, () => {}];
    return { store: this.store, clock: systemClock, collectionId: "c", isGone, onFile, signal };
  }

  async verify(): Promise<Verified> {
    return await verify(this.options());
  }

  /** What is wrong, each as `<key below the collection>: <what>`, and whether it can be mended. */
  async faults(): Promise<string[]> {
    return told(await this.verify());
  }

  /** What was mended, and what is wrong then. */
  async repair(): Promise<{ mended: string[]; faults: string[] }> {
    const mended: string[] = [];
    const options = this.options();
    const holder = { id: "mender", host: "here", pid: 1 };
    const lease = await takeLease({ ...options, holder });
    const onMended = (what: string) => void mended.push(what.replaceAll(ROOT, ""));
    try {
      const found = await repair({ ...options, lease, holder: holder.id, onMended });
      return { mended, faults: told(found) };
    } finally {
      await lease.release();
    }
  }
}

function told({ faults }: Verified): string[] {
  return faults.map(({ key, says, canBeMended }) =>
    `${key.slice(ROOT.length)}: ${says}${canBeMended ? " (mended)" : ""}`.replaceAll(ROOT, "")
  );
}

async function withBucket(
  use: (bucket: Bucket) => Promise<void>,
  type: CollectionType = "search",
  files: [Uint8Array, Uint8Array] = [zipped(v1(1), v1(2)), zipped(v1(3), v1(4))],
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "twarc-cloud-test-" });
  try {
    const bucket = new Bucket(await LocalStore.open(folder));
    await bucket.fill(type, files);
    await use(bucket);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const below = (folder: string, name: string) => `${folder.slice(ROOT.length)}${name}`;

Deno.test("a collection that is whole has no fault", () =>
  withBucket(async (bucket) => {
    const { faults, harvests, tweets, files, gaps } = await bucket.verify();
    assert.deepEqual({ faults, tweets, files, gaps }, {
      faults: [],
      tweets: 4,
      files: 2,
      gaps: [],
    });
    assert.equal(harvests.length, 2);
    assert.deepEqual(await bucket.repair(), { mended: [], faults: [] });
  }));

for (
  const { what, bytes, says } of [
    {
      what: "of two gzip members",
      bytes: new Uint8Array([...zipped(v1(1)), ...zipped(v1(2))]),
      says: /: it is not one whole gzip file, from line \d/,
    },
    {
      what: "with bytes behind its end",
      bytes: new Uint8Array([...zipped(v1(1), v1(2)), 0, 0]),
      says: /: it is not one whole gzip file/,
    },
    {
      what: "without a line break at its end",
      bytes: gzipSync(`${v1(1)}\n${v1(2)}`),
      says: /: line 2 has no end$/,
    },
    { what: "with an empty line", bytes: zipped(v1(1), "", v1(2)), says: /: line 2 is not as/ },
    {
      what: "with a line that has no id",
      bytes: zipped(v1(1), '{"a":1}', v1(2)),
      says: /: line 2 is not as it should be: An object has no id$/,
    },
    {
      what: "with an id that no tweet can have",
      bytes: zipped(v1(1), '{"id":99999999999999999999999}', v1(2)),
      says: /: line 2 is not as it should be: An id has more than 64 bits$/,
    },
    {
      what: "with a line that is not UTF-8",
      bytes: gzipSync(new Uint8Array([...text(`${v1(1)}\n${v1(2)}\n"`), 0xff, 0x22, 0x0a])),
      says: /: line 3 is not as it should be/,
    },
    {
      what: "that unpacks to a line without an end, far longer than memory is to hold",
      bytes: gzipSync(new Uint8Array(65 * 2 ** 20).fill(0x20)),
      says: /: line 1 is not as it should be: A line is longer than 64 MiB$/,
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

Deno.test("what the checkpoint knows of the last harvest is told again: manifest, harvest.json, or both", () =>
  withBucket(async (bucket) => {
    const manifest = await bucket.text(`${NEW}manifest-sha1.txt`);
    const damages: [string, string | null][] = [
      ["manifest-sha1.txt", ""],
      ["manifest-sha1.txt", null],
      ["manifest-sha1.txt", `${manifest}rubbish\n`],
      ["manifest-sha1.txt", manifest.replaceAll(/[0-9a-f]{3} /g, "000 ")],
      ["harvest.json", null],
      ["harvest.json", "{"],
    ];
    for (const [name, content] of damages) {
      if (content === null) await bucket.store.delete(`${NEW}${name}`);
      else await bucket.store.put(`${NEW}${name}`, text(content));
      const faults = await bucket.faults();
      assert.ok(
        faults.some((fault) => fault.includes(name) && fault.endsWith("(mended)")),
        `${name}: ${JSON.stringify(content)}: ${faults}`,
      );
      const { mended, faults: left } = await bucket.repair();
      assert.deepEqual(left, [], `${name}: ${JSON.stringify(content)}`);
      assert.deepEqual(mended, [
        `${below(NEW, name)} is written again, as the checkpoint tells`,
      ]);
    }
    assert.equal(await bucket.text(`${NEW}manifest-sha1.txt`), manifest);
    const { tweets, outcome } = JSON.parse(await bucket.text(`${NEW}harvest.json`));
    assert.deepEqual({ tweets, outcome }, { tweets: 2, outcome: "complete" });
  }));

Deno.test("a manifest that lists what the checkpoint does not name is left, and so are its files", () =>
  withBucket(async (bucket) => {
    const more = zipped(v1(5));
    await bucket.store.put(`${NEW}tweets-2.jsonl.gz`, more);
    const manifest = await bucket.text(`${NEW}manifest-sha1.txt`);
    const longer = `${manifest}${sha1Of(more)}  tweets-2.jsonl.gz\n`;
    await bucket.store.put(`${NEW}manifest-sha1.txt`, text(longer));
    const wanted = `${below(NEW, "manifest-sha1.txt")}: it does not list what the checkpoint names`;
    assert.ok((await bucket.faults()).includes(wanted));
    await bucket.repair();
    assert.equal(await bucket.text(`${NEW}manifest-sha1.txt`), longer);
    assert.ok(await bucket.store.get(`${NEW}tweets-2.jsonl.gz`));
  }));

Deno.test("a checkpoint whose files are damaged rewrites no manifest", () =>
  withBucket(async (bucket) => {
    await bucket.store.put(`${NEW}manifest-sha1.txt`, new Uint8Array());
    await bucket.store.put(`${NEW}${FILE}`, zipped(v1(7)));
    const { mended, faults } = await bucket.repair();
    assert.deepEqual(mended, []);
    assert.match(faults.join(), /it does not list what the checkpoint names/);
  }));

Deno.test("a manifest line that names no file is told, also in an older harvest", () =>
  withBucket(async (bucket) => {
    const manifest = await bucket.text(`${OLD}manifest-sha1.txt`);
    for (const line of ["rubbish", `${sha1Of(new Uint8Array())}  ../../${FILE}`]) {
      await bucket.store.put(`${OLD}manifest-sha1.txt`, text(`${manifest}${line}\n`));
      assert.deepEqual(await bucket.faults(), [
        `${below(OLD, "manifest-sha1.txt")}: it has a line that names no file: ${line}`,
      ]);
    }
  }));

Deno.test("a file that a damage changed is not made the truth by rewriting harvest.json", () =>
  withBucket(async (bucket) => {
    const before = await bucket.text(`${OLD}harvest.json`);
    await bucket.store.put(`${OLD}${FILE}`, zipped(v1(1), v1(22_222)));
    const wanted = [`${below(OLD, FILE)}: its checksum is not that of the manifest`];
    assert.deepEqual(await bucket.repair(), { mended: [], faults: wanted });
    assert.equal(await bucket.text(`${OLD}harvest.json`), before);
  }));

Deno.test("last_harvest.json is mended where it is gone, damaged, or names nothing that is there", () =>
  withBucket(async (bucket) => {
    const key = `${ROOT}last_harvest.json`;
    const damages = [null, "{", '{"harvest_id":"x"}', '{"harvest_id":"2020-01-01T00:00:00Z"}'];
    for (const content of damages) {
      if (content === null) await bucket.store.delete(key);
      else await bucket.store.put(key, text(content));
      const faults = await bucket.faults();
      assert.equal(faults.length, 1);
      assert.match(faults[0] ?? "", /^last_harvest\.json: .*\(mended\)$/);
      assert.deepEqual(await bucket.repair(), {
        mended: ["last_harvest.json names the last harvest that is there"],
        faults: [],
      });
      assert.equal(JSON.parse(await bucket.text(key)).harvest_id, BEGAN[1]);
    }
  }));

Deno.test("a damaged configuration or checkpoint is told once, and the rest is verified and mended all the same", () =>
  withBucket(async (bucket) => {
    await bucket.store.put(`${OLD}tweets-2.jsonl.gz`, text("half"));
    for (const name of ["collection.json", "checkpoint.json"]) {
      const before = await bucket.text(`${ROOT}${name}`);
      await bucket.store.put(`${ROOT}${name}`, text("{"));
      const faults = await bucket.faults();
      assert.equal(faults.filter((one) => one.startsWith(`${name}: it is not JSON`)).length, 1);
      await bucket.store.put(`${OLD}tweets-2.jsonl.gz`, text("half"));
      const { mended, faults: left } = await bucket.repair();
      assert.deepEqual(mended, [
        `${below(OLD, "tweets-2.jsonl.gz")}, which was never finished, is deleted`,
      ]);
      assert.equal(left.length, 1);
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

Deno.test("fewer lines beside the tweets than harvest.json tells of are told", () =>
  withBucket(async (bucket) => {
    const info = JSON.parse(await bucket.text(`${OLD}harvest.json`));
    const counts = { users: 2, messages: { limit: 1, delete: 2 }, gaps: 1 };
    await bucket.store.put(`${OLD}harvest.json`, jsonBytes({ ...info, ...counts }));
    await bucket.store.put(`${OLD}users.jsonl`, text("{}\n"));
    await bucket.store.put(`${OLD}messages.jsonl`, text("{}\n{}\n{}\n{}\n"));
    assert.deepEqual(await bucket.faults(), [
      `${below(OLD, "users.jsonl")}: it has 1 lines, and harvest.json tells of 2`,
      `${below(OLD, "gaps.jsonl")}: it has 0 lines, and harvest.json tells of 1`,
    ]);
  }));

Deno.test("gaps are told, and are no fault", () =>
  withBucket(async (bucket) => {
    await bucket.store.put(`${OLD}gaps.jsonl`, text('{"from":0,"to":1000,"why":"cut"}\n'));
    const { faults, gaps } = await bucket.verify();
    assert.deepEqual(faults, []);
    const [from, to] = ["1970-01-01T00:00:00.000Z", "1970-01-01T00:00:01.000Z"];
    assert.deepEqual(gaps, [{ from, to, why: "cut" }]);
  }, "filter"));

for (const type of ["user_timeline", "search"] as const) {
  Deno.test(`a tweet in two harvests of a ${type} collection is a fault in both, with the other file`, () =>
    withBucket(
      async (bucket) => {
        const says = "1 of its tweets are there more than once (3), also in";
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
        `${below(NEW, FILE)}: 1 of its tweets are there more than once (3)`,
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
    await bucket.store.put(`${NEW}tweets-2.jsonl.gz`, text("half"));
    const options = bucket.options();
    const lease = await takeLease({ ...options, holder: { id: "x", host: "here", pid: 1 } });
    assert.deepEqual(await bucket.faults(), []);
    await lease.release();
    assert.deepEqual(await bucket.faults(), [
      "checkpoint.json: a harvest was cut, and is not told yet (mended)",
    ]);
    const { mended, faults } = await bucket.repair();
    assert.deepEqual(mended, [`The harvest of ${BEGAN[1]}, which was cut, is told`]);
    assert.deepEqual(faults, []);
    assert.equal(await bucket.store.get(`${NEW}tweets-2.jsonl.gz`), null);
  }));

Deno.test("a harvest that was cut cannot be told onto a configuration that is damaged", () =>
  withBucket(async (bucket) => {
    const { bytes } = await bucket.store.get(`${NEW}${FILE}`) ?? assert.fail();
    await bucket.checkpoint({ state: "harvesting" }, bytes);
    await bucket.store.put(`${ROOT}collection.json`, text("{"));
    const { mended, faults } = await bucket.repair();
    assert.deepEqual(mended, []);
    assert.match(faults[0] ?? "", /^collection\.json: it is not JSON/);
    assert.equal(faults[1], "checkpoint.json: a harvest was cut, and is not told yet");
    assert.equal(JSON.parse(await bucket.text(`${ROOT}checkpoint.json`)).state, "harvesting");
  }));

Deno.test("a manifest of an older harvest that is gone is written again only where its files are all, and whole", () =>
  withBucket(async (bucket) => {
    const manifest = await bucket.text(`${OLD}manifest-sha1.txt`);
    await bucket.store.delete(`${OLD}manifest-sha1.txt`);
    const fault = `${below(OLD, "manifest-sha1.txt")}: it is not there`;
    assert.deepEqual(await bucket.faults(), [`${fault} (mended)`]);
    const { bytes } = await bucket.store.get(`${OLD}${FILE}`) ?? assert.fail();
    const info = await bucket.text(`${OLD}harvest.json`);
    for (const damaged of [bytes.slice(0, 20), zipped(v1(1)), gzipSync(`${v1(1)}\n${v1(2)}`)]) {
      await bucket.store.put(`${OLD}${FILE}`, damaged);
      const told = { ...JSON.parse(info), file_bytes: damaged.length };
      await bucket.store.put(`${OLD}harvest.json`, jsonBytes(told));
      const { mended, faults } = await bucket.repair();
      assert.deepEqual(mended, []);
      assert.ok(faults.includes(fault), `${faults}`);
    }
    await bucket.store.put(`${OLD}harvest.json`, text(info));
    await bucket.store.put(`${OLD}${FILE}`, bytes);
    await bucket.store.put(`${OLD}tweets-2.jsonl.gz`, bytes);
    assert.deepEqual((await bucket.repair()).mended, []);
    await bucket.store.delete(`${OLD}tweets-2.jsonl.gz`);
    assert.deepEqual(await bucket.repair(), {
      mended: [`${below(OLD, "manifest-sha1.txt")} is written again, as its files are`],
      faults: [],
    });
    assert.equal(await bucket.text(`${OLD}manifest-sha1.txt`), manifest);
  }));

Deno.test("a harvest that ends while its folder is listed is not held against what was there before", async () => {
  const bucket = new Bucket(new MemoryStore());
  const bytes = zipped(v1(3), v1(4));
  await bucket.fill("search", [zipped(v1(1), v1(2)), bytes]);
  await bucket.checkpoint({ state: "harvesting", commits: 3 }, bytes);
  await bucket.store.put(`${NEW}tweets-piece.jsonl.gz`, text("merged a moment later"));
  const { store } = bucket;
  assert.ok(store instanceof MemoryStore);
  store.before = ({ method, key }) => {
    if (method !== "get" || key !== `${ROOT}checkpoint.json`) return;
    // Looked at once, the harvest ends.
    store.before = ({ method, key }) => {
      if (method !== "get" || key !== `${ROOT}checkpoint.json`) return;
      store.before = () => {};
      return bucket.checkpoint({ commits: 5 }, bytes)
        .then(() => store.delete(`${NEW}tweets-piece.jsonl.gz`));
    };
  };
  assert.deepEqual(await bucket.faults(), []);
});

Deno.test("a repair whose lease is lost writes nothing more", () =>
  withBucket(async (bucket) => {
    await bucket.store.put(`${OLD}tweets-2.jsonl.gz`, text("half"));
    const options = bucket.options();
    const holder = { id: "mender", host: "here", pid: 1 };
    const lease = await takeLease({ ...options, holder });
    await bucket.store.delete(`${ROOT}lock.json`);
    await lease.renewNow();
    const repairing = repair({ ...options, lease, holder: holder.id, onMended: () => {} });
    await assert.rejects(repairing, /The lock of this collection was lost: somebody unlocked it/);
    await lease.release();
    assert.ok(await bucket.store.get(`${OLD}tweets-2.jsonl.gz`));
  }));

Deno.test("a verification that is told to end does so before the next file", () =>
  withBucket(async (bucket) => {
    const ending = new AbortController();
    const onFile = () => ending.abort(new Error("enough"));
    const verifying = verify({ ...bucket.options(), onFile, signal: ending.signal });
    await assert.rejects(verifying, /enough/);
  }));
