import assert from "node:assert/strict";
import { UserError } from "../../lib/base/errors.ts";
import { LocalStore } from "../../lib/store/folder/store.ts";
import {
  bytesOf,
  checkSums,
  copyIn,
  fetching,
  HARVEST,
  harvesting,
  ROOT,
  withFolder,
} from "./downloading.ts";

/** Names that cannot be those of files on every machine, and what is said of them. */
const NAMES: [string, RegExp][] = [
  ["a:b", /it has a :/],
  ["a\\b", /it has a \\/],
  ["a?b", /it has a \?/],
  ["a\nb", /it has a control character/],
  ["a\u001b[2Jb", /it has a control character/],
  ["a\u007f", /it has a control character/],
  ["end.", /it ends with a dot or a space/],
  ["end ", /it ends with a dot or a space/],
  ["CON", /Windows reserves it for a device/],
  ["nul.txt", /Windows reserves it for a device/],
  ["Com1.jsonl", /Windows reserves it for a device/],
  ["", /a part of it is not a name/],
  ["..", /a part of it is not a name/],
  ["x".repeat(256), /it is too long/],
  ["ä".repeat(128), /it is too long/],
];

for (const [name, why] of NAMES) {
  Deno.test(`an object named ${JSON.stringify(name).slice(0, 20)} is named, and holds up nothing`, () =>
    withFolder(async (to) => {
      const { store } = await harvesting();
      const folders = [
        `${HARVEST}${name}`,
        `${HARVEST}${name}/below`,
        `${ROOT}compliance/${name}/x`,
      ];
      for (const key of folders) await store.put(key, bytesOf("x"));
      await assert.rejects(fetching(store, to), (error) => {
        assert.ok(error instanceof UserError);
        assert.match(error.message, /^3 keys of the bucket is not a valid file name here: /);
        assert.match(error.message, why);
        assert.match(error.message, /; all others are downloaded$/);
        return true;
      });
      const files = await copyIn(to);
      assert.equal(checkSums(files), 3);
      assert.equal(files.size, 6, [...files.keys()].join());
    }));
}

Deno.test("what marks a folder is no file, and is not missed", () =>
  withFolder(async (to) => {
    const { store } = await harvesting();
    for (const key of ["collections/", ROOT, `${ROOT}harvests/`, HARVEST, `${ROOT}harvests/old/`]) {
      await store.put(key, new Uint8Array());
    }
    const { allFiles, files } = await fetching(store, to);
    assert.deepEqual([allFiles, files], [6, 6]);
    await store.put(`${ROOT}harvests/full/`, bytesOf("content"));
    await assert.rejects(fetching(store, to), /harvests\/full\/ \(a part of it is not a name\)/);
  }));

Deno.test("of an object and others below its name, as S3 may have them, one is copied and one is named", () =>
  withFolder(async (to) => {
    for (const [first, second] of [["x", "x/y"], ["x/y", "x"]]) {
      const { store } = await harvesting();
      await store.put(`${HARVEST}${first}`, bytesOf("1"));
      await fetching(store, `${to}/${first === "x"}`);
      await store.put(`${HARVEST}${second}`, bytesOf("2"));
      const wanted = /^One key .* harvests\/.*\/x(\/y)? \(its name is not a valid file name here\)/;
      await assert.rejects(fetching(store, `${to}/${first === "x"}`), { message: wanted });
      assert.equal(checkSums(await copyIn(`${to}/${first === "x"}`)), 3);
    }
  }));

Deno.test("strays are named beside what is damaged, which is the worse", () =>
  withFolder(async (to) => {
    const { store } = await harvesting();
    await store.put(`${HARVEST}a:b`, bytesOf("x"));
    await store.put(`${HARVEST}tweets-20260102030001.jsonl.gz`, bytesOf("other"));
    await assert.rejects(fetching(store, to), {
      exitCode: 3,
      message: /^One file is not in the bucket as listed: .*; One key of the bucket is not a valid/,
    });
  }));

Deno.test("files of a folder bucket that cannot be objects hold up nothing either", () =>
  withFolder(async (folder) => {
    const { store: from } = await harvesting();
    const bucket = await LocalStore.open(`${folder}/bucket`);
    for (const key of from.keys()) {
      const { bytes } = await from.get(key) ?? assert.fail();
      await bucket.put(key, bytes);
    }
    for (const name of ["a\\b", "a:b", "a\nb", "end."]) {
      await Deno.writeTextFile(`${folder}/bucket/${HARVEST}${name}`, "x");
      await Deno.mkdir(`${folder}/bucket/${ROOT}${name}`);
      await Deno.writeTextFile(`${folder}/bucket/${ROOT}${name}/manifest-sha1.txt`, "x");
    }
    const { download } = await import("../../lib/cli/collection/download.ts");
    const options = { collectionId: "c", to: `${folder}/copy`, clean: false, onFile: () => {} };
    await assert.rejects(
      download({ store: bucket, ...options }),
      /^UserError: 8 keys of the bucket/,
    );
    assert.equal(checkSums(await copyIn(`${folder}/copy`)), 3);
  }));

Deno.test("nothing but tweets files that are not listed goes from a copy: no link, no folder", () =>
  withFolder(async (folder) => {
    const { store } = await harvesting();
    const to = `${folder}/copy`;
    await fetching(store, to);
    await Deno.writeTextFile(`${folder}/mine`, "mine");
    await Deno.symlink(`${folder}/mine`, `${to}/${HARVEST}tweets-20200101000000-1.jsonl.gz`);
    await Deno.mkdir(`${to}/${HARVEST}tweets-20200101000000-2.jsonl.gz`);
    await Deno.writeTextFile(`${to}/${HARVEST}tweets-20200101000000-3.jsonl.gz`, "a piece");
    await Deno.writeTextFile(`${to}/${HARVEST}tweets-mine.jsonl.gz`, "mine");
    assert.equal((await fetching(store, to)).removed, 1);
    assert.equal(await Deno.readTextFile(`${folder}/mine`), "mine");
    assert.ok((await Deno.lstat(`${to}/${HARVEST}tweets-20200101000000-1.jsonl.gz`)).isSymlink);
    assert.equal(await Deno.readTextFile(`${to}/${HARVEST}tweets-mine.jsonl.gz`), "mine");
  }));
