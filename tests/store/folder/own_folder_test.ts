import assert from "node:assert/strict";
import { OutsideError } from "../../../lib/base/errors.ts";
import { type Disk, systemDisk } from "../../../lib/store/folder/disk.ts";
import { LocalStore } from "../../../lib/store/folder/store.ts";
import { age, keysOf, OWN, treeOf, withFolder } from "../bucket_folder.ts";

const bytes = new TextEncoder().encode("x");
/** A name that only the store gives to a file. */
const LEFT = "put-0f9a1c3e-1b2d-4c5e-8f90-1234567890ab";

/** Whatever a command that only reads may ask for. */
async function look(bucket: string): Promise<void> {
  const store = await LocalStore.open(bucket);
  await store.get("a/b");
  await store.get("nothing");
  await keysOf(store);
  await Array.fromAsync(store.list("a/", { folders: true }));
}

Deno.test("looking at a folder changes nothing in it, whatever it has and however old that is", () =>
  withFolder(async (folder) => {
    await (await LocalStore.open(`${folder}/bucket`)).put("a/b", bytes);
    for (const name of [".tmp", "other/.tmp"]) {
      await Deno.mkdir(`${folder}/${name}`, { recursive: true });
      await Deno.writeTextFile(`${folder}/${name}/letter.odt`, "Dear all");
      await age(`${folder}/${name}/letter.odt`, 6_000);
    }
    await Deno.writeTextFile(`${folder}/bucket/${OWN}/tmp/${LEFT}`, "half");
    await age(`${folder}/bucket/${OWN}/tmp/${LEFT}`, 6_000);
    await Deno.symlink("../other", `${folder}/bucket/.tmp`);
    const before = await treeOf(folder);
    for (const bucket of [folder, `${folder}/other`, `${folder}/bucket`]) await look(bucket);
    assert.deepEqual(await treeOf(folder), before);
  }));

Deno.test("a folder .tmp of somebody else is neither used nor cleared by a write", () =>
  withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/.tmp`);
    await Deno.writeTextFile(`${folder}/.tmp/letter.odt`, "Dear all");
    await Deno.writeTextFile(`${folder}/.tmp/${LEFT}`, "mine");
    for (const name of ["letter.odt", LEFT]) await age(`${folder}/.tmp/${name}`, 6_000);
    await (await LocalStore.open(folder)).put("a", bytes);
    const { "a": a, ".tmp/letter.odt": letter, [`.tmp/${LEFT}`]: mine } = await treeOf(folder);
    assert.deepEqual([a, letter, mine], ["x", "Dear all", "mine"]);
  }));

Deno.test("a writer clears what a killed process left, after an hour, and nothing else that lies there", () =>
  withFolder(async (folder) => {
    await (await LocalStore.open(folder)).put("a", bytes);
    const own = `${folder}/${OWN}/tmp`;
    const young = LEFT.replace("0f9a", "1111");
    for (const name of [LEFT, young, "letter.odt", `${LEFT}.odt`]) {
      await Deno.writeTextFile(`${own}/${name}`, "half");
      await age(`${own}/${name}`, name === young ? 59 : 61);
    }
    await Deno.writeTextFile(`${folder}/precious`, "x");
    await age(`${folder}/precious`, 61);
    await Deno.symlink(`${folder}/precious`, `${own}/${LEFT.replace("0f9a", "2222")}`);
    await Deno.mkdir(`${own}/${LEFT.replace("0f9a", "3333")}`);
    const before = await treeOf(folder);
    await (await LocalStore.open(folder)).put("a", bytes);
    delete before[`${OWN}/tmp/${LEFT}`];
    assert.deepEqual(await treeOf(folder), before);
  }));

Deno.test("what is older by the disk's own clock alone is cleared: another machine's may be ahead", () =>
  withFolder(async (folder) => {
    await (await LocalStore.open(folder)).put("a", bytes);
    const path = `${folder}/${OWN}/tmp/${LEFT}`;
    await Deno.writeTextFile(path, "being written");
    const store = await LocalStore.open(folder);
    const now = Date.now;
    try {
      Date.now = () => now() + 7_200_000;
      await store.put("a", bytes);
    } finally {
      Date.now = now;
    }
    assert.equal(await Deno.readTextFile(path), "being written");
  }));

for (
  const [what, make] of [
    ["a link", (place, others) => Deno.symlink(others, place)],
    ["a folder of somebody else", async (place) => {
      await Deno.mkdir(place);
      await Deno.writeTextFile(`${place}/notes.txt`, "mine");
    }],
    ["a file", (place) => Deno.writeTextFile(place, "mine")],
    ["a folder whose tmp is a link", async (place, others) => {
      await Deno.mkdir(place);
      await Deno.symlink(others, `${place}/tmp`);
    }],
    ["a folder of somebody else that has nothing but tmp", async (place) => {
      await Deno.mkdir(`${place}/tmp`, { recursive: true });
      await Deno.writeTextFile(`${place}/tmp/${LEFT}`, "mine");
      await age(`${place}/tmp/${LEFT}`, 6_000);
    }],
    ["a folder with a lock and a tmp that has others' files", async (place) => {
      await Deno.mkdir(`${place}/tmp`, { recursive: true });
      await Deno.writeTextFile(`${place}/lock`, "");
      await Deno.writeTextFile(`${place}/tmp/letter.odt`, "mine");
    }],
    ["a folder whose mark is a link", async (place, others) => {
      await Deno.mkdir(place);
      await Deno.symlink(`${others}/new`, `${place}/about.txt`);
    }],
    ["a folder whose lock is a link", async (place, others) => {
      await Deno.mkdir(place);
      await Deno.symlink(`${others}/new`, `${place}/lock`);
    }],
  ] satisfies [string, (place: string, others: string) => Promise<void>][]
) {
  Deno.test(`${what} where the store keeps its own files is refused, and left as it is`, () =>
    withFolder(async (folder) => {
      const [bucket, others] = [`${folder}/bucket`, `${folder}/others`];
      await Deno.mkdir(bucket);
      await Deno.mkdir(others);
      await Deno.writeTextFile(`${others}/${LEFT}`, "mine");
      await age(`${others}/${LEFT}`, 6_000);
      await make(`${bucket}/${OWN}`, others);
      const before = await treeOf(folder);
      const store = await LocalStore.open(bucket);
      for (const act of [() => store.put("a", bytes), () => store.put("a", bytes)]) {
        await assert.rejects(act, {
          name: "UserError",
          message: /\.twarc-cloud.* was not made by twarc-cloud/,
          hint: /Move it away/,
        });
      }
      assert.deepEqual(await treeOf(folder), before);
      assert.deepEqual(await keysOf(store), []);
    }));
}

Deno.test("an empty folder in the place, as a killed process leaves it, is taken", () =>
  withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/${OWN}`);
    const store = await LocalStore.open(folder);
    await store.put("a", bytes);
    assert.match(await Deno.readTextFile(`${folder}/${OWN}/about.txt`), /bucket of twarc-cloud/);
  }));

for (
  const [what, disk, says] of [
    [
      "makes a file anew where there is one",
      { create: (path) => Deno.writeTextFile(path, "") },
      /creating a file there overwrites an existing one/,
    ],
    [
      "does not tell times apart",
      { date: (path) => Deno.utime(path, 1, 1) },
      /it gives two files the same time/,
    ],
  ] satisfies [string, Partial<Disk>, RegExp][]
) {
  Deno.test(`a disk that ${what} is refused when a bucket is made on it, and nothing is left there`, () =>
    withFolder(async (folder) => {
      for (const bucket of [folder, `${folder}/new`]) {
        const store = await LocalStore.open(bucket, { disk: { ...systemDisk, ...disk } });
        const error = { name: "UserError", message: says, hint: /on another disk with --bucket/ };
        await assert.rejects(store.put("a", bytes), error);
        await assert.rejects(store.put("a", bytes, { ifAbsent: true }), error);
        assert.deepEqual(await treeOf(folder), {});
      }
    }));
}

Deno.test("a bucket's disk is looked at when the bucket is made, and never again", () =>
  withFolder(async (folder) => {
    let looks = 0;
    const create = (path: string) => (looks++, systemDisk.create(path));
    for (const _ of [1, 2]) {
      const store = await LocalStore.open(folder, { disk: { ...systemDisk, create } });
      for (const key of ["a", "b"]) await store.put(key, bytes);
    }
    assert.equal(looks, 2);
  }));

for (const gone of ["tmp", "about.txt", "lock", ""]) {
  Deno.test(`what is removed in the middle of a run is made again: ${gone || "all of it"}`, () =>
    withFolder(async (folder) => {
      const store = await LocalStore.open(folder);
      const version = await store.put("a", bytes);
      await Deno.remove(`${folder}/${OWN}/${gone}`, { recursive: true });
      assert.ok(await store.get("a"));
      await store.put("a", bytes, { ifVersion: version });
      await store.put("b", bytes, { ifAbsent: true });
      assert.deepEqual(await keysOf(store), ["a", "b"]);
      assert.ok((await Deno.lstat(`${folder}/${OWN}/about.txt`)).isFile);
    }));
}

Deno.test("a bucket of a former version, known by its .tmp, is used on, and known to be away", () =>
  withFolder(async (folder) => {
    const [bucket, elsewhere] = [`${folder}/bucket`, `${folder}/elsewhere`];
    await Deno.mkdir(`${bucket}/.tmp`, { recursive: true });
    await Deno.writeTextFile(`${bucket}/.lock`, "");
    await Deno.writeTextFile(`${bucket}/a`, "old");
    const store = await LocalStore.open(bucket);
    await Deno.rename(bucket, elsewhere);
    const isAway = (error: unknown) =>
      error instanceof OutsideError && /is not available/.test(error.message);
    await assert.rejects(store.get("a"), isAway);
    await Deno.mkdir(bucket);
    await assert.rejects(store.put("a", bytes), isAway);
    await Deno.remove(bucket);
    await Deno.rename(elsewhere, bucket);
    await store.put("b", bytes);
    assert.deepEqual(await keysOf(store), ["a", "b"]);
    await Deno.remove(`${bucket}/.tmp`);
    assert.ok(await store.get("b"));
  }));
