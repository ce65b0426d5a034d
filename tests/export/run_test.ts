import assert from "node:assert/strict";
import { join } from "node:path";
import { openFile, openShards } from "../../lib/export/outputs.ts";
import { openTable } from "../../lib/export/columns.ts";
import { Parquet } from "../../lib/export/parquet.ts";
import { type Exported, exportTo } from "../../lib/export/run.ts";
import { findLimit } from "../../lib/export/sample.ts";
import { findSource } from "../../lib/export/source.ts";
import type { Selection } from "../../lib/export/selection.ts";
import type { Sink } from "../../lib/export/writer.ts";
import { CsvWriter, IdWriter, JsonlWriter } from "../../lib/export/text_writers.ts";
import { parse } from "csv-parse/sync";
import { MemoryStore } from "../fakes/memory_store.ts";
import { madePages } from "../sandbox/v2_pages.ts";
import { withFolder } from "../fakes/folder.ts";
import { exported, exportedOf, madeStatuses, writeHarvest } from "./exported.ts";

/** The last digit of the id of each made status that is exported. */
async function selected(selection: Partial<Selection>, options: Partial<Exported> = {}) {
  const ids = await exported(madeStatuses(), (sink) => new IdWriter(sink), {
    selection: { retweets: true, ...selection },
    ...options,
  });
  return new TextDecoder().decode(ids).split("\n").slice(0, -1).map((id) => id.at(-1)).join("");
}

/** The ids of the made answers that are exported, without what they have in common. */
async function selectedOf2(selection: Partial<Selection>, lines = madePages()) {
  const ids = await exported(lines, (sink) => new IdWriter(sink), {
    selection: { retweets: true, ...selection },
  });
  return new TextDecoder().decode(ids).split("\n").slice(0, -1).map((id) => id.at(-1)).join("");
}

Deno.test("tweets are taken by time, user, rule, version, and without retweets", async () => {
  const at = (second: number) => Date.UTC(2016, 2, 28, 14, 36, second);
  assert.equal(await selected({}), "0123456");
  assert.equal(await selected({ from: at(2), to: at(5) }), "234");
  assert.equal(await selected({ retweets: false }), "023456");
  assert.equal(await selected({ users: new Set(["ada"]) }), "0123456");
  assert.equal(await selected({ users: new Set(["11"]) }), "0123456");
  assert.equal(await selected({ users: new Set(["bo", "12"]) }), "");
  assert.equal(await selected({ api: "2" }), "");
  assert.equal(await selectedOf2({ users: new Set(["bo"]) }), "8632");
  assert.equal(await selectedOf2({ users: new Set(["11"]) }), "9751");
  assert.equal(await selectedOf2({ retweets: false }), "9876532");
  const matching = (tag: string, id: number) =>
    `{"data":{"id":"${id}","text":"a"},"matching_rules":[{"id":${10n ** 18n},"tag":"${tag}"}]}`;
  const lines = [matching("cats", 1), matching("dogs", 2), '{"data":{"id":"3","text":"a"}}'];
  assert.equal(await selectedOf2({ rules: new Set(["dogs", "cows"]) }, lines), "2");
});

Deno.test("lines that cannot be read are left out, the others exported, and their file and the first one named", async () => {
  const tweet = (id: number) => `{"data":[{"id":"${id}","text":"a"}]}`;
  const deep = (levels: number) =>
    `{"data":[{"id":"9","a":${"[".repeat(levels)}${"]".repeat(levels)}}]}`;
  const bad = [
    "null",
    '{"errors":[{"title":"Not Found Error"}]}',
    '{"data":[{"id":"9"},null]}',
    '{"data":[{"id"',
    deep(250),
    deep(100_000),
  ];
  for (
    const [format, open] of [
      ["ids", (sink: Sink) => new IdWriter(sink)],
      ["jsonl", (sink: Sink) => new JsonlWriter(sink)],
      [
        "csv",
        (sink: Sink) => new CsvWriter(sink, openTable({ merge: true, apis: new Set(["2"]) })),
      ],
    ] as const
  ) {
    for (const line of bad) {
      const lines = [tweet(1), "\r", line, tweet(2), line, tweet(3)];
      const { counts } = await exportedOf([lines, [tweet(4)]], open);
      assert.equal(counts.rows, 4, `${format}: ${line.slice(0, 40)}`);
      assert.equal(counts.damaged.length, 1);
      assert.match(counts.damaged[0] ?? "", /tweets-20260102030400\.jsonl\.gz$/);
      assert.equal(counts.problem, "cannot be read in line 3");
    }
  }
});

Deno.test("tweets that others refer to come before them, once, where they are wanted", async () => {
  const lines = madeStatuses().slice(1, 3);
  const ids = async (referenced: boolean) =>
    new TextDecoder().decode(
      await exported(lines, (sink) => new IdWriter(sink), { referenced }),
    ).trimEnd().split("\n").map((id) => id.at(-1)).join("");
  assert.equal(await ids(false), "12");
  assert.equal(await ids(true), "012");
});

Deno.test("a tweet that was recorded again comes once, as it was first, unless duplicates are kept", async () => {
  const [first = ""] = madeStatuses();
  const lines = [first, first.replace('"favorite_count":0', '"favorite_count":9')];
  const texts = async (keepDuplicates: boolean) =>
    new TextDecoder().decode(
      await exported(lines, (sink) => new JsonlWriter(sink), { keepDuplicates }),
    ).trimEnd().split("\n");
  assert.deepEqual(await texts(false), [first]);
  assert.deepEqual(await texts(true), lines);
});

Deno.test("with more ids than memory takes, the disk finds those that come again", async () => {
  const [first = ""] = madeStatuses();
  const line = (n: number) => first.replaceAll("100000000000000000", `${10n ** 17n + BigInt(n)}`);
  const numbers = [...Array(40).keys(), 3, 39, ...Array(50).keys(), 45];
  const ids = await exported(numbers.map(line), (sink) => new IdWriter(sink), { mostInMemory: 20 });
  const found = new TextDecoder().decode(ids).trimEnd().split("\n");
  assert.deepEqual(found, [...Array(50).keys()].map((n) => JSON.parse(line(n)).id_str));
});

Deno.test("a sample of so many tweets has so many, whatever else is wanted", async () => {
  const store = new MemoryStore();
  const keys = await writeHarvest(store, "all", [[...madeStatuses(), ...madeStatuses()]]);
  const options: Exported = {
    store,
    files: keys.map((key) => ({ collection: "all", key })),
    selection: { retweets: false },
    referenced: false,
    keepDuplicates: false,
    signal: new AbortController().signal,
  };
  const limit = await findLimit({ count: 3, seed: "a" }, options);
  const found = await selected({ retweets: false, sample: { seed: "a", limit } });
  assert.equal(found.length, 3);
});

Deno.test("several collections are merged without doubles, and the fingerprint is that of their manifests", async () => {
  const store = new MemoryStore();
  const [a, b] = [madeStatuses().slice(0, 4), madeStatuses().slice(2)];
  await writeHarvest(store, "a", [a]);
  await writeHarvest(store, "b", [b], Date.UTC(2026, 0, 3));
  const { files, fingerprint } = await findSource(store, ["a", "b"]);
  const blocks: string[] = [];
  const write = (bytes: Uint8Array) =>
    Promise.resolve(void blocks.push(new TextDecoder().decode(bytes)));
  const counts = await exportTo(new IdWriter({ write }), {
    store,
    files,
    selection: { retweets: true },
    referenced: false,
    keepDuplicates: false,
    signal: new AbortController().signal,
  });
  assert.equal(blocks.join("").split("\n").length - 1, 7);
  assert.equal(counts.duplicates, 2);
  assert.equal((await findSource(store, ["a", "b"])).fingerprint, fingerprint);
  assert.notEqual((await findSource(store, ["b"])).fingerprint, fingerprint);
  assert.equal((await findSource(store, ["b"], "2026-01-03T00:00:00Z")).files.length, 1);
  await assert.rejects(
    findSource(store, ["b"], "20200101000000"),
    /b has no harvest 2020.* Its last|b has no/,
  );
});

Deno.test("an export that is ended leaves nothing, not even the folder that it made", () =>
  withFolder(async (folder) => {
    const ending = new AbortController();
    const output = await openFile(join(folder, "new", "a.csv"), (sink) => new IdWriter(sink));
    const ids = exported(madeStatuses(), () => output.writer, {
      signal: ending.signal,
      onProgress: () => ending.abort(),
    });
    await assert.rejects(ids, { name: "AbortError" });
    await output.discard();
    assert.deepEqual(await Array.fromAsync(Deno.readDir(folder)), []);
  }));

Deno.test("shards have their names when all are whole, and take the place of those of before", () =>
  withFolder(async (folder) => {
    const write = async (lines: string[]) => {
      const output = openShards(
        folder,
        (openShard) =>
          new Parquet({ openShard, shardBytes: 1, metadata: {}, merge: true, raw: false }),
      );
      await exported(lines, () => output.writer);
      await output.keep({});
      return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).toSorted();
    };
    const [first = ""] = madeStatuses();
    const many = Array.from(
      { length: 20_001 },
      (_, i) => first.replaceAll("100000000000000000", `${10n ** 17n + BigInt(i)}`),
    );
    assert.deepEqual(await write(many), [
      "_export.json",
      "posts-00000-of-00002.parquet",
      "posts-00001-of-00002.parquet",
    ]);
    assert.deepEqual(await write([]), ["_export.json", "posts-00000-of-00001.parquet"]);
  }));

Deno.test("the same comes out as the same bytes", async () => {
  const table = () => openTable({ columns: "common", merge: true, apis: new Set(["1.1", "2"]) });
  const lines = [...madeStatuses(), ...madePages()];
  const once = await exported(lines, (sink) => new CsvWriter(sink, table()));
  assert.deepEqual(await exported(lines, (sink) => new CsvWriter(sink, table())), once);
  const rows: Record<string, string>[] = parse(new TextDecoder().decode(once), { columns: true });
  assert.deepEqual(new Set(rows.map(({ platform }) => platform)), new Set(["x"]));
  assert.deepEqual(rows.slice(0, 4).map(({ kind }) => kind), ["post", "repost", "quote", "reply"]);
});
