import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { Collections } from "../../lib/bucket/collections.ts";
import { acquireLease } from "../../lib/bucket/lease.ts";
import { repair } from "../../lib/archive/repair.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { OutsideError } from "../../lib/base/errors.ts";
import { jsonBytes } from "../../lib/base/json_bytes.ts";
import {
  BEGAN,
  below,
  FILE,
  NEW,
  OLD,
  ROOT,
  sha1Of,
  text,
  v1,
  withBucket,
  zipped,
} from "../bucket/verified_bucket.ts";

Deno.test("what the checkpoint knows of the last harvest is told again: manifest, harvest.json, or both", () =>
  withBucket(async (bucket) => {
    const manifest = await bucket.text(`${NEW}manifest-sha1.txt`);
    const damages: [string, string | null][] = [
      ["manifest-sha1.txt", ""],
      ["manifest-sha1.txt", null],
      ["manifest-sha1.txt", `${manifest}rubbish\n`],
      ["manifest-sha1.txt", manifest.slice(0, -8)],
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
        `Rebuilt ${below(NEW, name)} from the checkpoint`,
      ]);
    }
    assert.ok((await bucket.text(`${NEW}manifest-sha1.txt`)).startsWith(manifest));
    const { tweets, outcome } = JSON.parse(await bucket.text(`${NEW}harvest.json`));
    assert.deepEqual({ tweets, outcome }, { tweets: 2, outcome: "complete" });
  }));

Deno.test("a manifest that lists what the checkpoint does not name is left, and so are its files", () =>
  withBucket(async (bucket) => {
    const more = zipped(v1(5));
    await bucket.store.put(`${NEW}tweets-20260102030405-2.jsonl.gz`, more);
    const manifest = await bucket.text(`${NEW}manifest-sha1.txt`);
    const longer = `${manifest}${sha1Of(more)}  tweets-20260102030405-2.jsonl.gz\n`;
    await bucket.store.put(`${NEW}manifest-sha1.txt`, text(longer));
    const wanted = `${below(NEW, "manifest-sha1.txt")}: it does not list what the checkpoint names`;
    assert.ok((await bucket.faults()).includes(wanted));
    await bucket.repair();
    assert.equal(await bucket.text(`${NEW}manifest-sha1.txt`), longer);
    assert.ok(await bucket.store.get(`${NEW}tweets-20260102030405-2.jsonl.gz`));
  }));

Deno.test("a checkpoint whose files are damaged rewrites no manifest", () =>
  withBucket(async (bucket) => {
    await bucket.store.put(`${NEW}manifest-sha1.txt`, new Uint8Array());
    await bucket.store.put(`${NEW}${FILE}`, zipped(v1(7)));
    const { mended, faults } = await bucket.repair();
    assert.deepEqual(mended, []);
    assert.match(faults.join(), /it does not list what the checkpoint names/);
  }));

Deno.test("a file that a damage changed is not made the truth by rewriting harvest.json", () =>
  withBucket(async (bucket) => {
    const before = await bucket.text(`${OLD}harvest.json`);
    await bucket.store.put(`${OLD}${FILE}`, zipped(v1(1), v1(22_222)));
    const wanted = [`${below(OLD, FILE)}: its checksum differs from the manifest`];
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
        mended: ["Set last_harvest.json to the newest harvest"],
        faults: [],
      });
      assert.equal(JSON.parse(await bucket.text(key)).harvest_id, BEGAN[1]);
    }
  }));

Deno.test("a harvest that was cut cannot be told onto a configuration that is damaged", () =>
  withBucket(async (bucket) => {
    const { bytes } = await bucket.store.get(`${NEW}${FILE}`) ?? assert.fail();
    await bucket.checkpoint({ state: "harvesting" }, bytes);
    await bucket.store.put(`${ROOT}collection.json`, text("{"));
    const { mended, faults } = await bucket.repair();
    assert.deepEqual(mended, []);
    assert.match(faults[0] ?? "", /^collection\.json: it is not JSON/);
    assert.equal(faults[1], "checkpoint.json: an interrupted harvest has not been finalized");
    assert.equal(JSON.parse(await bucket.text(`${ROOT}checkpoint.json`)).state, "harvesting");
  }));

Deno.test("a manifest of an older harvest that is gone is written again only where its files are all, and whole", () =>
  withBucket(async (bucket) => {
    const manifest = await bucket.text(`${OLD}manifest-sha1.txt`);
    await bucket.store.delete(`${OLD}manifest-sha1.txt`);
    const fault = `${below(OLD, "manifest-sha1.txt")}: it is missing`;
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
    await bucket.store.put(`${OLD}tweets-20260102030405-2.jsonl.gz`, bytes);
    assert.deepEqual((await bucket.repair()).mended, []);
    await bucket.store.delete(`${OLD}tweets-20260102030405-2.jsonl.gz`);
    assert.deepEqual(await bucket.repair(), {
      mended: [`Rebuilt ${below(OLD, "manifest-sha1.txt")} from the files`],
      faults: [],
    });
    assert.ok((await bucket.text(`${OLD}manifest-sha1.txt`)).startsWith(manifest));
  }));

Deno.test("a manifest of an older harvest that is empty is written again like one that is gone", () =>
  withBucket(async (bucket) => {
    const key = `${OLD}manifest-sha1.txt`;
    const manifest = await bucket.text(key);
    const { bytes } = await bucket.store.get(`${OLD}${FILE}`) ?? assert.fail();
    await bucket.store.put(key, new Uint8Array());
    assert.deepEqual(await bucket.faults(), [
      `${below(OLD, "manifest-sha1.txt")}: it is empty (mended)`,
    ]);
    for (const damaged of [bytes.slice(0, 20), zipped(v1(1)), gzipSync(`${v1(1)}\n${v1(2)}`)]) {
      await bucket.store.put(`${OLD}${FILE}`, damaged);
      assert.deepEqual((await bucket.repair()).mended, []);
    }
    await bucket.store.put(`${OLD}${FILE}`, bytes);
    assert.deepEqual(await bucket.repair(), {
      mended: [`Rebuilt ${below(OLD, "manifest-sha1.txt")} from the files`],
      faults: [],
    });
    assert.ok((await bucket.text(key)).startsWith(manifest));
  }));

Deno.test("a manifest is written again with the files beside the tweets, and what it lists of these it does not change", () =>
  withBucket(async (bucket) => {
    const key = `${NEW}manifest-sha1.txt`;
    const config = await bucket.text(`${NEW}collection.json`);
    await bucket.store.delete(key);
    assert.deepEqual((await bucket.repair()).faults, []);
    const rows = (await bucket.text(key)).trimEnd().split("\n").map((row) => row.slice(42));
    assert.deepEqual(rows, [FILE, "collection.json", "harvest.json"]);
    await bucket.store.put(`${NEW}collection.json`, text("{}"));
    const altered = `${below(NEW, "collection.json")}: its checksum differs from the manifest`;
    assert.deepEqual(await bucket.faults(), [altered]);
    await bucket.store.delete(`${NEW}harvest.json`);
    const { mended, faults } = await bucket.repair();
    assert.equal(mended.length, 1);
    assert.deepEqual(faults, [altered], "Nothing hides that");
    await bucket.store.put(`${NEW}collection.json`, text(config));
    assert.deepEqual(await bucket.faults(), []);
  }));

Deno.test("harvest.json that is corrected is as its manifest lists it", () =>
  withBucket(async (bucket) => {
    for (const file of ["manifest-sha1.txt", "harvest.json"]) {
      await bucket.store.delete(`${NEW}${file}`);
      await bucket.repair();
    }
    const info = JSON.parse(await bucket.text(`${NEW}harvest.json`));
    const wrong = jsonBytes({ ...info, tweets: 1 });
    await bucket.store.put(`${NEW}harvest.json`, wrong);
    assert.equal((await bucket.faults()).length, 2);
    assert.deepEqual((await bucket.repair()).faults, []);
    assert.equal(JSON.parse(await bucket.text(`${NEW}harvest.json`)).tweets, 2);
  }));

Deno.test("tweets that were removed do not come back where the removal emptied the manifest and was cut", () =>
  withBucket(async (bucket) => {
    const removed = [{
      file: below(OLD, FILE),
      replaced_by: null,
      tweets: [{ id: "1", reason: "deleted" }, { id: "2", reason: "deleted" }],
    }];
    await new Collections(bucket.store, systemClock).recordRemoval(
      "c",
      removed,
      Date.parse(BEGAN[1]),
    );
    await bucket.store.put(`${OLD}manifest-sha1.txt`, new Uint8Array());
    assert.deepEqual((await bucket.repair()).mended, []);
    // The record is what tells it: without one that can be read, nobody knows.
    for await (const { key } of bucket.store.list(`${ROOT}changesets/`)) {
      await bucket.store.put(key, text("{"));
    }
    assert.deepEqual((await bucket.repair()).mended, []);
    assert.equal(await bucket.text(`${OLD}manifest-sha1.txt`), "");
  }));

Deno.test("a repair whose lease is lost writes nothing more", () =>
  withBucket(async (bucket) => {
    await bucket.store.put(`${OLD}tweets-20260102030405-2.jsonl.gz`, text("half"));
    const options = bucket.options();
    const holder = { id: "mender", host: "here", pid: 1 };
    const lease = await acquireLease({ ...options, holder });
    await bucket.store.delete(`${ROOT}lock.json`);
    await lease.renewNow();
    const repairing = repair({ ...options, lease, holder: holder.id, onMended: () => {} });
    await assert.rejects(
      repairing,
      /The lock of this collection was lost: it is not there any more/,
    );
    await lease.release();
    assert.ok(await bucket.store.get(`${OLD}tweets-20260102030405-2.jsonl.gz`));
  }));

Deno.test("what lies beside the files and was not made by a harvester is no fault, and stays there", () =>
  withBucket(async (bucket) => {
    const mine = ["tweets-cleaned.jsonl.gz", "tweets-20260102030406.csv", "notes.txt"];
    for (const name of mine) await bucket.store.put(`${OLD}${name}`, text("mine"));
    assert.deepEqual(await bucket.repair(), { mended: [], faults: [] });
    for (const name of mine) assert.ok(await bucket.store.get(`${OLD}${name}`));
  }));

Deno.test("a change of the configuration that was cut between its record and itself is ended", () =>
  withBucket(async (bucket) => {
    const collections = new Collections(bucket.store, systemClock);
    const { json } = await collections.loadJson("c");
    const put = bucket.store.put.bind(bucket.store);
    bucket.store.put = (key, ...rest) => {
      if (key === `${ROOT}collection.json`) throw new Error("killed");
      return put(key, ...rest);
    };
    const { apply } = await collections.plan({ ...json, search: { query: "b" } });
    await assert.rejects(apply, /killed/);
    bucket.store.put = put;
    assert.deepEqual(await bucket.repair(), {
      mended: ["Completed the interrupted change of collection.json"],
      faults: [],
    });
    assert.deepEqual((await collections.loadJson("c")).json.search, { query: "b" });
  }));

Deno.test("what a store keeps of a file that tweets were taken out of is deleted with it, and nothing else", () =>
  withBucket(async (bucket) => {
    const asked: ((key: string) => boolean)[] = [];
    bucket.store.purge = (_prefix, isGarbage) => {
      asked.push(isGarbage);
      return Promise.resolve({ deleted: 1, left: null });
    };
    await bucket.repair();
    assert.equal(asked.length, 0, "Where nothing is deleted, nothing is asked for");
    const file = `${OLD.slice(ROOT.length)}tweets-20260101000000-2.jsonl.gz`;
    await bucket.json("changesets/change-20260101000000.json", {
      update: {},
      delete: [],
      change_timestamp: "2026-01-01T00:00:00.000Z",
      removed: [{ file, replaced_by: FILE, tweets: [{ id: "5", reason: "deleted" }] }],
    });
    await bucket.store.put(`${ROOT}${file}`, zipped(v1(5)));
    await bucket.repair();
    assert.equal(await bucket.store.get(`${ROOT}${file}`), null);
    const [isGarbage = () => assert.fail()] = asked;
    assert.ok(isGarbage(`${OLD}tweets-20260101000000-2.jsonl.gz`));
    assert.ok(!isGarbage(`${OLD}${FILE}`));
    assert.ok(!isGarbage(`${OLD}tweets-20260101000000-3.jsonl.gz`));
  }));

Deno.test("what no manifest lists is set aside with its reason, also where the answer to a write was lost", () =>
  withBucket(async (bucket) => {
    const stray = zipped(v1(5), v1(6));
    const key = `${OLD}tweets-20260102030405-2.jsonl.gz`;
    await bucket.store.put(key, stray);
    const remove = bucket.store.delete.bind(bucket.store);
    bucket.store.delete = () => Promise.reject(new OutsideError("no answer"));
    await assert.rejects(bucket.repair(), OutsideError);
    bucket.store.delete = remove;
    assert.ok(await bucket.store.get(key), "it is there until it is set aside");
    const { mended, faults } = await bucket.repair();
    assert.deepEqual(faults, []);
    assert.equal(await bucket.store.get(key), null);
    const [, to = ""] = /Set aside .* as (\S+)$/.exec(mended.join()) ?? [];
    assert.deepEqual((await bucket.store.get(`${ROOT}${to}`))?.bytes, new Uint8Array(stray));
    const reasons = (await bucket.text(`${ROOT}set-aside/reasons.jsonl`)).trimEnd().split("\n");
    const [{ from, sha1, why }, ...others] = reasons.map((line) => JSON.parse(line));
    assert.deepEqual([from, sha1, others], [key, sha1Of(stray), []]);
    assert.match(why, /No manifest lists it/);
  }));

Deno.test("a harvest.json that is gone or odd is made again from tweets and manifest, says so, and the odd one is kept", () =>
  withBucket(async (bucket) => {
    const before = JSON.parse(await bucket.text(`${OLD}harvest.json`));
    for (const odd of [null, "[1", '{"tweets":"many"}']) {
      if (odd === null) await bucket.store.delete(`${OLD}harvest.json`);
      else await bucket.store.put(`${OLD}harvest.json`, text(odd));
      const [fault] = await bucket.faults();
      assert.match(fault ?? "", /harvest\.json: .*\(mended\)$/);
      const { mended, faults } = await bucket.repair();
      assert.deepEqual(faults, []);
      assert.match(mended.join(), /Rebuilt .*harvest\.json from the tweets and the manifest/);
      const { remade, ...info } = JSON.parse(await bucket.text(`${OLD}harvest.json`));
      assert.ok(remade.at && remade.program);
      assert.deepEqual({ ...info, ...before }, info, "what the files show");
      if (odd === null) continue;
      const aside = await bucket.text(
        `${ROOT}set-aside/20260102030405-${sha1Of(text(odd)).slice(0, 8)}-harvest.json`,
      );
      assert.equal(aside, odd);
    }
  }));

Deno.test("a harvest.json is not made again where a file of tweets is damaged", () =>
  withBucket(async (bucket) => {
    await bucket.store.delete(`${OLD}harvest.json`);
    await bucket.store.put(`${OLD}${FILE}`, zipped(v1(1), v1(22_222)));
    const { mended } = await bucket.repair();
    assert.deepEqual(mended, []);
    assert.equal(await bucket.store.get(`${OLD}harvest.json`), null);
  }));
